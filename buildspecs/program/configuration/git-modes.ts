import { chmodSync, lstatSync } from 'node:fs';

const FILE = 0o644;
const EXECUTABLE = 0o755;
const OWNER_MAY_EXECUTE = 0o100;
const PERMISSIONS = 0o7777;

/**
 * Gives a copied file the mode that git keeps of it: of all permissions, whether its owner may execute it. The others
 * depend on the umask with which the host checked the commit out.
 */
export function giveGitMode(file: string): void {
  const mode = lstatSync(file).mode & PERMISSIONS;
  const kept = (mode & OWNER_MAY_EXECUTE) === 0 ? FILE : EXECUTABLE;
  if (mode !== kept) chmodSync(file, kept);
}
