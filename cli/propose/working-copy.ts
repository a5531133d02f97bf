import { lstatSync, readFileSync, realpathSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { listConfigurationFiles } from '../../buildspecs/program/configuration/files.ts';
import { callsIn } from './call-file.ts';
import type { PlacedCall } from './decide.ts';
import type { Edit, Proposal } from './proposal.ts';

/** Thrown when the working copy does not allow what was asked. The message says what to do. */
export class WorkingCopyError extends Error {
  override readonly name = 'WorkingCopyError';
}

/** A file of the directory that is planned. */
export interface CallFile {
  /** Path in the working copy, with forward slashes. */
  readonly path: string;
  /** Its bytes when it was read. */
  readonly bytes: Buffer;
  readonly calls: readonly PlacedCall[];
}

/**
 * Reads the configuration files of an environment's directory that contain module calls, or all that may. Throws
 * WorkingCopyError for a file that cannot be understood, because a call in it could be missed, and for a directory that
 * is reached by a symbolic link, because it may lie outside of the working copy.
 */
export function readCallFiles(root: string, directory: string, engine: 'terraform' | 'tofu'): CallFile[] {
  const place = join(root, directory);
  if (!lstatSync(place, { throwIfNoEntry: false })?.isDirectory())
    throw new WorkingCopyError(`the working copy has no directory ${directory}: run this in the config repository`);
  if (realpathSync(place) !== join(realpathSync(root), directory))
    throw new WorkingCopyError(
      `${directory} is reached by a symbolic link: only plain directories are read and written`,
    );
  return listConfigurationFiles(place, engine).map((name): CallFile => {
    const path = `${directory}/${name}`;
    if (!lstatSync(join(place, name)).isFile())
      throw new WorkingCopyError(`${path} is a symbolic link: only plain files are read and written`);
    const bytes = readFileSync(join(place, name));
    const found = callsIn(name, bytes);
    if ('errorLine' in found)
      throw new WorkingCopyError(`${path}:${found.errorLine} cannot be understood: mend the file first`);
    return { path, bytes, calls: found.calls.map((call) => ({ ...call, file: path })) };
  });
}

/** Returns a text with the edits made. Edits do not overlap. */
export function edited(text: string, edits: readonly Edit[]): string {
  const ordered = [...edits].sort((one, other) => other.start - one.start);
  return ordered.reduce((before, { start, end, text: put }) => before.slice(0, start) + put + before.slice(end), text);
}

/**
 * Writes the changes. Every byte outside of the versions and refs stays as it is. Throws WorkingCopyError, before it
 * has written anything, if a file has changed since it was read.
 */
export function writeChanges(root: string, files: readonly CallFile[], proposals: readonly Proposal[]): string[] {
  const contents = files.flatMap((file) => {
    const edits = proposals.flatMap(({ file: path, edit }) => (path === file.path && edit ? [edit] : []));
    return edits.length === 0 ? [] : [{ ...file, text: edited(file.bytes.toString(), edits) }];
  });
  for (const { path, bytes } of contents)
    if (!readFileSync(join(root, path)).equals(bytes))
      throw new WorkingCopyError(`${path} has changed in the meantime: nothing was written`);
  for (const { path, text } of contents) writeFileSync(join(root, path), text);
  return contents.map(({ path }) => path);
}
