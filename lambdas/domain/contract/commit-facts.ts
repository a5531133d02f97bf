import { createHash } from 'node:crypto';
import * as z from 'zod';

/** What a commit says of itself, fit to be stored and shown: without control characters, and of a bounded length. */
export interface CommitFacts {
  readonly message: string;
  /** `Name <mail>` */
  readonly author: string;
}

/** Larger ones are not read: results are bounded. */
export const MOST_COMMIT_BYTES = 256 * 1024;

/**
 * A commit as git keeps it, in base64. Its id is the hash of it: a build that hands it over can leave it out, and change no
 * word of it.
 */
export const CommitObjectSchema = z.base64().max(Math.ceil(MOST_COMMIT_BYTES / 3) * 4);

const LONGEST_MESSAGE = 2000;
const LONGEST_AUTHOR = 500;

/** Message and author of a commit; undefined where the object is another one than the id names. */
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

/** A message as it is kept. */
export const cleanMessage = (text: string): string =>
  shortened(withoutControls(text.replaceAll(/\r\n?/g, '\n')), LONGEST_MESSAGE);

const idOf = (object: Uint8Array): string =>
  createHash('sha1').update(`commit ${object.length}\0`).update(object).digest('hex');

/** The lines before the first empty one; what continues a line begins with a space. */
function headOf(text: string): string {
  const end = text.indexOf('\n\n');
  return end < 0 ? text : text.slice(0, end);
}

/** A commit may name any encoding, also one that does not exist. */
function decode(object: Uint8Array, encoding: string): string {
  try {
    return new TextDecoder(encoding).decode(object);
  } catch {
    return new TextDecoder().decode(object);
  }
}

/** Line breaks and tabs stay. */
const withoutControls = (text: string): string => text.replaceAll(/(?![\n\t])\p{Cc}/gu, '').trim();

/** The cut may go through a character of two halves. */
const shortened = (text: string, most: number): string => text.slice(0, most).toWellFormed();
