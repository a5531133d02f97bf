import * as z from 'zod';
import { service } from './service-set.ts';

/** The address of the API, without a trailing slash. Approval links begin with it. */
export const publicUrl = service({ PUBLIC_URL: z.url() }, ({ PUBLIC_URL }) => ({
  publicUrl: PUBLIC_URL.replace(/\/$/, ''),
}));
