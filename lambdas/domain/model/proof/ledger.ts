import * as z from 'zod';
import { ApplicationNameSchema, EnvironmentNameSchema, ReleaseNumberSchema } from '../../names.ts';
import { type EnvironmentState, isWithdrawn } from '../environment-state.ts';
import { isModule, type Subject, SubjectSchema } from './subject.ts';

const SuccessSchema = z.object({
  release: ReleaseNumberSchema,
  /** Number of the success among those of the environment. */
  success: z.int().min(1),
});
type Success = z.infer<typeof SuccessSchema>;

/** What successes of an environment have shown about one subject. */
export const LedgerEntrySchema = z.object({
  subject: SubjectSchema,
  /**
   * The success that proves it longest: of the successes that counted when it was entered, the one with the oldest
   * release. A later rollback withdraws successes of newer releases first, so this one falls last.
   */
  oldest: SuccessSchema,
  /** The newest success that contained it, withdrawn or not. */
  newest: SuccessSchema,
  /** For people: source and version of a module. */
  source: z.string().optional(),
  version: z.string().optional(),
});
export type LedgerEntry = z.infer<typeof LedgerEntrySchema>;

/** A part of an environment's ledger, so that no record outgrows the 400 KB of an item. */
export const LedgerPageSchema = z.object({
  application: ApplicationNameSchema,
  environment: EnvironmentNameSchema,
  /** The first digit of the identities on it, or `versions` for engines and providers. */
  page: z.string().regex(/^(?:[0-9a-f]|versions)$/),
  entries: z.array(LedgerEntrySchema),
});
export type LedgerPage = z.infer<typeof LedgerPageSchema>;

/** Most entries of a page. The entries that were seen least recently make room; what they proved has to be proven again. */
export const MOST_ENTRIES = 500;

/**
 * Most bytes of a page's entries. One success may write every page, in a transaction that may write 4 MB, together with
 * what else it records.
 */
const MOST_BYTES = 180_000;

/** Every page that a ledger may have. */
export const LEDGER_PAGES: readonly string[] = [...'0123456789abcdef', 'versions'];

/** Returns the page on which a subject stands. */
export const pageOf = (subject: Subject): string => (isModule(subject) ? subject.slice(0, 1) : 'versions');

/** Returns whether a success that still counts has contained the subject. */
export const isStillProven = (state: EnvironmentState, { oldest }: LedgerEntry): boolean => !isWithdrawn(state, oldest);

/** Returns the page with what a success contained. `state` is the environment's state, with that success. */
export function withSuccessOn(
  page: LedgerPage,
  contained: readonly Omit<LedgerEntry, 'oldest' | 'newest'>[],
  success: Success,
  state: EnvironmentState,
): LedgerPage {
  const entries = new Map(page.entries.map((entry) => [entry.subject, entry]));
  for (const facts of contained) {
    const before = entries.get(facts.subject);
    const isOlder = before && isStillProven(state, before) && before.oldest.release <= success.release;
    entries.set(facts.subject, { ...facts, oldest: isOlder ? before.oldest : success, newest: success });
  }
  const kept = [...entries.values()].sort((one, other) => other.newest.success - one.newest.success);
  return { ...page, entries: fitting(kept.slice(0, MOST_ENTRIES)) };
}

/** Returns the first entries, as many as a page has room for. */
function fitting(entries: readonly LedgerEntry[]): LedgerEntry[] {
  let bytes = 0;
  const first = entries.findIndex((entry) => {
    bytes += Buffer.byteLength(JSON.stringify(entry)) + 1;
    return bytes > MOST_BYTES;
  });
  return first < 0 ? [...entries] : entries.slice(0, first);
}
