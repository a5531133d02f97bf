import { CertificateAnswerSchema, ensureCertificate } from '../domain/dns/ensure-certificate.ts';
import { dnsServices } from '../runtime/dns-services.ts';
import { servicesOf } from '../runtime/services.ts';
import { taskHandler } from '../runtime/task-handler.ts';
import { DeploymentPayload } from './payload.ts';

const services = { ...servicesOf('ensure-certificate'), ...dnsServices() };

export const handler = taskHandler({ input: DeploymentPayload, output: CertificateAnswerSchema }, ({ deploymentId }) =>
  ensureCertificate(services, deploymentId),
);
