import * as z from 'zod';
import { service } from './service-set.ts';

/** The API's own address, without a trailing slash: approval links begin with it. */
export const publicUrl = service({ PUBLIC_URL: z.url() }, ({ PUBLIC_URL }) => ({
  publicUrl: PUBLIC_URL.replace(/\/$/, ''),
}));
