import * as z from 'zod';
import type { LockedProvider } from '../contract/locked-provider.ts';

/** A provider whose code runs in this deployment and did not run in the last successful one. */
export const ProviderChangeSchema = z.object({
  /** Address of the provider, such as `registry.terraform.io/hashicorp/aws`. */
  address: z.string(),
  version: z.string(),
  /**
   * Version in the last successful deployment; absent for a provider that did not run there. If both versions are the
   * same, the lock file has other hashes for the provider.
   */
  before: z.string().optional(),
});
export type ProviderChange = z.infer<typeof ProviderChangeSchema>;

export const providerChanges = (
  locked: readonly LockedProvider[],
  before: readonly LockedProvider[],
): ProviderChange[] =>
  locked.flatMap(({ address, version, fingerprint }) => {
    const former = before.find((other) => other.address === address);
    if (former?.version === version && former.fingerprint === fingerprint) return [];
    return [{ address, version, ...(former && { before: former.version }) }];
  });
