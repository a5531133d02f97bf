import * as z from 'zod';
import { InstantSchema } from '../names.ts';

/** The environment whose Terraform state is at an address. A second claimant is refused (rule 6). */
export const StateClaimSchema = z.object({
  /** `<bucket>/<key>` */
  address: z.string().max(1500),
  application: z.string(),
  environment: z.string(),
  at: InstantSchema,
});

/**
 * The address that an environment's plans must resolve to: that of its first plan, or the one that it was moved to
 * since.
 */
export const KeptStateAddressSchema = z.object({
  application: z.string(),
  environment: z.string(),
  address: z.string(),
  /**
   * Addresses that the environment was moved away from. They still belong to it, because their states may still
   * describe existing resources.
   */
  former: z.array(z.string()).default([]),
});
