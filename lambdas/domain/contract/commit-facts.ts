import { createHash } from 'node:crypto';
import * as z from 'zod';

/** Message and author of a commit, ready to be stored and shown: without control characters, and of limited length. */
export interface CommitFacts {
  readonly message: string;
  /** Author as `Name <mail>`. */
  readonly author: string;
}

/** Largest commit that is read, in bytes. Larger ones are not read, because results are limited in size. */
export const MOST_COMMIT_BYTES = 256 * 1024;

/**
 * A commit as git stores it, in base64. The commit's id is the hash of this object, so a build that hands it over can
 * leave it out but cannot change it.
 */
export const CommitObjectSchema = z.base64().max(Math.ceil(MOST_COMMIT_BYTES / 3) * 4);

const LONGEST_MESSAGE = 2000;
const LONGEST_AUTHOR = 500;

/** Returns message and author of a commit; undefined when the object is not the commit that the id names. */
export function readCommit(object: Uint8Array, id: string): CommitFacts | undefined {
  if (idOf(object) !== id) return undefined;
  const [, encoding = 'utf-8'] = /^encoding (\S+)$/m.exec(headOf(Buffer.from(object).toString('latin1'))) ?? [];
  const text = decode(object, encoding);
  const head = headOf(text);
  const [, author = ''] = /^author (.*) -?\d+ [+-]\d+$/m.exec(head) ?? [];
  return {
    message: cleanMessage(text.slice(head.length)),
    author: shortened(withoutControls(author).replaceAll(/\s+/g, ' '), LONGEST_AUTHOR),
  };
}

/** Returns a message as it is stored. */
export const cleanMessage = (text: string): string =>
  shortened(withoutControls(text.replaceAll(/\r\n?/g, '\n')), LONGEST_MESSAGE);

const idOf = (object: Uint8Array): string =>
  createHash('sha1').update(`commit ${object.length}\0`).update(object).digest('hex');

/** Returns the lines before the first empty line. A line that continues the one before begins with a space. */
function headOf(text: string): string {
  const end = text.indexOf('\n\n');
  return end < 0 ? text : text.slice(0, end);
}

/** Decodes a commit. It may name any encoding, even one that does not exist; then it is read as UTF-8. */
function decode(object: Uint8Array, encoding: string): string {
  try {
    return new TextDecoder(encoding).decode(object);
  } catch {
    return new TextDecoder().decode(object);
  }
}

/** Removes control characters; line breaks and tabs stay. */
const withoutControls = (text: string): string => text.replaceAll(/(?![\n\t])\p{Cc}/gu, '').trim();

/** Shortens a text. The cut may split a character of two code units, which `toWellFormed` repairs. */
const shortened = (text: string, most: number): string => text.slice(0, most).toWellFormed();
