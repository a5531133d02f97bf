import { cleanMessage } from '../contract/commit-facts.ts';
import type { Release } from './release.ts';

type Words = Pick<Release, 'message' | 'author'>;

/** Where message and author of a release come from. A request may say anything, also the name of somebody else. */
export const WORDS_FROM = ['push', 'request', 'commit'] as const;

export function wordsFrom({ source, stated }: Pick<Release, 'source' | 'stated'>): (typeof WORDS_FROM)[number] {
  if (source === 'push') return 'push';
  return stated ? 'commit' : 'request';
}

/** What the request for a release said that its commit does not say; an empty text is nothing said. */
export function statedOtherwise({ stated, message, author }: Words & Pick<Release, 'stated'>): Words | undefined {
  if (!stated) return undefined;
  const otherMessage = beginsWith(message, stated.message) ? '' : stated.message;
  const otherAuthor = isNameIn(author, stated.author) ? '' : stated.author;
  return otherMessage || otherAuthor ? { message: otherMessage, author: otherAuthor } : undefined;
}

/** A request often gives the first line only, and a commit's message is cut. */
function beginsWith(message: string, stated: string): boolean {
  const inOneLine = (text: string) => text.replaceAll(/\s+/g, ' ').trim();
  return inOneLine(message).startsWith(inOneLine(cleanMessage(stated)));
}

/** The whole of `Name <mail>`, or one of the two. */
const isNameIn = (author: string, stated: string): boolean =>
  ['', author, ...author.split(/[<>]/).map((part) => part.trim())].includes(stated.trim());
