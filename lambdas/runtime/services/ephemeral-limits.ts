import * as z from 'zod';
import type { EphemeralLimits } from '../../domain/model/ephemeral-register.ts';
import { service } from './service-set.ts';

const count = z.coerce.number().int().min(0);

/** The most ephemeral environments that may exist, and the shortest life of one in seconds. */
export const ephemeralLimits = service(
  {
    MOST_EPHEMERAL_PER_APPLICATION: count,
    MOST_EPHEMERAL_IN_ALL: count,
    LEAST_TTL_SECONDS: z.coerce.number().int().min(1),
  },
  ({
    MOST_EPHEMERAL_PER_APPLICATION,
    MOST_EPHEMERAL_IN_ALL,
    LEAST_TTL_SECONDS,
  }): {
    limits: EphemeralLimits;
    leastTtlSeconds: number;
  } => ({
    limits: { perApplication: MOST_EPHEMERAL_PER_APPLICATION, inAll: MOST_EPHEMERAL_IN_ALL },
    leastTtlSeconds: LEAST_TTL_SECONDS,
  }),
);
