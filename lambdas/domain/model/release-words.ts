import { cleanMessage } from '../contract/commit-facts.ts';
import type { Release } from './release.ts';

type Words = Pick<Release, 'message' | 'author'>;

/** Where message and author of a release come from. A request can contain anything, including another person's name. */
export const WORDS_FROM = ['push', 'request', 'commit'] as const;

export function wordsFrom({ source, stated }: Pick<Release, 'source' | 'stated'>): (typeof WORDS_FROM)[number] {
  if (source === 'push') return 'push';
  return stated ? 'commit' : 'request';
}

/**
 * Returns the message and author that the request for a release gave, as far as its commit does not have them. An empty
 * text means no difference.
 */
export function statedOtherwise({ stated, message, author }: Words & Pick<Release, 'stated'>): Words | undefined {
  if (!stated) return undefined;
  const otherMessage = beginsWith(message, stated.message) ? '' : stated.message;
  const otherAuthor = isNameIn(author, stated.author) ? '' : stated.author;
  return otherMessage || otherAuthor ? { message: otherMessage, author: otherAuthor } : undefined;
}

/**
 * Returns whether a message begins with the stated one. A request often gives only the first line, and a commit's
 * message is cut.
 */
function beginsWith(message: string, stated: string): boolean {
  const inOneLine = (text: string) => text.replaceAll(/\s+/g, ' ').trim();
  return inOneLine(message).startsWith(inOneLine(cleanMessage(stated)));
}

/** Returns whether the stated author is empty, the whole of `Name <mail>`, or one of the two parts. */
const isNameIn = (author: string, stated: string): boolean =>
  ['', author, ...author.split(/[<>]/).map((part) => part.trim())].includes(stated.trim());
