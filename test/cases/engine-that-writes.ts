import { execFileSync } from 'node:child_process';
import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** In a directory with this script, the script runs while the engine plans, as a provider's code would. */
export const WHILE_PLANNING = 'while-planning.sh';

/**
 * Writes a Terraform to a directory that does what a script of the planned directory says while it plans, in the place
 * of a provider that writes files (`archive_file`). Otherwise it is the Terraform of this machine.
 */
export function engineThatWrites(directory: string): void {
  const terraform = execFileSync('/bin/sh', ['-c', 'command -v terraform'], { encoding: 'utf8' }).trim();
  const script = [
    '#!/bin/sh',
    'set -e',
    `if [ "$1" = plan ] && [ -f ${WHILE_PLANNING} ]; then sh ./${WHILE_PLANNING} >&2; fi`,
    `exec '${terraform}' "$@"`,
  ];
  mkdirSync(directory, { recursive: true });
  writeFileSync(join(directory, 'terraform'), `${script.join('\n')}\n`);
  chmodSync(join(directory, 'terraform'), 0o755);
}
