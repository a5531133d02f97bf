import { HealthDetailsSchema, viewHealth } from '../domain/health/health-view.ts';
import type { Services } from '../functions.ts';
import { answer, operation } from '../runtime/operation.ts';

export const getHealthDetails = operation(
  {
    operationId: 'getHealthDetails',
    tag: 'service',
    summary: 'What is in flight, what waits, what is stuck, and which stored records cannot be read',
    input: {},
    answers: { 200: HealthDetailsSchema },
  },
  async (_, { store }: Services<'read'>) => answer(200, await viewHealth(store)),
);
