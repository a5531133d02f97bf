import type { StateAddress } from '../contract/state-address.ts';
import { StateUnreadableError } from '../errors.ts';
import type { Environment } from '../model/environment.ts';
import type { StateReader } from '../ports.ts';

/** How many managed resources a Terraform state holds, or why nobody can tell. */
export type ResourcesLeft = { readonly count: number } | { readonly unreadable: string };

/**
 * What the state itself says: code of the repository runs in builds, which could say that nothing is left. A state that
 * cannot be read is no reason to fail for who asks, and not empty either.
 */
export async function resourcesLeft(
  states: StateReader,
  environment: Environment,
  address: StateAddress,
): Promise<ResourcesLeft> {
  try {
    return { count: await states.countResources(environment, address) };
  } catch (error) {
    // The words of any other error may quote what was read.
    const why = error instanceof StateUnreadableError ? error.message : `reading the state failed: ${nameOf(error)}`;
    return { unreadable: why.slice(0, 2000) };
  }
}

const nameOf = (error: unknown): string => (error instanceof Error ? error.name : typeof error);
