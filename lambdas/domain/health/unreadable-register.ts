import type { UnreadableRecordError } from '../errors.ts';
import { LISTINGS } from '../model/table/listings.ts';
import { type Kind, RECORDS } from '../model/table/records.ts';
import type { UnreadableRecord } from '../model/upkeep/upkeep-records.ts';
import type { Store, Surroundings } from '../ports.ts';
import { problemsOf } from '../transaction/describe-unreadable.ts';
import { listReadable } from '../transaction/list-all.ts';
import { parseRecord } from '../transaction/unit-of-work.ts';
import { unlessUnreadable } from '../transaction/unless-unreadable.ts';

interface Services {
  readonly store: Store;
  readonly surroundings: Surroundings;
}

/**
 * Notes records that cannot be read, each once. A note that cannot be read stays as it is, and stops no other.
 * `GET /health/details` shows the notes.
 */
export async function noteUnreadable(services: Services, met: readonly UnreadableRecordError[]): Promise<void> {
  for (const unreadable of new Map(met.map((each) => [placeOf(each), each])).values())
    await unlessUnreadable(() => note(services, unreadable));
}

async function note({ store, surroundings }: Services, unreadable: UnreadableRecordError): Promise<void> {
  const { kind, pk, sk } = unreadable;
  const problems = problemsOf(unreadable);
  await store.transact(async (transaction) => {
    const noted = await transaction.get('unreadableRecord', { pk, sk });
    if (noted?.problems.join() === problems.join()) return;
    const since = noted?.since ?? surroundings.now();
    transaction.put('unreadableRecord', { kind, pk, sk, problems, since });
  });
}

/**
 * Looks again at every record that is noted, and removes the note of one that can be read again or is gone. Then notes
 * what was met in this run. Returns the number of noted records that were not met, and still cannot be read.
 */
export async function reviewUnreadable(services: Services, met: readonly UnreadableRecordError[]): Promise<number> {
  const { store } = services;
  const noted = (await listReadable(store, LISTINGS.unreadableRecords())).items;
  const places = new Set(met.map(placeOf));
  let left = 0;
  for (const record of noted.filter((each) => !places.has(placeOf(each))))
    if (await isReadable(store, record)) await unlessUnreadable(() => forget(store, record));
    else left += 1;
  const known = new Set(noted.map(placeOf));
  await noteUnreadable(
    services,
    met.filter((each) => !known.has(placeOf(each))),
  );
  return left;
}

const placeOf = ({ pk, sk }: { readonly pk: string; readonly sk: string }): string => `${pk} ${sk}`;

async function isReadable(store: Store, { kind, pk, sk }: UnreadableRecord): Promise<boolean> {
  const ahead = await store.readAhead();
  const stored = await ahead.load(pk, sk);
  if (!stored) return true;
  if (!isKind(kind)) return false;
  try {
    parseRecord(kind, stored);
    return true;
  } catch {
    return false;
  }
}

const isKind = (kind: string): kind is Kind => Object.hasOwn(RECORDS, kind);

const forget = (store: Store, { pk, sk }: UnreadableRecord): Promise<void> =>
  store.transact(async (transaction) => {
    if (await transaction.get('unreadableRecord', { pk, sk })) transaction.delete('unreadableRecord', { pk, sk });
  });
