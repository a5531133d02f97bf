import { CertificateAnswerSchema, ensureCertificate } from '../domain/dns/ensure-certificate.ts';
import { FUNCTIONS } from '../functions.ts';
import { taskHandler } from '../runtime/task-handler.ts';
import { DeploymentPayload } from './payload.ts';

const services = FUNCTIONS['ensure-certificate'].services.from(process.env);

export const handler = taskHandler({ input: DeploymentPayload, output: CertificateAnswerSchema }, ({ deploymentId }) =>
  ensureCertificate(services, deploymentId),
);
