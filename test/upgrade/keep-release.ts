/**
 * `npm run keep-release -- --name NAME [--source DIR]` keeps what the upgrade suites need of a release: its definition,
 * a record of each kind, the answers of functions, and its assembly. The sources are a checkout of the release with its
 * dependencies, by default this one. Of this one are in any case the answers, and the records that no run makes.
 */
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { synthesisArguments } from '../e2e/assembly-context.mjs';
import { answerFieldsOf } from './answer-fields.ts';
import { packAssembly } from './assembly-archive.ts';
import { contractOf } from './definition-contract.ts';
import { allReleases, directoryOf, KEPT_FILES, RELEASE_LIST, type Release } from './kept-releases.ts';
import { sampleRun } from './sample-run.ts';

const root = dirname(dirname(import.meta.dirname));
const { values } = parseArgs({
  options: { name: { type: 'string' }, source: { type: 'string', default: root } },
});
const { name } = values;
if (name === undefined) throw new Error('--name is missing: the version of the release');
const source = resolve(process.env.INIT_CWD ?? '.', values.source);

const git = (...args: string[]): string => execFileSync('git', args, { cwd: source, encoding: 'utf8' }).trim();
const release: Release = {
  name,
  commit: git('rev-parse', 'HEAD'),
  madeOn: git('log', '-1', '--format=%cs'),
};
const releases = allReleases();
if (releases.some((each) => each.name === name)) throw new Error(`release ${name} is kept already`);

const assembly = mkdtempSync(join(tmpdir(), 'stagegate-release-'));
try {
  console.log(`synthesizing ${source} …`);
  const output = ['ignore', 'ignore', 'inherit'] as const;
  execFileSync(process.execPath, synthesisArguments(assembly), { cwd: source, stdio: [...output] });
  console.log('running it for its records …');
  const { definition, records } = await sampleRun(assembly);
  console.log('packing it …');
  const packed = packAssembly(assembly);
  const { calls } = contractOf(definition);
  const answers = calls.map(({ functionName }) => [functionName, answerFieldsOf(functionName)]);

  // Only now is anything written: what failed above leaves no half of a release.
  const directory = directoryOf(release);
  mkdirSync(directory, { recursive: true });
  const write = (file: keyof typeof KEPT_FILES, content: string | Buffer): void =>
    writeFileSync(join(directory, KEPT_FILES[file]), content);
  write('definition', `${JSON.stringify(JSON.parse(definition), null, 2)}\n`);
  write('answers', `${JSON.stringify(Object.fromEntries(answers), null, 2)}\n`);
  write('records', `${JSON.stringify(records, null, 2)}\n`);
  write('assembly', packed);
  writeFileSync(RELEASE_LIST, `${JSON.stringify([...releases, release], null, 2)}\n`);
  console.log(`${directory}: ${packed.length} bytes`);
} finally {
  rmSync(assembly, { recursive: true, force: true, maxRetries: 5 });
}
