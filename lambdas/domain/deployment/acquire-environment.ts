import * as z from 'zod';
import { NotHolderError } from '../errors.ts';
import type { Store } from '../ports.ts';

export const AcquisitionSchema = z.object({
  /** A certificate comes before the plan; what is destroyed needs no new one. */
  needsCertificate: z.boolean(),
  /** There is something to publish after the apply, or to withdraw. */
  needsDns: z.boolean(),
});
export type Acquisition = z.infer<typeof AcquisitionSchema>;

/**
 * Confirms that the deployment holds its environment and is still open; answers what there is to do beside plan and apply.
 * Throws NotHolderError, having changed nothing.
 */
export async function acquireEnvironment({ store }: { store: Store }, id: string): Promise<Acquisition> {
  const deployment = await store.get('deployment', { id });
  if (!deployment) throw new NotHolderError(`acquiring the environment for "${id}": there is no such deployment`);
  const { application: name, environment: target } = deployment;
  const [state, dns, application, environment] = await Promise.all([
    store.get('environmentState', { application: name, environment: target }),
    store.get('environmentDns', { application: name, environment: target }),
    store.get('application', { name }),
    store.get('environment', { application: name, name: target }),
  ]);
  if (state?.holder?.deploymentId !== id || deployment.status !== 'planning')
    throw new NotHolderError(
      `acquiring ${name}/${target} for "${id}": it is ${deployment.status}, the holder is ${state?.holder?.deploymentId ?? 'nobody'}`,
    );
  if (!application || !environment) throw new NotHolderError(`acquiring ${name}/${target} for "${id}": it was removed`);
  return {
    needsCertificate: environment.dns !== undefined && deployment.operation !== 'destroy',
    needsDns: environment.dns !== undefined || dns !== undefined,
  };
}
