import { isUtf8 } from 'node:buffer';
import { dirname, join } from 'node:path';
import { applicationAt } from '../../../lambdas/domain/contract/application-directory.ts';
import { PhaseError } from '../build/failure.ts';
import type { PlanBuild } from '../build/run-build.ts';
import { tellPaths } from '../bundle/tell-paths.ts';
import { type LeftOut, refusalOf } from '../configuration/checkout.ts';
import { listConfigurationFiles } from '../configuration/files.ts';
import { isInside, kindAt } from '../configuration/places.ts';
import { isPlainLine, quotePath } from '../engine/plan-file/strict-text.ts';
import { PlannedFiles } from './planned-files.ts';
import { quoteBytes } from './quote-bytes.ts';

/** A path with one character for each byte, so that paths in bytes and in text can be compared. */
const bytewise = (path: Buffer | string): string => Buffer.from(path).toString('latin1');

const isAtOrBelow = (directory: string, path: string): boolean => directory === '' || isInside(directory, path);

/** Returns the first of these directories that something is at, above or below. */
const nearOf = (directories: readonly string[], path: Buffer): string | undefined =>
  directories.find((directory) => {
    const [one, other] = [bytewise(directory), bytewise(path)];
    return isAtOrBelow(one, other) || isAtOrBelow(other, one);
  });

/** Returns whether something is one of these directories, above one, or directly in one, where configuration is. */
const isOfModule = (directories: readonly string[], path: Buffer): boolean =>
  directories.some(
    (directory) =>
      isInside(bytewise(path), bytewise(directory)) || dirname(bytewise(path)) === (bytewise(directory) || '.'),
  );

/**
 * Refuses to plan where the tree lacks files that the commit stands for. Submodules and pointers of Git LFS are not
 * fetched: an empty directory in the place of a module would be planned as one that has nothing any more. A destruction
 * is not refused, because it needs no files and environments must be able to end.
 */
export class WholeSource {
  private readonly build: PlanBuild;
  private readonly submodules: readonly Buffer[];
  private readonly planned: PlannedFiles;
  private leftOut: readonly LeftOut[] = [];
  /** What was told of a destruction that goes on. */
  private readonly tolerated = new Set<string>();

  /** `submodules`: paths of the submodules of the commit. */
  constructor(build: PlanBuild, submodules: readonly Buffer[]) {
    this.build = build;
    this.submodules = submodules;
    this.planned = new PlannedFiles(build.paths.tree);
  }

  /**
   * Refuses submodules that the application does not ignore, outside of the directories of other applications, and every
   * submodule that concerns the environment's directory. Needs no tree.
   */
  requireIgnored(): void {
    const {
      STAGEGATE_IGNORED_SUBMODULES: ignored = [],
      STAGEGATE_APPLICATION: own,
      STAGEGATE_DIRECTORY: directory,
    } = this.build.variables;
    this.requireNoneNear([directory]);
    const isIgnored = (submodule: Buffer) => isUtf8(submodule) && ignored.includes(submodule.toString());
    const isAnothers = (submodule: Buffer) => ![undefined, own].includes(applicationAt(submodule.toString('latin1')));
    for (const submodule of this.submodules.filter(isIgnored))
      this.build.log(`the submodule ${quoteBytes(submodule)} is ignored: its files are not fetched`);
    const refused = this.submodules.filter((submodule) => !isAnothers(submodule) && !isIgnored(submodule));
    if (refused.length === 0) return;
    this.refuse(
      `${tellPaths(refused, quoteBytes)} ${refused.length === 1 ? 'is a submodule' : 'are submodules'}, whose files are not fetched: commit the files themselves, or, if no plan needs them, list the path in "ignoredSubmodules" of the application`,
    );
  }

  /** Tells what was left out of the tree, and remembers it for `requireWhole`. */
  without(leftOut: readonly LeftOut[]): void {
    this.leftOut = leftOut;
    for (const { path, why } of leftOut.slice(0, MOST_LOGGED))
      this.build.log(`${quoteBytes(path)} is left out: it ${why}`);
    if (leftOut.length > MOST_LOGGED) this.build.log(`${leftOut.length - MOST_LOGGED} more are left out`);
  }

  /**
   * Refuses directories that are planned and lack something: a submodule, or something that was left out for its name, is
   * at, above or below them; a link that was left out is one of them or among their own files; or a file is a pointer.
   * `directories`: paths in the repository, of the environment or of modules. Each call adds directories.
   */
  requireWhole(directories: readonly string[]): void {
    this.planned.add(directories);
    const planned = [...this.planned.directories];
    this.requireNoneNear(planned);
    const lacked = this.leftOut.find(({ path, isName }) =>
      isName ? nearOf(planned, path) !== undefined : isOfModule(directories, path),
    );
    if (lacked) this.refuse(refusalOf(lacked).message);
    for (const directory of directories) this.requireReadableNames(directory);
    const { pointers } = this.planned;
    if (pointers.length === 0) return;
    this.refuse(
      `${tellPaths(pointers, quotePath)} ${pointers.length === 1 ? 'is a pointer' : 'are pointers'} of Git LFS, whose files are not fetched: commit the file itself, or read it from where it is published`,
    );
  }

  /** Refuses configuration whose name cannot be shown. A plan contains its configuration, and no such names are read there. */
  private requireReadableNames(directory: string): void {
    const place = join(this.build.paths.tree, directory);
    if (kindAt(place) !== 'directory') return;
    const unreadable = listConfigurationFiles(place, this.build.variables.STAGEGATE_ENGINE).find(
      (name) => !isPlainLine(name),
    );
    if (unreadable === undefined) return;
    throw new PhaseError(
      'checkout',
      `${quotePath(join(directory, unreadable))} has characters in its name that people would not see, and is configuration: rename it`,
    );
  }

  private requireNoneNear(directories: readonly string[]): void {
    for (const submodule of this.submodules) {
      const near = nearOf(directories, submodule);
      if (near === undefined) continue;
      this.refuse(
        `${quoteBytes(submodule)} is a submodule, whose files are not fetched, and ${quotePath(near || '.')} is planned: commit the files themselves, or use a module source with "git::"`,
      );
    }
  }

  private refuse(message: string): void {
    if (this.build.variables.STAGEGATE_OPERATION !== 'destroy') throw new PhaseError('checkout', message);
    if (!this.tolerated.has(message)) this.build.log(`a destruction goes on all the same: ${message}`);
    this.tolerated.add(message);
  }
}

/** Lines about what was left out. */
const MOST_LOGGED = 50;
