import { readFileSync } from 'node:fs';
import { dirname, join, normalize, relative, sep } from 'node:path';
import { MODULE_MANIFEST } from '../configuration/engine-files.ts';
import type { InstalledModule } from '../configuration/installed-modules.ts';

const PACKAGES = dirname(MODULE_MANIFEST);
const FROM_GIT = /^git::/;

/**
 * Returns the commit of a module that `init` fetched from git, as far as the directory of its package still has git's
 * own directory, which no archive of a tree has. A package that `init` copied from an earlier call has none, but the
 * same source. For people only: a build does not prove it.
 */
export function commitsOf(
  directory: string,
  installed: readonly InstalledModule[],
): (module: InstalledModule) => string | undefined {
  const fromGit = installed.filter(({ Key, Source, Dir }) => FROM_GIT.test(Source) && packageOf(Dir) === Key);
  const bySource = new Map<string, string>();
  for (const { Key, Source } of fromGit) {
    const commit = headOf(join(directory, PACKAGES, Key, '.git'));
    if (commit !== undefined) bySource.set(withoutPart(Source), commit);
  }
  const byPackage = new Map(fromGit.map(({ Key, Source }) => [Key, bySource.get(withoutPart(Source))]));
  return ({ Dir }) => byPackage.get(packageOf(Dir) ?? '');
}

/** Returns the name of the installed package in which a module's directory is. `init` calls it like its first call. */
function packageOf(moduleDirectory: string): string | undefined {
  const place = relative(PACKAGES, normalize(moduleDirectory));
  const [name] = place.split(sep);
  return name === '..' ? undefined : name;
}

/** Returns a source without the part that names a directory in the package: `//modules/web`. */
const withoutPart = (source: string): string => source.replace(/^(git::(?:[a-z\d+.-]+:\/\/)?.*?)\/\/[^?]*/i, '$1');

const COMMIT = /^[0-9a-f]{40}$/;
const BRANCH = /^ref: (refs\/\S+)$/;

function headOf(git: string): string | undefined {
  const head = readText(join(git, 'HEAD'))?.trim() ?? '';
  if (COMMIT.test(head)) return head;
  const [, ref] = BRANCH.exec(head) ?? [];
  if (ref === undefined || ref.split('/').includes('..')) return undefined;
  const packed = readText(join(git, 'packed-refs'))?.split('\n') ?? [];
  const commit = readText(join(git, ref))?.trim() ?? packed.find((line) => line.endsWith(` ${ref}`))?.split(' ')[0];
  return commit !== undefined && COMMIT.test(commit) ? commit : undefined;
}

function readText(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return undefined;
  }
}
