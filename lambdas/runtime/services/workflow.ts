import * as z from 'zod';
import type { Workflow } from '../../domain/ports.ts';
import { lazyPort } from './lazy-port.ts';
import { service } from './service-set.ts';

export const workflow = service({ STATE_MACHINE_ARN: z.string().startsWith('arn:') }, ({ STATE_MACHINE_ARN }) => ({
  workflow: lazyPort<Workflow>(
    'Step Functions',
    async () =>
      new (await import('../../adapters/step-functions-workflow.ts')).StepFunctionsWorkflow(STATE_MACHINE_ARN),
  ),
}));
