import { InvalidInputError } from '../domain/errors.ts';
import type { Allowed } from '../domain/model/request/settings-tag.ts';
import type { HttpEvent } from './http-event.ts';

/** One tag of the list, with the quotes. */
const TAG = /^(W\/)?"([\x21\x23-\x7e]*)"$/;

/**
 * Returns the tags that the header `If-Match` allows (RFC 9110, section 13.1.1), or undefined if there is none. A weak tag
 * (`W/"…"`) never matches. Throws InvalidInputError.
 */
export function ifMatchOf({ headers }: Pick<HttpEvent, 'headers'>): Allowed | undefined {
  const { 'if-match': given } = headers;
  if (given === undefined) return undefined;
  if (given.trim() === '*') return '*';
  return given.split(',').flatMap((text) => {
    const [found, weak, tag = ''] = TAG.exec(text.trim()) ?? [];
    if (found === undefined)
      throw new InvalidInputError('request', [
        { field: 'If-Match', message: 'an ETag in quotes, several of them, or *', value: JSON.stringify(given) },
      ]);
    return weak ? [] : [tag];
  });
}
