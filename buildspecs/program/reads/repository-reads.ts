import { readdirSync } from 'node:fs';
import { dirname, join, posix, resolve } from 'node:path';
import type { EngineName } from '../../../lambdas/domain/contract/engine-release.ts';
import {
  boundReads,
  type RepositoryReads,
  UNKNOWN_READS,
  WHOLE_REPOSITORY,
} from '../../../lambdas/domain/contract/repository-reads.ts';
import type { WorkPaths } from '../build/work-paths.ts';
import { ENGINE_DIRECTORY } from '../configuration/engine-files.ts';
import { installedModulesIn } from '../configuration/installed-modules.ts';
import { followLinks, lookAt } from './follow-links.ts';
import { namedInModule } from './named-in-module.ts';
import type { NamedPath } from './named-paths.ts';

/**
 * Returns what a planned directory reads of the repository outside of its application's directory, from the tree as
 * `init` left it: the directories of its modules, what symbolic links in these directories lead to, and the paths that
 * the configuration names. All names in the tree are UTF-8: checkout and archive refuse others. Throws PhaseError if the
 * list of modules cannot be read.
 */
export function repositoryReads(paths: Pick<WorkPaths, 'tree' | 'directory'>, engine: EngineName): RepositoryReads {
  const { tree } = paths;
  const planned = inTree(tree, paths.directory);
  const installed = installedModulesIn(paths.directory, 'bundle').map(({ Dir }) =>
    inTree(tree, resolve(paths.directory, Dir)),
  );
  const reading = new Reading(tree, dirname(planned));
  for (const directory of new Set([planned, ...installed])) {
    reading.add(directory);
    const named = namedInModule(join(tree, directory), engine, { isPlanned: directory === planned });
    if (named.paths.length > MOST_NAMED) return UNKNOWN_READS;
    if (!named.isComplete) reading.isComplete = false;
    for (const path of named.paths) reading.addNamed(path, { module: directory, root: planned });
  }
  return boundReads(reading.found());
}

/** Most paths upwards that one module may name, each at several places. Looking for more of them would take too long. */
const MOST_NAMED = 20_000;

/** Returns a path in the tree. The modules of a plan all lie in it (`refuseForeignModules`). */
const inTree = (tree: string, path: string): string => posix.relative(tree, path) || WHOLE_REPOSITORY;

const isWithin = (directory: string, path: string): boolean =>
  directory === WHOLE_REPOSITORY || path === directory || path.startsWith(`${directory}/`);

/** Names that are no part of what a commit says. */
const LEFT_OUT = new Set(['.git', ENGINE_DIRECTORY]);
/** Where a path ends if nothing has the whole name: before a pattern, and in a command before the next word, too. */
const PATTERN = /[*?[\]{}]/;
const END_OF_WORD = /[*?[\]{}\s"'`;&|(),<>=]/;

/** What is read of a tree. Each directory is looked at once. */
class Reading {
  isComplete = true;
  private readonly paths = new Set<string>();
  private readonly listed = new Set<string>();
  private readonly tree: string;
  /** Directory of the application. Whatever changes in it concerns the application anyway. */
  private readonly own: string;

  constructor(tree: string, own: string) {
    this.tree = tree;
    this.own = own;
  }

  /** Adds a file or directory, the links on the way to it, and what the links in a directory lead to. */
  add(path: string): void {
    const open = [path];
    for (let next = open.pop(); next !== undefined; next = open.pop()) {
      const way = followLinks(this.tree, next);
      if (!way) continue;
      for (const each of [...way.links, way.end]) this.paths.add(each);
      if (lookAt(join(this.tree, way.end))?.isDirectory()) open.push(...this.linksIn(way.end));
    }
  }

  addNamed(named: NamedPath, directories: { readonly module: string; readonly root: string }): void {
    const bases = named.from === 'either' ? [directories.module, directories.root] : [directories[named.from]];
    for (const base of new Set(bases)) {
      const path = this.placeOf(named, base);
      if (path === undefined) continue;
      const isAbove = path !== this.own && isWithin(path, this.own);
      // Such a value is where other paths begin. As something that is read it would be nearly everything.
      if (isAbove && !named.isRead) this.isComplete = false;
      else this.add(path);
    }
  }

  found(): RepositoryReads {
    const outside = [...this.paths].filter((path) => !isWithin(this.own, path)).sort();
    if (outside.includes(WHOLE_REPOSITORY)) return { paths: [WHOLE_REPOSITORY], isComplete: this.isComplete };
    // A directory comes before what is in it, so what is kept at the end lies in nothing else.
    const paths = new Set<string>();
    for (const path of outside) if (!isInOneOf(paths, path)) paths.add(path);
    return { paths: [...paths], isComplete: this.isComplete };
  }

  /** Returns the place of a named path; undefined if it is not in the repository. */
  private placeOf({ from, text, isCut, isRead }: NamedPath, base: string): string | undefined {
    const trimmed = text.replace(/\n$/, '');
    if (from === 'either' && /^[/~]/.test(trimmed)) return undefined;
    const full = from === 'either' ? `${base}/${trimmed}` : `${base}${trimmed}`;
    return placeIn(isCut ? directoryOf(full) : this.nameIn(full, isRead ? PATTERN : END_OF_WORD));
  }

  private nameIn(full: string, end: RegExp): string {
    const whole = placeIn(full);
    if (whole === undefined || lookAt(join(this.tree, whole))) return full;
    const [name = ''] = full.split(end, 1);
    return PATTERN.test(full[name.length] ?? '') ? directoryOf(name) : name;
  }

  private linksIn(directory: string): string[] {
    if (this.listed.has(directory)) return [];
    this.listed.add(directory);
    return readdirSync(join(this.tree, directory), { withFileTypes: true }).flatMap((entry) => {
      const path = posix.join(directory, entry.name);
      if (entry.isSymbolicLink()) return [path];
      return entry.isDirectory() && !LEFT_OUT.has(entry.name) ? this.linksIn(path) : [];
    });
  }
}

/** Returns the directory in which a cut path lies: `a/b` for `a/b/c` and for `a/b/`. */
const directoryOf = (path: string): string => path.slice(0, path.lastIndexOf('/') + 1);

/** Returns a path in the tree. As in the engine, `..` removes the name before it, whatever is there. */
function placeIn(path: string): string | undefined {
  const normal = posix.normalize(path).replace(/\/$/, '');
  return normal === '..' || normal.startsWith('../') || normal.startsWith('/') ? undefined : normal;
}

const isInOneOf = (directories: ReadonlySet<string>, path: string): boolean =>
  path.split('/').some((_, at, parts) => directories.has(parts.slice(0, at + 1).join('/')));
