import { createHash } from 'node:crypto';
import * as z from 'zod';
import { InvalidInputError } from '../domain/errors.ts';
import type { Listing } from '../domain/model/table/listings.ts';
import type { Kind, RecordOf } from '../domain/model/table/records.ts';
import type { Page, Store } from '../domain/ports.ts';

/** Most reads for one page, and the records of one read. A filter that lets little through gets a short page instead. */
const MOST_READS = 10;
const READ_AT_ONCE = 100;

interface PageRequest {
  readonly limit: number;
  readonly cursor?: string | undefined;
}

type Given = Readonly<Record<string, string | number | undefined>>;

/**
 * Lists the records that match, as many as the limit allows within a bounded number of reads. There may be more where
 * the page has a cursor, also if it has fewer items than the limit. `given` are the parameters that make the list what
 * it is: a cursor counts only with the same ones. It keeps its place whatever comes and goes meanwhile, because it names
 * the record behind which the next page begins, and it never expires. Throws InvalidInputError for any other cursor.
 */
export async function filteredPage<K extends Kind>(
  store: Pick<Store, 'list'>,
  listing: Listing<K>,
  { limit, cursor }: PageRequest,
  given: Given,
  matches: (record: RecordOf<K>) => boolean | Promise<boolean>,
): Promise<Pick<Page<RecordOf<K>>, 'items' | 'unreadable' | 'nextCursor'>> {
  const items: RecordOf<K>[] = [];
  const unreadable: Page<unknown>['unreadable'][number][] = [];
  const end = (next: string | undefined) => ({
    items,
    unreadable,
    ...(next !== undefined && { nextCursor: boundCursor(next, given) }),
  });
  let at = cursor === undefined ? undefined : placeOf(cursor, given);
  for (let reads = 0; reads < MOST_READS; reads++) {
    const page = await store.list(listing, { limit: READ_AT_ONCE, ...(at !== undefined && { cursor: at }) });
    const isMatch = await Promise.all(page.items.map(matches));
    for (const [index, record] of page.items.entries()) {
      if (!isMatch[index]) continue;
      items.push(record);
      if (items.length < limit) continue;
      const isLast = page.nextCursor === undefined && !isMatch.includes(true, index + 1);
      if (isLast) break;
      const ending = page.endingWith(record);
      unreadable.push(...ending.unreadable);
      return end(ending.nextCursor);
    }
    unreadable.push(...page.unreadable);
    at = page.nextCursor;
    if (at === undefined) return end(undefined);
  }
  return end(at);
}

/**
 * Lists a page as `filteredPage` does, for filters that let everything through unless a parameter says otherwise: one
 * read is enough without any.
 */
export async function listPage<K extends Kind>(
  store: Pick<Store, 'list'>,
  listing: Listing<K>,
  request: PageRequest,
  given: Given,
  matches: (record: RecordOf<K>) => boolean,
): Promise<Pick<Page<RecordOf<K>>, 'items' | 'unreadable' | 'nextCursor'>> {
  const { order, ...filters } = given;
  if (Object.values(filters).some((value) => value !== undefined))
    return filteredPage(store, listing, request, given, matches);
  const { limit, cursor } = request;
  const at = cursor === undefined ? {} : { cursor: placeOf(cursor, given) };
  const { nextCursor: next, ...page } = await store.list(listing, { limit, ...at });
  return { ...page, ...(next !== undefined && { nextCursor: boundCursor(next, given) }) };
}

/** Returns a cursor that counts only with these parameters. Without any it is the place itself. */
export function boundCursor(place: string, given: Given): string {
  const mark = markOf(given);
  return mark === undefined ? place : `${place}.${mark}`;
}

/** Returns the place that a cursor names. Throws InvalidInputError if it was made with other parameters. */
export function placeOf(cursor: string, given: Given): string {
  const [place = '', mark, ...more] = cursor.split('.');
  if (mark !== markOf(given) || more.length > 0) throw foreignCursor(cursor);
  return place;
}

export const foreignCursor = (cursor: string): InvalidInputError =>
  new InvalidInputError('request', [
    {
      field: 'cursor',
      message: 'not a cursor of this list with these filters; begin again without a cursor',
      value: JSON.stringify(cursor).slice(0, 200),
    },
  ]);

function markOf(given: Given): string | undefined {
  const parameters = Object.entries(given).filter(([, value]) => value !== undefined);
  if (parameters.length === 0) return undefined;
  const text = JSON.stringify(parameters.sort(([one], [other]) => (one < other ? -1 : 1)));
  return createHash('sha256').update(text).digest('base64url').slice(0, 16);
}

const InstantQuery = z.iso.datetime({ offset: true, error: 'a time such as 2026-12-01T09:30:00Z' });

/** Parameters of lists by time: `from` belongs to it, `to` does not. */
export const TimeRange = {
  /** Only what is of this time or later. */
  from: InstantQuery.optional(),
  /** Only what is before this time. */
  to: InstantQuery.optional(),
};

interface Range {
  readonly from?: string | undefined;
  readonly to?: string | undefined;
}

/** Returns whether a time lies in the range. Throws InvalidInputError, naming `to`, if nothing could. */
export function inRange({ from, to }: Range): (at: string) => boolean {
  const [first, end] = [from, to].map((text) => (text === undefined ? undefined : Date.parse(text)));
  if (first !== undefined && end !== undefined && end <= first)
    throw new InvalidInputError('request', [
      { field: 'to', message: `must be after from, which is ${from}`, value: JSON.stringify(to) },
    ]);
  return (at) => {
    const time = Date.parse(at);
    return (first === undefined || time >= first) && (end === undefined || time < end);
  };
}
