import { spawn } from 'node:child_process';
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
  const child = spawn(process.execPath, args, { cwd: root, stdio: ['ignore', 'pipe', 'pipe'] });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (chunk: Buffer) => {
      output += chunk.toString('utf8');
    });
  }
  const code = await new Promise<number | null>((resolve, reject) => {
    child.once('error', reject);
    child.once('exit', resolve);
  });
  if (code !== 0) throw new Error(`synthesizing the CDK app ended with exit code ${code}:\n${output.trim()}`);
  return outputDirectory;
}
