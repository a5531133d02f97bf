import * as z from 'zod';
import { service } from './service-set.ts';

/** The account of the control plane, in which no environment may be. Empty where environments may be in it. */
export const reservedAccount = service(
  { RESERVED_ACCOUNT: z.string().regex(/^(?:\d{12})?$/) },
  ({ RESERVED_ACCOUNT }) => ({ reservedAccount: RESERVED_ACCOUNT }),
);
