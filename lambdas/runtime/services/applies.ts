import * as z from 'zod';
import type { Applies } from '../../domain/contract/applies.ts';
import { service } from './service-set.ts';

/** Whether plans are applied, or all applies are banned. */
export const applies = service(
  { APPLIES: z.enum(['allowed', 'banned'] satisfies readonly Applies[]) },
  ({ APPLIES }): { applies: Applies } => ({ applies: APPLIES }),
);
