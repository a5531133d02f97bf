import { HIDDEN } from '../../contract/hidden-text/secret-finder.ts';
import type { Analysis } from '../analysis.ts';
import { listed } from '../wording.ts';
import { type Change, changesOf, withoutIndexes } from './change-set.ts';
import { type ChangeSet, REHEARSAL_ACTIONS, type Rehearsal, type RehearsalAction } from './rehearsal-schema.ts';

/** The applies that may have rehearsed a plan. */
export interface PastApplies {
  readonly environment: string;
  /** The applies after that of this release count; undefined if all count since the environment was made. */
  readonly since: number | undefined;
  readonly applies: readonly PastApply[];
  /** Whether `applies` has every apply that counts. */
  readonly appliesKnown: boolean;
}

export interface PastApply {
  /** `partly`: it failed after it had begun to change things. */
  readonly ending: 'whole' | 'partly';
  /** Undefined if it is not known what it changed. */
  readonly changes?: ChangeSet | undefined;
}

const MOST_UNREHEARSED = 20;
const MOST_NOTED = 10;
const LONGEST_ADDRESS = 300;

type Changes = Pick<Analysis, 'resources' | 'drift'>;

/** Compares a plan with earlier applies. Returns undefined if the plan changes no resource. */
export function rehearse(plan: Changes, past: PastApplies): Rehearsal | undefined {
  const changes = changesOf(plan).sort(
    (one, other) => REHEARSAL_ACTIONS.indexOf(one.action) - REHEARSAL_ACTIONS.indexOf(other.action),
  );
  if (changes.length === 0) return undefined;
  const done = { whole: new Done(past, 'whole'), partly: new Done(past, 'partly') };
  const appliesKnown = past.appliesKnown && past.applies.every((apply) => apply.changes);
  const drifted = new Map(plan.drift.map(({ address, what }) => [address, `it was ${what} outside of Terraform`]));
  const unrehearsed: Rehearsal['unrehearsed'] = [];
  const noted: Rehearsal['noted'] = [];
  let partly = 0;
  for (const change of changes) {
    const { action } = change;
    const drift = drifted.get(change.address);
    const address = shortened(change.address);
    const whole = done.whole.find(change);
    const found = whole ?? done.partly.find(change);
    if (!found) {
      const others = done.whole.othersThan(change);
      const why = [...reasonsOf(change, past, others), drift, !appliesKnown && 'not every apply there is known'];
      unrehearsed.push({ address, action, why: sentence(why) });
      continue;
    }
    if (!whole) partly += 1;
    const note = sentence([!whole && PARTLY, found.note, drift]);
    if (note !== '') noted.push({ address, action, note });
  }
  return {
    environment: past.environment,
    rehearsed: changes.length - unrehearsed.length,
    of: changes.length,
    partly,
    appliesKnown,
    unrehearsed: unrehearsed.slice(0, MOST_UNREHEARSED),
    moreUnrehearsed: Math.max(0, unrehearsed.length - MOST_UNREHEARSED),
    noted: noted.slice(0, MOST_NOTED),
    moreNoted: Math.max(0, noted.length - MOST_NOTED),
  };
}

const PARTLY = 'partly: the apply failed, so nobody knows whether this change was made';
const INDEXES_ASIDE = 'indexes aside: it is not known to have been made with the same indexes';
const EARLIER_ADDRESS = 'under its earlier address';

/** What the applies with one ending have done. */
class Done {
  readonly #exactly = new Set<string>();
  readonly #indexesAside = new Map<string, Set<RehearsalAction>>();

  constructor({ applies }: PastApplies, ending: PastApply['ending']) {
    const sets = applies.flatMap((apply) => (apply.ending === ending && apply.changes ? [apply.changes] : []));
    for (const { hasIndexes, actions } of sets)
      for (const { action, addresses } of actions)
        for (const address of addresses) {
          // A hidden key says nothing about which instance it was.
          if (hasIndexes && !address.includes(HIDDEN)) this.#exactly.add(`${action} ${address}`);
          const bare = withoutIndexes(address);
          this.#indexesAside.set(bare, (this.#indexesAside.get(bare) ?? new Set<RehearsalAction>()).add(action));
        }
  }

  /** Returns whether a change was made, with a note if only a similar one was. */
  find({ address, previousAddress, action }: Change): { readonly note?: string } | undefined {
    // Nobody knows whether two actions that are not known are the same.
    if (action === 'unknown') return undefined;
    if (this.#exactly.has(`${action} ${address}`)) return {};
    if (this.#madeAt(address).has(action)) return { note: INDEXES_ASIDE };
    const wasMoved = previousAddress !== undefined && this.#madeAt(previousAddress).has(action);
    return wasMoved ? { note: EARLIER_ADDRESS } : undefined;
  }

  /** Returns what else was done to the resource of a change. */
  othersThan({ address, action }: Change): RehearsalAction[] {
    return [...this.#madeAt(address)].filter((other) => other !== action && other !== 'unknown');
  }

  #madeAt(address: string): ReadonlySet<RehearsalAction> {
    return this.#indexesAside.get(withoutIndexes(address)) ?? new Set();
  }
}

/** Each action in words that follow "has" or "has not". */
const IN_WORDS: Readonly<Record<Exclude<RehearsalAction, 'unknown'>, string>> = {
  delete: 'deleted it',
  replace: 'replaced it',
  'delete-deposed': 'deleted a deposed object of it',
  'replace-and-forget': 'replaced it and left the old object alone',
  forget: 'forgotten it',
  update: 'updated it',
  create: 'created it',
};

function reasonsOf(
  { action }: Change,
  { environment, since }: PastApplies,
  others: readonly RehearsalAction[],
): string[] {
  if (action === 'unknown') return ['nobody knows what its actions do'];
  const begin = since === undefined ? 'it was made' : `it first applied release ${since}`;
  const done = others.flatMap((other) => (other === 'unknown' ? [] : [IN_WORDS[other]]));
  const only = done.length > 0 ? `, only ${listed(done, REHEARSAL_ACTIONS.length)}` : '';
  const forgets = action === 'forget' ? ['a forget: Terraform no longer manages it and leaves it as it is'] : [];
  return [`${environment} has not ${IN_WORDS[action]} since ${begin}${only}`, ...forgets];
}

const sentence = (parts: readonly (string | false | undefined)[]): string =>
  parts.filter((part) => part !== undefined && part !== false).join('; ');

const shortened = (address: string): string =>
  address.length > LONGEST_ADDRESS ? `${address.slice(0, LONGEST_ADDRESS).toWellFormed()}…` : address;
