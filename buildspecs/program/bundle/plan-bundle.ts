import { createHash } from 'node:crypto';
import { readdirSync } from 'node:fs';
import { join, relative } from 'node:path';
import type { WorkPaths } from '../build/work-paths.ts';

/** Everything the apply needs and reviewers approve, with its SHA-256. */
export interface PlanBundle {
  readonly bytes: Buffer;
  readonly sha256: Buffer;
}

/** Equal contents give equal bytes, whenever they were written. */
const WRITTEN_AT = new Date('2020-01-01T00:00:00Z');

/**
 * Packs the plan bundle. Modules travel along, because their files are read again at apply and a branch may have moved on
 * since the plan; providers do not, the lock file names them.
 */
export async function packBundle(paths: WorkPaths): Promise<PlanBundle> {
  const own = [paths.engine, paths.backendArguments, paths.plan, paths.generatedVariables];
  const names = [...own, ...listTree(paths.tree)].map((path) => relative(paths.base, path)).sort();
  const { create } = await import('tar');
  const hash = createHash('sha256');
  const chunks: Buffer[] = [];
  const archive = create(
    { cwd: paths.base, gzip: true, portable: true, mtime: WRITTEN_AT, noDirRecurse: true, strict: true },
    names,
  );
  for await (const chunk of archive) {
    const bytes = Buffer.from(chunk);
    hash.update(bytes);
    chunks.push(bytes);
  }
  return { bytes: Buffer.concat(chunks), sha256: hash.digest() };
}

/** Lays a bundle out in the work directory, with the names it was packed under. */
export async function unpackBundle(bytes: Buffer, paths: WorkPaths): Promise<void> {
  const { extract } = await import('tar');
  await new Promise<void>((resolve, reject) => {
    extract({ cwd: paths.base, preserveOwner: false, strict: true })
      .on('error', reject)
      .on('close', resolve)
      .end(bytes);
  });
}

/** Files and links; history and what the engine can fetch again are left out. */
function listTree(directory: string): string[] {
  return readdirSync(directory, { withFileTypes: true }).flatMap((entry) => {
    const path = join(directory, entry.name);
    if (entry.name === '.git') return [];
    if (entry.name === '.terraform' && entry.isDirectory()) return listModules(path);
    if (entry.isDirectory()) return listTree(path);
    return entry.isFile() || entry.isSymbolicLink() ? [path] : [];
  });
}

const listModules = (engineDirectory: string): string[] =>
  readdirSync(engineDirectory, { withFileTypes: true })
    .filter((entry) => entry.isDirectory() && entry.name === 'modules')
    .flatMap(({ name }) => listTree(join(engineDirectory, name)));
