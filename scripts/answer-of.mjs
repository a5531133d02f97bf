import { spawnSync } from 'node:child_process';

/** Returns what a program prints on stdout and stderr, or undefined when the program is missing or fails. */
export function answerOf(command, args) {
  // Without this, Terraform asks the internet whether it is up to date.
  const env = { ...process.env, CHECKPOINT_DISABLE: '1' };
  const { status, stdout, stderr } = spawnSync(command, args, { encoding: 'utf8', env });
  return status === 0 ? `${stdout}${stderr}` : undefined;
}
