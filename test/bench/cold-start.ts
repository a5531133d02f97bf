/** What a cold start loads and takes, by function: `node test/bench/cold-start.ts`, and a part of `npm run bench`. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { FUNCTIONS } from '../../lambdas/functions.ts';
import { bundleFunctions } from '../../scripts/bundle.ts';
import { type ColdReport, gzippedSizes, runCold, sumOf } from '../cold-start/cold-process.ts';
import { readFirst, startTableOfOne } from '../cold-start/first-read.ts';
import { medians } from './median.ts';

interface ColdStart {
  /** From `import()` to a loaded module, or to its first answer. */
  readonly milliseconds: number;
  /** Processor time meanwhile: what is left of the noise of a busy machine. */
  readonly cpuMilliseconds: number;
  /** Code loaded, each file compressed by itself. */
  readonly kilobytes: number;
  readonly files: number;
}

export interface ColdStartMeasurement {
  /** A handler that does nothing, on the same Node.js in the same run. */
  readonly helloWorld: ColdStart;
  readonly functions: Readonly<Record<string, ColdStart>>;
  /** `read` up to its first answer: its import, and the first GET of an application. */
  readonly firstRead: ColdStart;
}

const RUNS = 5;
const HELLO = 'hello-world';
const ENTRIES = { [HELLO]: { entry: 'test/cold-start/hello-world.ts' }, ...FUNCTIONS };

export async function measureColdStarts(): Promise<ColdStartMeasurement> {
  const directory = mkdtempSync(join(tmpdir(), 'stagegate-cold-start-'));
  const table = await startTableOfOne();
  try {
    await bundleFunctions(directory, ENTRIES);
    const functions: Record<string, ColdStart> = {};
    for (const name of Object.keys(ENTRIES)) {
      const bundle = join(directory, name);
      functions[name] = await measure(bundle, 'imported', (mode) => runCold({ bundle, mode }));
    }
    const { [HELLO]: helloWorld, ...others } = functions;
    if (!helloWorld) throw new Error('measuring cold starts: no hello-world');
    const bundle = join(directory, 'read');
    const firstRead = await measure(bundle, 'answered', (mode) => readFirst(bundle, mode, table));
    return { helloWorld, functions: others, firstRead };
  } finally {
    await table.close();
    rmSync(directory, { recursive: true, force: true });
  }
}

async function measure(
  bundle: string,
  stage: 'imported' | 'answered',
  run: (mode: 'measure' | 'count') => Promise<ColdReport>,
): Promise<ColdStart> {
  const runs = [];
  for (let number = 0; number < RUNS; number++) runs.push((await run('measure'))[stage]);
  const sizes = gzippedSizes((await run('count'))[stage].files, bundle);
  return {
    ...medians(runs, ['milliseconds', 'cpuMilliseconds']),
    kilobytes: sumOf(sizes) / 1000,
    files: sizes.size,
  };
}

export function describeColdStarts({ helloWorld, functions, firstRead }: ColdStartMeasurement): string {
  const row = (name: string, { milliseconds, cpuMilliseconds, kilobytes, files }: ColdStart) => [
    name,
    `${milliseconds.toFixed(1)} ms`,
    `${(milliseconds - helloWorld.milliseconds).toFixed(1)} ms`,
    `${cpuMilliseconds.toFixed(0)} ms`,
    `${kilobytes.toFixed(1)} KB`,
    `${files}`,
  ];
  const rows = [
    ['import of', 'time', 'above hello', 'processor', 'gzip', 'files'],
    row(HELLO, helloWorld),
    ...Object.entries(functions).map(([name, start]) => row(name, start)),
    row('read, first GET', firstRead),
  ];
  return rows
    .map(([name = '', ...cells]) => name.padEnd(22) + cells.map((cell) => cell.padStart(13)).join(''))
    .join('\n');
}

if (process.argv[1] === import.meta.filename)
  process.stdout.write(`${describeColdStarts(await measureColdStarts())}\n`);
