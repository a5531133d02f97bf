import * as z from 'zod';
import { CaughtSchema } from '../domain/deployment/caught.ts';
import { EndingSchema, recordEnding } from '../domain/deployment/record-ending.ts';
import { StatusSchema } from '../domain/model/deployment.ts';
import { FUNCTIONS } from '../functions.ts';
import { taskHandler } from '../runtime/task-handler.ts';
import { DeploymentPayload } from './payload.ts';

const services = FUNCTIONS['record-ending'].services.from(process.env);

export const handler = taskHandler(
  {
    input: DeploymentPayload.extend({ ending: EndingSchema, failure: CaughtSchema.optional() }),
    output: z.object({ ending: StatusSchema }),
  },
  async ({ deploymentId, ending, failure }) => ({
    ending: await recordEnding(services, deploymentId, ending, failure),
  }),
);
