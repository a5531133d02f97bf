import { spawn } from 'node:child_process';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { SYNTHESIS_CONTEXT } from './differences.ts';

const root = dirname(import.meta.dirname);

/**
 * Synthesizes the CDK app into `outputDirectory` with the project's own entry, in a process of its own; resolves to the
 * directory. `context` goes over that of cdk.json.
 */
export async function synthesize(
  outputDirectory: string,
  context: Readonly<Record<string, string | number>> = {},
): Promise<string> {
  const own = Object.entries(SYNTHESIS_CONTEXT).map(([key, { value }]) => [key, value]);
  const given = Object.entries({ ...Object.fromEntries(own), ...context }).flatMap(([key, value]) => [
    '--context',
    `${key}=${value}`,
  ]);
  const args = [join(root, 'scripts', 'synth.ts'), '--local', '--output', outputDirectory, ...given];
  const env = {
    ...process.env,
    // Whoever removes the output removes what an early end leaves beside it.
    TMPDIR: dirname(outputDirectory),
    NODE_COMPILE_CACHE: process.env.NODE_COMPILE_CACHE ?? join(tmpdir(), 'node-compile-cache'),
  };
  const child = spawn(process.execPath, args, { cwd: root, env, stdio: ['ignore', 'pipe', 'pipe'], detached: true });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (chunk: Buffer) => {
      output += chunk.toString('utf8');
    });
  }
  // With its own children, and first of all that happens when this process ends early: afterwards its files are removed.
  const end = () => {
    if (child.pid !== undefined) process.kill(-child.pid, 'SIGKILL');
  };
  process.prependOnceListener('exit', end);
  const code = await new Promise<number | null>((resolve, reject) => {
    child.once('error', reject);
    child.once('exit', resolve);
  }).finally(() => process.off('exit', end));
  if (code !== 0) throw new Error(`synthesizing the CDK app ended with exit code ${code}:\n${output.trim()}`);
  return outputDirectory;
}
