import { lstatSync, rmSync } from 'node:fs';
import { join } from 'node:path';

/** The state of the `local` backend, and the directory in which it keeps those of workspaces. */
export const LOCAL_STATES: readonly string[] = ['terraform.tfstate', 'terraform.tfstate.d'];

/**
 * Removes committed states of the `local` backend from a directory. `init` would copy them to S3, over or beside the
 * state there, and no option prevents it. `log` gets the names.
 */
export function leaveOutLocalStates(directory: string, log: (name: string) => void): void {
  for (const name of LOCAL_STATES) {
    const path = join(directory, name);
    if (!lstatSync(path, { throwIfNoEntry: false })) continue;
    rmSync(path, { recursive: true });
    log(name);
  }
}
