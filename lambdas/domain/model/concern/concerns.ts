import { WHOLE_REPOSITORY } from '../../contract/repository-reads.ts';
import type { ConfigPushed } from '../../events.ts';
import type { KnownReads } from './known-reads.ts';

/** An application of the repository to which something was pushed. */
interface Concerned {
  readonly name: string;
  readonly reads: KnownReads;
  /** Names of all applications that are deployed from the repository. */
  readonly registered: ReadonlySet<string>;
}

/**
 * Returns whether a push concerns an application. A change below `apps/<app>/` does, and so does a change of what the
 * application reads, wherever it lies. Below the directory of another application, other changes do not. Below a
 * directory of `apps` that belongs to no application, they do unless it is known what the application reads. A change
 * anywhere else concerns every application of the repository. When the changed paths are unknown (forced push, truncated
 * list, new branch), every application is concerned.
 */
export function concerns(
  { forced, changedPaths }: Pick<ConfigPushed, 'forced' | 'changedPaths'>,
  { name, reads, registered }: Concerned,
): boolean {
  if (forced || !changedPaths || changedPaths.length === 0) return true;
  const isRead = readingOf(reads.paths);
  return changedPaths.some((path) => {
    const [top, owner = '', ...rest] = path.split('/');
    if (top !== 'apps' || rest.length === 0 || owner === name) return true;
    return isRead(path) || !(reads.areAll || registered.has(owner));
  });
}

/**
 * Returns what tells whether a change of a path is a change of one of these: of the path itself, of what is below a
 * directory, or of what is above and would take the place of the directory, such as a link or a submodule.
 */
function readingOf(paths: readonly string[]): (changed: string) => boolean {
  const read = new Set(paths);
  const above = new Set(paths.flatMap(ancestorsOf));
  return (changed) =>
    read.has(WHOLE_REPOSITORY) ||
    above.has(changed) ||
    [changed, ...ancestorsOf(changed)].some((path) => read.has(path));
}

/** Returns the directories above a path: `a` and `a/b` of `a/b/c`. */
function ancestorsOf(path: string): string[] {
  const parts = path.split('/');
  return parts.slice(1).map((_, at) => parts.slice(0, at + 1).join('/'));
}
