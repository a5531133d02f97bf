import { spawn } from 'node:child_process';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { SYNTHESIS_CONTEXT } from './differences.ts';

const root = dirname(import.meta.dirname);

/**
 * Synthesizes the CDK app into `outputDirectory` with the project's own entry point, in its own process; resolves to
 * the directory. `context` overrides the context of cdk.json.
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
    // After an early end, temporary files are left beside the output, where they are removed together with it.
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
  // Kills the child process with its own children. When this process ends early, this runs before every other exit
  // handler, because the files are removed after it.
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
