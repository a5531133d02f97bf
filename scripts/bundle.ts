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
import { build, type Metafile } from 'esbuild';
import { bundleBuildspecs } from '../buildspecs/bundle.ts';
import { FUNCTIONS } from '../lambdas/functions.ts';

const root = dirname(import.meta.dirname);

/** Where everything that is deployed is built, and what the stack makes assets of. */
export const BUNDLES = {
  functionsDirectory: join(root, 'dist', 'functions'),
  buildspecsDirectory: join(root, 'dist', 'buildspecs'),
} as const;

/** The parts of a function manifest that bundling needs: a name and the TypeScript file behind it. */
export type Entries = Readonly<Record<string, { readonly entry: string }>>;

/**
 * Bundles every function into `<directory>/<name>/`: `index.mjs` and the chunks it shares with others, copied beside it.
 * One pass of esbuild prints what all have in common once and not once per function, and keeps what the SDK loads only
 * when needed out of a cold start. Every byte follows from the sources and the lock file: no source maps, and nothing
 * external, so that the SDK which runs is the one that was tested.
 */
export async function bundleFunctions(
  directory: string = BUNDLES.functionsDirectory,
  entries: Entries = FUNCTIONS,
): Promise<void> {
  const missing = Object.entries(entries).filter(([, { entry }]) => !existsSync(join(root, entry)));
  if (missing.length > 0) {
    const list = missing.map(([name, { entry }]) => `function "${name}": entry ${entry} does not exist`);
    throw new Error(`bundling ${list.join('; ')}`);
  }
  const { outputFiles, metafile } = await build({
    absWorkingDir: root,
    bundle: true,
    charset: 'utf8',
    entryPoints: Object.entries(entries).map(([name, { entry }]) => ({ in: entry, out: name })),
    format: 'esm',
    keepNames: false,
    legalComments: 'none',
    loader: { '.csv': 'text' },
    logLevel: 'silent',
    // ES modules where a package has them: they leave out what is not used, which halves a bundle.
    mainFields: ['module', 'main'],
    metafile: true,
    minify: true,
    outExtension: { '.js': '.mjs' },
    outdir: root,
    platform: 'node',
    sourcemap: false,
    splitting: true,
    target: 'node24',
    write: false,
  });
  const contentsOf = new Map(outputFiles.map(({ path, contents }) => [relative(root, path), contents]));
  for (const name of Object.keys(entries)) {
    const files = [...closure(metafile, `${name}.mjs`)].map((file) => {
      const contents = contentsOf.get(file);
      if (!contents) throw new Error(`bundling function "${name}": esbuild made no ${file}`);
      return { name: file === `${name}.mjs` ? 'index.mjs' : file, contents };
    });
    for (const file of files) writeWhenChanged(join(directory, name, file.name), file.contents);
    removeAllBut(
      files.map((file) => file.name),
      join(directory, name),
    );
  }
  removeAllBut(Object.keys(entries), directory);
}

/** An output with all it imports, directly or not. */
function closure({ outputs }: Metafile, start: string): Set<string> {
  const files = new Set<string>();
  const visit = (file: string): void => {
    if (files.has(file)) return;
    files.add(file);
    for (const { path, external } of outputs[file]?.imports ?? []) if (!external) visit(path);
  };
  visit(start);
  return files;
}

/** Makes the asset of the builds. */
export async function bundleBuilds(directory: string = BUNDLES.buildspecsDirectory): Promise<void> {
  const draft = mkdtempSync(join(tmpdir(), 'stagegate-buildspecs-'));
  try {
    await bundleBuildspecs(draft);
    mirror(draft, directory);
  } finally {
    rmSync(draft, { recursive: true, force: true });
  }
}

/** Builds all that is deployed below `dist/`. */
export async function bundle(): Promise<void> {
  await Promise.all([bundleFunctions(), bundleBuilds()]);
}

function mirror(source: string, target: string): void {
  const names = readdirSync(source);
  for (const name of names) {
    const from = join(source, name);
    const to = join(target, name);
    if (statSync(from).isDirectory()) mirror(from, to);
    else {
      writeWhenChanged(to, readFileSync(from));
      chmodSync(to, statSync(from).mode);
    }
  }
  removeAllBut(names, target);
}

/** A file that another process is about to put in place. */
const DRAFT = '.draft-';

/** Replaces a file in one step, and only when its bytes differ: a synthesis beside this one always reads whole files. */
function writeWhenChanged(path: string, contents: Uint8Array): void {
  if (existsSync(path) && readFileSync(path).equals(contents)) return;
  mkdirSync(dirname(path), { recursive: true });
  const draft = join(dirname(path), `${DRAFT}${process.pid}-${basename(path)}`);
  writeFileSync(draft, contents);
  renameSync(draft, path);
}

function removeAllBut(kept: readonly string[], directory: string): void {
  for (const name of readdirSync(directory))
    if (!kept.includes(name) && !name.startsWith(DRAFT))
      rmSync(join(directory, name), { recursive: true, force: true });
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await bundle();
