import * as z from 'zod';
import { acquireEnvironment } from '../domain/acquire-environment.ts';
import { BuildOverridesSchema } from '../domain/build-request.ts';
import { servicesOf } from '../runtime/services.ts';
import { taskHandler } from '../runtime/task-handler.ts';
import { DeploymentPayload } from './payload.ts';

const services = servicesOf('acquire-environment');

export const handler = taskHandler(
  { input: DeploymentPayload, output: z.object({ plan: BuildOverridesSchema }) },
  async ({ deploymentId }) => ({ plan: await acquireEnvironment(services, deploymentId) }),
);
