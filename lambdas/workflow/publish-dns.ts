import { PublicationAnswerSchema, publishDns } from '../domain/dns/publish-dns.ts';
import { dnsServices } from '../runtime/dns-services.ts';
import { servicesOf } from '../runtime/services.ts';
import { taskHandler } from '../runtime/task-handler.ts';
import { DeploymentPayload } from './payload.ts';

const services = { ...servicesOf('publish-dns'), ...dnsServices() };

export const handler = taskHandler({ input: DeploymentPayload, output: PublicationAnswerSchema }, ({ deploymentId }) =>
  publishDns(services, deploymentId),
);
