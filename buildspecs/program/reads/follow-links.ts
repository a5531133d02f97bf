import { lstatSync, readlinkSync, type Stats } from 'node:fs';
import { isAbsolute, join } from 'node:path';
import { WHOLE_REPOSITORY } from '../../../lambdas/domain/contract/repository-reads.ts';

/** Where a path leads. */
interface Way {
  /** The links on the way, by their own paths. */
  readonly links: readonly string[];
  /** Where the path ends, whether or not something is there. */
  readonly end: string;
}

/** As many as the operating system follows. */
const MOST_LINKS = 40;

/**
 * Follows a path of the tree as the operating system does, link by link. Returns undefined if it leads out of the tree
 * or in a circle. What does not exist is followed by its text: it may exist in the next commit.
 */
export function followLinks(tree: string, path: string): Way | undefined {
  const links: string[] = [];
  const at: string[] = [];
  const open = path.split('/').reverse();
  for (let part = open.pop(); part !== undefined; part = open.pop()) {
    if (part === '' || part === WHOLE_REPOSITORY) continue;
    if (part === '..') {
      if (at.pop() === undefined) return undefined;
      continue;
    }
    const own = [...at, part].join('/');
    const target = linkAt(join(tree, own));
    if (target === undefined) {
      at.push(part);
      continue;
    }
    links.push(own);
    if (isAbsolute(target) || links.length > MOST_LINKS) return undefined;
    open.push(...target.split('/').reverse());
  }
  return { links, end: at.join('/') || WHOLE_REPOSITORY };
}

/** Returns what is at a path itself, without following it. Names of a configuration may be anything, even too long. */
export function lookAt(path: string): Stats | undefined {
  try {
    return lstatSync(path);
  } catch {
    return undefined;
  }
}

const linkAt = (path: string): string | undefined => (lookAt(path)?.isSymbolicLink() ? readlinkSync(path) : undefined);
