import * as z from 'zod';
import { service } from './service-set.ts';

/** The shortest life, in seconds, that a policy may give a gate: an hour, and less in an installation for trials. */
export const leastGateExpiry = service(
  { LEAST_GATE_EXPIRY_SECONDS: z.coerce.number().int().min(1) },
  ({ LEAST_GATE_EXPIRY_SECONDS }) => ({ leastGateExpirySeconds: LEAST_GATE_EXPIRY_SECONDS }),
);
