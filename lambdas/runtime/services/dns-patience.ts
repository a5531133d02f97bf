import * as z from 'zod';
import type { Patience } from '../../domain/model/dns/dns.ts';
import { service } from './service-set.ts';

/** Seconds between two checks of DNS and certificates, and the seconds that a deployment waits for them in all. */
export const dnsPatience = service(
  {
    DNS_POLL_SECONDS: z.coerce.number().int().min(1),
    CERTIFICATE_WAIT_SECONDS: z.coerce.number().int().min(1),
    DNS_CHANGE_WAIT_SECONDS: z.coerce.number().int().min(1),
  },
  ({ DNS_POLL_SECONDS, CERTIFICATE_WAIT_SECONDS, DNS_CHANGE_WAIT_SECONDS }): { patience: Patience } => ({
    patience: {
      pollSeconds: DNS_POLL_SECONDS,
      certificateSeconds: CERTIFICATE_WAIT_SECONDS,
      changeSeconds: DNS_CHANGE_WAIT_SECONDS,
    },
  }),
);
