import type { StateAddress } from '../contract/state-address.ts';
import { PassingError, StateUnreadableError } from '../errors.ts';
import type { Environment } from '../model/environment.ts';
import type { StateReader } from '../ports.ts';

/** Number of managed resources in a Terraform state, or why the number cannot be determined. */
export type ResourcesLeft = { readonly count: number } | { readonly unreadable: string };

/**
 * Counts the resources in the state itself, because code of the repository runs in builds and could report that nothing
 * is left. A state that cannot be read does not make the caller fail, and does not count as empty either. Throws a
 * PassingError while S3 is not available: then the caller has to ask again.
 */
export async function resourcesLeft(
  states: StateReader,
  environment: Environment,
  address: StateAddress,
): Promise<ResourcesLeft> {
  try {
    return { count: await states.countResources(environment, address) };
  } catch (error) {
    if (error instanceof PassingError) throw error;
    // The message of any other error may quote what was read.
    const why = error instanceof StateUnreadableError ? error.message : `reading the state failed: ${nameOf(error)}`;
    return { unreadable: why.slice(0, 2000) };
  }
}

const nameOf = (error: unknown): string => (error instanceof Error ? error.name : typeof error);
