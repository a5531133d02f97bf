import { spawnSync } from 'node:child_process';

/** What a program prints on both of its outputs, or undefined where it is not there or fails. */
export function answerOf(command, args) {
  // Terraform would ask the internet whether it is up to date.
  const env = { ...process.env, CHECKPOINT_DISABLE: '1' };
  const { status, stdout, stderr } = spawnSync(command, args, { encoding: 'utf8', env });
  return status === 0 ? `${stdout}${stderr}` : undefined;
}
