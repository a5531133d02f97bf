import * as z from 'zod';
import { answer, operation } from '../runtime/operation.ts';

export const getHealth = operation(
  {
    operationId: 'getHealth',
    tag: 'service',
    summary: 'Answers while the API is up; checks nothing else',
    input: {},
    answers: { 200: z.object({ status: z.literal('ok') }) },
  },
  async () => answer(200, { status: 'ok' as const }),
);
