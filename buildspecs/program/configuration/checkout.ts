import { constants, copyFileSync, lstatSync, mkdirSync, readdirSync, readlinkSync, symlinkSync } from 'node:fs';
import { basename, isAbsolute, join, normalize, relative, sep } from 'node:path';
import { PhaseError } from '../build/failure.ts';
import { objectionToName } from '../bundle/carried-names.ts';
import { quoteBytes } from '../source/quote-bytes.ts';
import { ENGINE_DIRECTORY } from './engine-files.ts';
import { giveGitMode } from './git-modes.ts';
import { isInside, isOwnLink } from './places.ts';

/**
 * Names that are not copied, because they are no part of the approved configuration: history, whose settings can name
 * commands, and files that a run of the engine left behind.
 */
const skipped = new Set(['.git', '.hg', ENGINE_DIRECTORY]);

/** Something of the commit that the tree does not have. */
export interface LeftOut {
  /** Path in the repository, in the bytes of the file system. */
  readonly path: Buffer;
  /** What is wrong, to follow the path in a sentence. */
  readonly why: string;
  /** The commit's author has to give it another name before anything can be planned that has it. */
  readonly isName: boolean;
}

const LEADS_OUT = 'is a symbolic link that leads out of the repository';

/** Copies directories. What cannot be copied is collected in `leftOut`: links that lead out, sockets and the like. */
class Copy {
  readonly leftOut: LeftOut[] = [];
  private readonly checkout: string;
  private readonly tree: string;

  constructor(checkout: string, tree: string) {
    this.checkout = checkout;
    this.tree = tree;
  }

  /** Copies the directory at a path in the repository. Names are read as bytes, because not every name is text. */
  directory(path: string): void {
    mkdirSync(join(this.tree, path), { recursive: true });
    for (const entry of readdirSync(join(this.checkout, path), { withFileTypes: true, encoding: 'buffer' })) {
      const bytes = Buffer.concat([Buffer.from(path === '' ? '' : `${path}${sep}`), entry.name]);
      const name = entry.name.toString();
      if (skipped.has(name)) continue;
      const inRepository = join(path, name);
      // An archive names directories with a slash at the end.
      const archived = entry.isDirectory() ? Buffer.concat([bytes, Buffer.from('/')]) : bytes;
      const objection = this.objectionTo(archived, entry.isSymbolicLink());
      if (objection !== undefined) this.leftOut.push({ path: bytes, why: objection, isName: true });
      else if (entry.isDirectory()) this.directory(inRepository);
      else if (!this.copied(inRepository, entry)) this.leftOut.push({ path: bytes, why: LEADS_OUT, isName: false });
    }
  }

  private objectionTo(path: Buffer, isLink: boolean): string | undefined {
    const places = { directories: [this.checkout, this.tree], archived: basename(this.tree) };
    const objection = objectionToName({ path }, places);
    if (objection !== undefined || !isLink) return objection;
    return objectionToName({ path, link: readlinkSync(join(this.checkout, path.toString()), 'buffer') }, places);
  }

  private copied(path: string, entry: { isFile(): boolean; isSymbolicLink(): boolean }): boolean {
    const [from, to] = [join(this.checkout, path), join(this.tree, path)];
    if (entry.isFile()) {
      copyFileSync(from, to, constants.COPYFILE_FICLONE);
      giveGitMode(to);
    } else if (entry.isSymbolicLink() && isOwnLink(this.checkout, from)) symlinkSync(readlinkSync(from), to);
    else return false;
    return true;
  }
}

/**
 * Refuses a directory that is laid out like git's own. Git would treat it as a repository, even without `.git`, and use
 * its settings, which can name commands. The engine runs git in the directory to fetch modules.
 */
function requireNoGitDirectory(checkout: string, path: string): void {
  const has = (name: string) => lstatSync(join(path, name), { throwIfNoEntry: false }) !== undefined;
  if (has('HEAD') && (has('refs') || has('commondir'))) {
    throw new PhaseError(
      'checkout',
      `"${relative(checkout, path) || '.'}" is laid out like git's own directory (HEAD, refs): git would run what its settings name`,
    );
  }
}

/** Refuses a directory that does not exist, is not a plain directory, or lies outside the repository. */
export function requireDirectory(checkout: string, directory: string, commit: string): void {
  const clean = normalize(directory);
  if (isAbsolute(directory) || clean === '..' || clean.startsWith(`..${sep}`) || clean.includes('\0')) {
    throw new PhaseError('checkout', `the directory "${directory}" leads out of the repository`);
  }
  const parts = clean.split(sep).filter((part) => part !== '' && part !== '.');
  requireNoGitDirectory(checkout, checkout);
  parts.reduce((parent, part) => {
    const path = join(parent, part);
    const found = lstatSync(path, { throwIfNoEntry: false });
    if (found?.isSymbolicLink()) {
      throw new PhaseError(
        'checkout',
        `"${relative(checkout, path)}" is a symbolic link; environments are plain directories`,
      );
    }
    if (!found?.isDirectory()) {
      throw new PhaseError('checkout', `the directory "${directory}" does not exist in commit ${commit}`);
    }
    requireNoGitDirectory(checkout, path);
    return path;
  }, checkout);
}

/**
 * Copies the whole repository to the fixed path of the environment, so that relative module sources keep working.
 * Returns what was left out: links that lead out of the repository, and names that no build can have. In the
 * environment's own directory these are refused. Elsewhere they belong to somebody else and must not prevent the plan of
 * this environment.
 */
export function copyCheckout(checkout: string, tree: string, directory: string, commit: string): readonly LeftOut[] {
  requireDirectory(checkout, directory, commit);
  const copy = new Copy(checkout, tree);
  copy.directory('');
  const own = copy.leftOut.find(({ path }) => isInside(normalize(directory), path.toString('latin1')));
  if (own) throw refusalOf(own);
  return copy.leftOut;
}

/** Returns the error for something that is not in the tree although what is planned may use it. */
export function refusalOf({ path, why, isName }: LeftOut): PhaseError {
  const wayOut = isName ? ': no build can carry it to the apply; rename it' : '';
  return new PhaseError('checkout', `${quoteBytes(path)} ${why}${wayOut}`);
}
