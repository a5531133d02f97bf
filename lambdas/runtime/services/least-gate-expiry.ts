import * as z from 'zod';
import { service } from './service-set.ts';

/** The shortest life a policy may give a gate: an hour, less where somebody tries things out. */
export const leastGateExpiry = service(
  { LEAST_GATE_EXPIRY_SECONDS: z.coerce.number().int().min(1) },
  ({ LEAST_GATE_EXPIRY_SECONDS }) => ({ leastGateExpirySeconds: LEAST_GATE_EXPIRY_SECONDS }),
);
