import { closeSync, openSync, readdirSync, readSync } from 'node:fs';
import { join } from 'node:path';
import { ENGINE_DIRECTORY } from '../configuration/engine-files.ts';
import { isInside, kindAt } from '../configuration/places.ts';
import { followLinks } from '../reads/follow-links.ts';

/** Returns where a path leads when links are followed, also if nothing is there. Undefined: out of the tree, or in a circle. */
function placeOf(tree: string, path: string): string | undefined {
  const end = followLinks(tree, path)?.end;
  return end && plain(end);
}

/** What a plan reads of a tree, as far as directories tell. Paths are paths in the tree; the whole tree is ''. */
export class PlannedFiles {
  /** Directories that are planned with everything below them. They may be missing. */
  readonly directories = new Set<string>();
  /** Files that are pointers of Git LFS. */
  readonly pointers: string[] = [];
  private readonly tree: string;
  private readonly seen = new Set<string>();

  constructor(tree: string) {
    this.tree = tree;
  }

  /** Adds directories, those to which links in them lead, and the files in all of these. */
  add(directories: readonly string[]): void {
    const open = directories.flatMap((directory) => [
      plain(directory),
      placeOf(this.tree, directory) ?? plain(directory),
    ]);
    for (let directory = open.pop(); directory !== undefined; directory = open.pop()) {
      this.directories.add(directory);
      open.push(...this.walk(directory));
    }
  }

  /** Walks a directory. Returns the directories to which links in it lead. */
  private walk(root: string): readonly string[] {
    const linked: string[] = [];
    const open = [root];
    for (let directory = open.pop(); directory !== undefined; directory = open.pop()) {
      if (this.seen.has(directory) || kindAt(join(this.tree, directory)) !== 'directory') continue;
      this.seen.add(directory);
      for (const entry of readdirSync(join(this.tree, directory), { withFileTypes: true })) {
        const path = join(directory, entry.name);
        if (entry.name === ENGINE_DIRECTORY) continue;
        if (entry.isDirectory()) open.push(path);
        else if (kindAt(join(this.tree, path)) === 'file') this.look(path);
        else if (entry.isSymbolicLink()) linked.push(...this.behind(path, directory));
      }
    }
    return linked;
  }

  /** Returns the place behind a link, unless it is known, or contains the link itself: `up -> ..` adds nothing. */
  private behind(link: string, directory: string): string[] {
    const place = placeOf(this.tree, link);
    const isKnown = place === undefined || place === '' || this.directories.has(place) || isInside(place, directory);
    return isKnown ? [] : [place];
  }

  private look(path: string): void {
    if (isPointer(join(this.tree, path))) this.pointers.push(path);
  }
}

/** Returns a path in one spelling: without a slash at the end, and '' for the whole tree. */
const plain = (directory: string): string => join(directory, '.').replace(/^\.?$|\/$/, '');

/** The beginning of every pointer, by which Git LFS recognizes it. The second is from before it had its name. */
const BEGINNINGS = ['version https://git-lfs.github.com/spec/v1', 'version https://hawser.github.com/spec/v1'];
const MOST_BEGINNING = Math.max(...BEGINNINGS.map(({ length }) => length));

/** Returns whether a file begins as the pointer that Git LFS keeps in the place of a file. */
function isPointer(file: string): boolean {
  const opened = openSync(file, 'r');
  try {
    const bytes = Buffer.alloc(MOST_BEGINNING);
    const text = bytes.subarray(0, readSync(opened, bytes)).toString('latin1');
    return BEGINNINGS.some((beginning) => text.startsWith(beginning));
  } finally {
    closeSync(opened);
  }
}
