import type { ComposedModule, Composition } from '../model/proof/composition.ts';
import { isStillProven, type LedgerEntry } from '../model/proof/ledger.ts';
import { isModule } from '../model/proof/subject.ts';
import { moduleName } from '../plan/modules/module-source.ts';
import type { Gap, Shown } from './judge.ts';

/** Most versions that a sentence names. */
const MOST_VERSIONS = 4;

/** What is not proven and what has run instead, and what to do about it, which continues the sentence. */
export interface DescribedGap {
  readonly fact: string;
  readonly advice: string;
}

/** Says what is not proven, what the environment before has run instead, and what to do about it. */
export function describeGap(gap: Gap, previous: Shown, { engine }: Composition): DescribedGap {
  if (gap.kind === 'module') return describeModule(gap.module, previous);
  const { environment } = previous;
  if (gap.kind === 'engine')
    return {
      fact: `the plan was made with ${engine.name} ${engine.version}; ${environment} has run ${listed(runsOf(previous, 'engine '))}`,
      advice: `: set this version in ${environment} and deploy there first, or lift`,
    };
  const [, address = ''] = gap.subject.split(' ');
  return {
    fact: `${address} is ${gap.version}; ${environment} has run ${listed(runsOf(previous, `provider ${address} `))}`,
    advice: `: bring ${gap.version} to ${environment} first, or lift`,
  };
}

function describeModule({ identity, calls, source, version, commit }: ComposedModule, previous: Shown): DescribedGap {
  const [first = ''] = calls;
  const who = calls.length > 1 ? `${first} (and ${calls.length - 1} more)` : first;
  const name = moduleName(source);
  const shown = inShort(version);
  if (identity === undefined)
    return { fact: `${who} is ${name} ${shown}, and its content is not known: the build did not list it`, advice: '' };
  const from = commit === undefined ? '' : `, commit ${commit.slice(0, 12)}`;
  const is = `${who} is ${name} ${shown} (${identity.slice(0, 12)}…${from})`;
  const { environment } = previous;
  const others = modulesOf(previous).filter((entry) => moduleName(entry.source ?? '') === name);
  const [moved] = inOrder(others.filter((entry) => entry.source === source && entry.version === version)).slice(-1);
  if (moved)
    return {
      fact: `${is}; ${environment} has run ${name} ${shown} with other content (release ${moved.newest.release}): what "${shown}" names has moved since`,
      advice: `. Bring this content to ${environment} first and pin a version or commit that does not move, or lift`,
    };
  const ran = others.map((entry) => ({ version: inShort(entry.version ?? ''), newest: entry.newest }));
  return {
    fact: `${is}; ${environment} has run ${listed(ran)}`,
    advice: `: bring ${shown === version ? shown : 'this content'} to ${environment} first, or use what ran there, or lift`,
  };
}

interface Run {
  readonly version: string;
  readonly newest: LedgerEntry['newest'];
}

const countingEntries = ({ state, ledger }: Shown): LedgerEntry[] =>
  [...ledger.values()].filter((entry) => state !== undefined && isStillProven(state, entry));

const modulesOf = (shown: Shown): LedgerEntry[] => countingEntries(shown).filter(({ subject }) => isModule(subject));

const runsOf = (shown: Shown, prefix: string): Run[] =>
  countingEntries(shown)
    .filter(({ subject }) => subject.startsWith(prefix))
    .map(({ version = '', newest }) => ({ version, newest }));

/** Sorts by the newest success that contained it, the newest last. */
const inOrder = <R extends Pick<Run, 'newest'>>(runs: readonly R[]): R[] =>
  [...runs].sort((one, other) => one.newest.success - other.newest.success);

/** Names versions in the order in which they ran: `1.4.0 (release 12) and 1.5.0 (release 14, the newest)`. */
function listed(runs: readonly Run[]): string {
  if (runs.length === 0) return 'none of it';
  const sorted = inOrder(runs).slice(-MOST_VERSIONS);
  const texts = sorted.map(
    ({ version, newest }, at) =>
      `${version} (release ${newest.release}${sorted.length > 1 && at === sorted.length - 1 ? ', the newest' : ''})`,
  );
  const last = texts.pop() ?? '';
  return texts.length > 0 ? `${texts.join(', ')} and ${last}` : last;
}

/** Returns a version for people: of a commit, the first digits. */
const inShort = (version: string): string => (/^[0-9a-f]{40}$/.test(version) ? version.slice(0, 12) : version);
