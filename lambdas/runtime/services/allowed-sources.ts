import * as z from 'zod';
import { listed } from './listed.ts';
import { service } from './service-set.ts';

/**
 * Names of the connections, secrets and repositories with which builds may fetch
 * (`lambdas/domain/contract/build-source.ts`).
 */
export const allowedSources = service(
  { ALLOWED_SOURCES: z.string().regex(/^(?:[a-z0-9-]+(?:,[a-z0-9-]+)*)?$/) },
  ({ ALLOWED_SOURCES }) => ({ allowedSources: listed(ALLOWED_SOURCES) }),
);
