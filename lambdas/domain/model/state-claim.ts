import * as z from 'zod';
import { InstantSchema } from '../names.ts';

/** Which environment's Terraform state lives at an address; a second claimant is refused (rule 6). */
export const StateClaimSchema = z.object({
  /** `<bucket>/<key>` */
  address: z.string().max(1500),
  application: z.string(),
  environment: z.string(),
  at: InstantSchema,
});

/** The address an environment's plans must resolve to: that of its first plan, or the one it was moved to since. */
export const KeptStateAddressSchema = z.object({
  application: z.string(),
  environment: z.string(),
  address: z.string(),
  /** Addresses it was moved away from. They stay its own: their states may still describe what exists. */
  former: z.array(z.string()).default([]),
});
