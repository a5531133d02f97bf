import { RecordedEndingSchema, recordEnding } from '../domain/deployment/record-ending.ts';
import { FUNCTIONS } from '../functions.ts';
import { taskHandler } from '../runtime/task-handler.ts';
import { EndingPayload } from './ending-payload.ts';

const services = FUNCTIONS['record-ending'].services.from(process.env);

export const handler = taskHandler(
  { input: EndingPayload, output: RecordedEndingSchema },
  async ({ deploymentId, ending, failure }) => ({
    ending: await recordEnding(services, deploymentId, ending, failure),
  }),
);
