/** Time and memory of the identities of modules: `node test/bench/module-identities.ts`, and a part of `npm run bench`. */
import { spawnSync } from 'node:child_process';
import { appendFileSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { identifyModules } from '../../buildspecs/program/modules/identify-modules.ts';
import { medians } from './median.ts';

/** What one module takes, in a process of its own, beside `sha256sum` of the same files. */
export interface IdentityMeasurement {
  readonly module: string;
  readonly milliseconds: number;
  /** `find` and `sha256sum` for the same files, measured in turn with the above. */
  readonly baselineMilliseconds: number;
  /** Most memory the process held. The first module is so small that it shows what Node.js and the parser take. */
  readonly peakMegabytes: number;
}

const RUNS = 3;
const MEGABYTE = 1_000_000;
const DIRECTORY = 'apps/shop/dev1';
const MODULE = 'modules/web';

const MODULES: Readonly<Record<string, (directory: string) => void>> = {
  'one file': () => undefined,
  '20,000 files': (directory) => {
    for (let folder = 0; folder < 200; folder++) {
      mkdirSync(join(directory, `folder-${folder}`));
      for (let file = 0; file < 100; file++)
        writeFileSync(join(directory, `folder-${folder}`, `file-${file}.json`), `{"file":${file}}\n`.repeat(64));
    }
  },
  'a file of 200 MB': (directory) => {
    for (let at = 0; at < 200; at++) appendFileSync(join(directory, 'package.zip'), Buffer.alloc(MEGABYTE, at));
  },
};

export function measureIdentities(): IdentityMeasurement[] {
  return Object.entries(MODULES).map(([module, write]) => {
    const tree = mkdtempSync(join(tmpdir(), 'stagegate-bench-'));
    try {
      writeTree(tree, write);
      const runs = Array.from({ length: RUNS }, () => ({ ...sumWithTools(tree), ...identifyInProcess(tree) }));
      return { module, ...medians(runs, ['milliseconds', 'baselineMilliseconds', 'peakMegabytes']) };
    } finally {
      rmSync(tree, { recursive: true, force: true });
    }
  });
}

export function describeIdentities(measurements: readonly IdentityMeasurement[]): string {
  const rows = measurements.map(({ module, milliseconds, baselineMilliseconds, peakMegabytes }) => [
    module,
    `${Math.round(milliseconds)} ms`,
    `${Math.round(baselineMilliseconds)} ms`,
    `${Math.round(peakMegabytes)} MB`,
  ]);
  return [['a module of', 'identity', 'sha256sum', 'memory'], ...rows]
    .map((cells) => cells.map((cell) => cell.padStart(18)).join(''))
    .join('\n');
}

function writeTree(tree: string, write: (directory: string) => void): void {
  const module = join(tree, MODULE);
  const manifest = join(tree, DIRECTORY, '.terraform/modules');
  for (const directory of [module, manifest]) mkdirSync(directory, { recursive: true });
  writeFileSync(join(module, 'main.tf'), 'resource "terraform_data" "one" {}\n');
  write(module);
  const Modules = [{ Key: 'web', Source: `../../../${MODULE}`, Dir: `../../../${MODULE}` }];
  writeFileSync(join(manifest, 'modules.json'), JSON.stringify({ Modules }));
}

function sumWithTools(tree: string): { baselineMilliseconds: number } {
  const started = performance.now();
  const sum = 'find . -type f -print0 | xargs -0 sha256sum >/dev/null';
  const { status, stderr } = spawnSync('bash', ['-o', 'pipefail', '-c', sum], {
    cwd: join(tree, MODULE),
    encoding: 'utf8',
  });
  if (status !== 0) throw new Error(`sha256sum of ${tree}: ${stderr.trim()}`);
  return { baselineMilliseconds: performance.now() - started };
}

function identifyInProcess(tree: string): { milliseconds: number; peakMegabytes: number } {
  const { status, stdout, stderr } = spawnSync(process.execPath, [import.meta.filename, '--once', tree], {
    encoding: 'utf8',
  });
  if (status !== 0) throw new Error(`the identity of ${tree}: ${stderr.trim()}`);
  return JSON.parse(stdout);
}

async function identifyOnce(tree: string) {
  const started = performance.now();
  await identifyModules({ tree, directory: join(tree, DIRECTORY) }, 'terraform');
  return {
    milliseconds: performance.now() - started,
    peakMegabytes: (process.resourceUsage().maxRSS * 1024) / MEGABYTE,
  };
}

if (process.argv[1] === import.meta.filename) {
  const [flag, tree] = process.argv.slice(2);
  if (flag === '--once' && tree !== undefined) process.stdout.write(JSON.stringify(await identifyOnce(tree)));
  else process.stdout.write(`${describeIdentities(measureIdentities())}\n`);
}
