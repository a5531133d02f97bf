import { PublicationAnswerSchema, publishDns } from '../domain/dns/publish-dns.ts';
import { FUNCTIONS } from '../functions.ts';
import { taskHandler } from '../runtime/task-handler.ts';
import { DeploymentPayload } from './payload.ts';

const services = FUNCTIONS['publish-dns'].services.from(process.env);

export const handler = taskHandler({ input: DeploymentPayload, output: PublicationAnswerSchema }, ({ deploymentId }) =>
  publishDns(services, deploymentId),
);
