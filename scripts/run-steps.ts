import { spawn } from 'node:child_process';
import { once } from 'node:events';

export interface Step {
  readonly name: string;
  readonly command: string;
  readonly args: readonly string[];
  readonly environment?: Readonly<Record<string, string>>;
}

/** Runs the steps one after another and shows their output. Returns the names of the failed steps. */
export async function runSteps(steps: readonly Step[]): Promise<string[]> {
  const failed: string[] = [];
  for (const { name, command, args, environment } of steps) {
    const startedAt = performance.now();
    console.log(`\n▶ ${name}`);
    const child = spawn(command, args, { stdio: 'inherit', env: { ...process.env, ...environment } });
    const [code] = await once(child, 'exit');
    const seconds = ((performance.now() - startedAt) / 1000).toFixed(1);
    console.log(`${code === 0 ? '✔' : '✘'} ${name} (${seconds} s)`);
    if (code !== 0) failed.push(name);
  }
  return failed;
}
