import type { EnvironmentState } from '../model/environment-state.ts';
import type { Composition } from '../model/proof/composition.ts';
import { LEDGER_PAGES, type LedgerEntry, pageOf, withSuccessOn } from '../model/proof/ledger.ts';
import { engineSubject, providerSubject, type Subject } from '../model/proof/subject.ts';
import type { Reader, Transaction } from '../ports.ts';

interface Place {
  readonly application: string;
  readonly environment: string;
}

/** Reads what the ledger of an environment says about the subjects, of which one is an engine. */
export async function readLedger(
  reader: Reader,
  { application, environment }: Place,
  subjects: readonly Subject[],
): Promise<ReadonlyMap<Subject, LedgerEntry>> {
  const names = [...new Set(subjects.map(pageOf))];
  const pages = await Promise.all(names.map((page) => reader.get('ledgerPage', { application, environment, page })));
  return entriesOf(pages);
}

/** Reads the whole ledger of an environment: at most `LEDGER_PAGES` records. */
export async function readWholeLedger(
  reader: Reader,
  { application, environment }: Place,
): Promise<ReadonlyMap<Subject, LedgerEntry>> {
  const pages = await Promise.all(
    LEDGER_PAGES.map((page) => reader.get('ledgerPage', { application, environment, page })),
  );
  return entriesOf(pages);
}

const entriesOf = (pages: readonly ({ entries: LedgerEntry[] } | undefined)[]): Map<Subject, LedgerEntry> =>
  new Map(pages.flatMap((page) => page?.entries ?? []).map((entry) => [entry.subject, entry]));

const LONGEST_SOURCE = 200;
const LONGEST_VERSION = 100;

/** Returns everything that the success of a composition shows. A module of which nothing stands shows nothing. */
function shownBy({ engine, providers = [], modules }: Composition): Omit<LedgerEntry, 'oldest' | 'newest'>[] {
  return [
    ...modules.flatMap(({ identity, source, version, inUse }) =>
      inUse && identity !== undefined
        ? [{ subject: identity, source: source.slice(0, LONGEST_SOURCE), version: version.slice(0, LONGEST_VERSION) }]
        : [],
    ),
    { subject: engineSubject(engine), version: engine.version },
    ...providers.map((provider) => ({ subject: providerSubject(provider), version: provider.version })),
  ];
}

/** The subjects that a composition brings and that are judged. */
export const subjectsOf = (composition: Composition): Subject[] => [
  ...new Set(shownBy(composition).map(({ subject }) => subject)),
];

/** Enters a success in the ledger of its environment. `state` is the environment's state with that success. */
export async function enterInLedger(
  transaction: Transaction,
  state: EnvironmentState,
  release: number,
  composition: Composition,
): Promise<void> {
  const { application, environment, successes: success } = state;
  const shown = shownBy(composition).filter(({ subject }) => !composition.unproven?.includes(subject));
  for (const page of new Set(shown.map(({ subject }) => pageOf(subject)))) {
    const before = await transaction.get('ledgerPage', { application, environment, page });
    const contained = shown.filter(({ subject }) => pageOf(subject) === page);
    const empty = { application, environment, page, entries: [] };
    transaction.put('ledgerPage', withSuccessOn(before ?? empty, contained, { release, success }, state));
  }
}
