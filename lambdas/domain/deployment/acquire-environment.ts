import * as z from 'zod';
import type { Store } from '../ports.ts';
import { findDns } from '../transaction/find.ts';
import { loadHeld } from '../transaction/load-held.ts';

export const AcquisitionSchema = z.object({
  /** True if a certificate must be ready before the plan; a destruction needs no new one. */
  needsCertificate: z.boolean(),
  /** True if there are DNS records to publish after the apply, or to withdraw. */
  needsDns: z.boolean(),
});
export type Acquisition = z.infer<typeof AcquisitionSchema>;

/**
 * Confirms that the deployment holds its environment and is still open. Returns what must be done besides plan and
 * apply. Changes nothing. Throws NotHolderError.
 */
export async function acquireEnvironment({ store }: { store: Store }, id: string): Promise<Acquisition> {
  const ahead = await store.readAhead();
  const held = await loadHeld(ahead, id, 'acquiring the environment for', ['planning'], (deployment) =>
    findDns(ahead, deployment),
  );
  const { deployment, environment } = held;
  const dns = await findDns(ahead, deployment);
  return {
    needsCertificate: environment.dns !== undefined && deployment.operation !== 'destroy',
    needsDns: environment.dns !== undefined || dns !== undefined,
  };
}
