import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type OutputChunk, rolldown } from 'rolldown';
import { bundleBuildspecs } from '../buildspecs/bundle.ts';
import { allEnded } from '../buildspecs/program/build/all-ended.ts';
import { FUNCTIONS } from '../lambdas/functions.ts';

const root = dirname(import.meta.dirname);

/** The directories of everything that is deployed. The stack makes assets of them. */
export const BUNDLES = {
  functionsDirectory: join(root, 'dist', 'functions'),
  buildspecsDirectory: join(root, 'dist', 'buildspecs'),
} as const;

/** The parts of a function manifest that bundling needs: a name and the TypeScript file behind it. */
export type Entries = Readonly<Record<string, { readonly entry: string }>>;

/** The sources in each chunk. The chunk of a function's own `index.mjs` is called `<name>.mjs` here. */
type ModulesByFile = ReadonlyMap<string, readonly string[]>;

/**
 * Bundles every function into `<directory>/<name>/`: `index.mjs` and the chunks it may load, copied beside it. All
 * functions are bundled in one pass, so that code they share is generated only once. A chunk has code that is always
 * needed together, so that a function loads no code that only others need. Every byte depends on the sources and the
 * lock file only: there are no source maps, and nothing is external, so the SDK that runs is the one that was tested.
 */
export async function bundleFunctions(
  directory: string = BUNDLES.functionsDirectory,
  entries: Entries = FUNCTIONS,
): Promise<ModulesByFile> {
  const missing = Object.entries(entries).filter(([, { entry }]) => !existsSync(join(root, entry)));
  if (missing.length > 0) {
    const list = missing.map(([name, { entry }]) => `function "${name}": entry ${entry} does not exist`);
    throw new Error(`bundling ${list.join('; ')}`);
  }
  const chunks = await bundleAll(entries);
  for (const name of Object.keys(entries)) {
    const files = closure(chunks, `${name}.mjs`).map(({ fileName, code }) => ({
      name: fileName === `${name}.mjs` ? 'index.mjs' : fileName,
      contents: Buffer.from(code),
    }));
    for (const file of files) writeWhenChanged(join(directory, name, file.name), file.contents, dirname(directory));
    removeAllBut(
      files.map((file) => file.name),
      join(directory, name),
    );
  }
  removeAllBut(Object.keys(entries), directory);
  return new Map([...chunks].map(([file, { moduleIds }]) => [file, moduleIds.map((id) => relative(root, id))]));
}

/**
 * Sources that go into one chunk with all their imports that are not in an earlier chunk. A function that needs one of
 * these sources needs all of them with the first request, and one file is quicker to find, read and decompress than
 * many.
 */
const NEEDED_TOGETHER = [
  ['zod', 'node_modules/zod/'],
  // Without a chunk of its own it would lie in `api`, which functions that serve no API do not need.
  ['middy', 'node_modules/@middy/'],
  [
    'runtime',
    // The last three would lie in `api` otherwise, and handlers of events need them.
    'lambdas/(domain/errors|functions|runtime/(logger|parse-given|until-calls-end|keeping-services|request-log))\\.ts$',
  ],
  // Only functions that people ask need words for what is wrong with an input.
  ['words', 'lambdas/runtime/(parse-input|words-for-issues)\\.ts$'],
  ['api', 'lambdas/runtime/(api-handler|operation)\\.ts$'],
  ['records', 'lambdas/domain/(model/table/(records|listings)|transaction/unit-of-work)\\.ts$'],
] as const;

/** Returns every chunk by its name. The chunk of an entry has the name of the entry. */
async function bundleAll(entries: Entries): Promise<ReadonlyMap<string, OutputChunk>> {
  const bundler = await rolldown({
    cwd: root,
    input: Object.fromEntries(Object.entries(entries).map(([name, { entry }]) => [name, entry])),
    platform: 'node',
    // ES modules where a package has them: unused code is left out of them, which halves a bundle.
    resolve: { mainFields: ['module', 'main'] },
    // A module that is not found would be taken as external, and would fail in AWS.
    onLog: (level, log, report) => (log.code === 'UNRESOLVED_IMPORT' ? report('error', log) : report(level, log)),
  });
  try {
    const { output } = await bundler.generate({
      format: 'esm',
      minify: true,
      comments: { legal: false },
      sourcemap: false,
      // Has no effect without source maps. The default is a pattern, which rolldown refuses inside of Jest.
      sourcemapIgnoreList: false,
      entryFileNames: '[name].mjs',
      chunkFileNames: '[name]-[hash].mjs',
      codeSplitting: {
        groups: NEEDED_TOGETHER.map(([name, test], index) => ({
          name,
          test,
          priority: NEEDED_TOGETHER.length - index,
        })),
      },
    });
    return new Map(output.flatMap((file) => (file.type === 'chunk' ? [[file.fileName, file] as const] : [])));
  } finally {
    await bundler.close();
  }
}

/** Returns a chunk and all chunks that it loads, at once or later, directly or through others. */
function closure(chunks: ReadonlyMap<string, OutputChunk>, start: string): OutputChunk[] {
  const files = new Map<string, OutputChunk>();
  const visit = (name: string): void => {
    // An import without a chunk is a module of Node.js.
    const chunk = chunks.get(name);
    if (files.has(name) || !chunk) return;
    files.set(name, chunk);
    for (const imported of [...chunk.imports, ...chunk.dynamicImports]) visit(imported);
  };
  visit(start);
  return [...files.values()];
}

/** Makes the asset for the builds. */
export async function bundleBuilds(directory: string = BUNDLES.buildspecsDirectory): Promise<void> {
  const draft = mkdtempSync(join(tmpdir(), 'stagegate-buildspecs-'));
  try {
    await bundleBuildspecs(draft);
    mirror(draft, directory, dirname(directory));
  } finally {
    rmSync(draft, { recursive: true, force: true });
  }
}

/** Builds everything that is deployed, by default below `dist/`. */
export async function bundle(
  { functionsDirectory, buildspecsDirectory }: Readonly<Record<keyof typeof BUNDLES, string>> = BUNDLES,
  entries: Entries = FUNCTIONS,
): Promise<void> {
  await allEnded([bundleFunctions(functionsDirectory, entries), bundleBuilds(buildspecsDirectory)]);
}

function mirror(source: string, target: string, drafts: string): void {
  const names = readdirSync(source);
  for (const name of names) {
    const from = join(source, name);
    const to = join(target, name);
    if (statSync(from).isDirectory()) mirror(from, to, drafts);
    else {
      writeWhenChanged(to, readFileSync(from), drafts);
      chmodSync(to, statSync(from).mode);
    }
  }
  removeAllBut(names, target);
}

/**
 * Replaces a file in one step, and only when its bytes differ, so that another synthesis at the same time always reads
 * whole files. The draft is written outside of all assets, where the other synthesis does not find it.
 */
function writeWhenChanged(path: string, contents: Uint8Array, drafts: string): void {
  if (existsSync(path) && readFileSync(path).equals(contents)) return;
  mkdirSync(dirname(path), { recursive: true });
  const draft = join(drafts, `.draft-${process.pid}-${basename(path)}`);
  writeFileSync(draft, contents);
  renameSync(draft, path);
}

function removeAllBut(kept: readonly string[], directory: string): void {
  for (const name of readdirSync(directory))
    if (!kept.includes(name)) rmSync(join(directory, name), { recursive: true, force: true });
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await bundle();
