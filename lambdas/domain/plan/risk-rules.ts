import { type Exposure, LEVELS, type Level } from './analysis-parts.ts';
import { counted, listed, percent } from './wording.ts';

/** Facts that the rules look at. Addresses are in the form in which they may be shown. */
export interface RiskFacts {
  readonly created: readonly string[];
  readonly updated: readonly string[];
  readonly updatedStateful: readonly string[];
  /** Deleted objects that hold no data and no logs, and that no traffic passes through. */
  readonly deleted: readonly string[];
  readonly replacedOldFirst: readonly string[];
  /** Replacements of objects that have numbered revisions anyway. */
  readonly revised: readonly string[];
  readonly replacedNewFirst: readonly string[];
  readonly losses: readonly { readonly address: string; readonly why: string }[];
  /** Deleted or replaced objects that traffic passes through. */
  readonly trafficCut: readonly string[];
  readonly logsLost: readonly string[];
  readonly forgotten: readonly string[];
  readonly recordsOnly: readonly string[];
  readonly exposures: readonly Exposure[];
  readonly weakened: readonly { readonly address: string; readonly why: string }[];
  readonly unjudged: readonly { readonly address: string; readonly attributes: readonly string[] }[];
  readonly unknown: readonly string[];
  readonly invocations: number;
  readonly dependents: readonly string[];
  /** Number of existing objects that are changed, replaced or deleted; `existing` counts all existing objects. */
  readonly touchedExisting: number;
  /** Number of existing objects that are deleted or replaced. */
  readonly destroyedExisting: number;
  readonly existing: number;
  readonly destroysEverything: boolean;
}

interface RiskRule {
  readonly rule: string;
  readonly level: Level;
  /** Points added to the score within the level. */
  readonly points: number;
  /** Returns the sentences that apply; none when the rule does not apply. */
  readonly sentences: (facts: RiskFacts) => readonly string[];
}

/** Number of dependents from which a change has a wide effect. */
const MANY_DEPENDENTS = 10;
/** Fewest affected objects for which a share is computed. For fewer objects, a share says nothing. */
const FEW_OBJECTS = 4;

const share = (part: number, { existing }: RiskFacts): number =>
  existing === 0 || part < FEW_OBJECTS ? 0 : part / existing;
const touchedShare = (facts: RiskFacts): number => share(facts.touchedExisting, facts);
const destroyedShare = (facts: RiskFacts): number => share(facts.destroyedExisting, facts);
const sentence = (applies: boolean, text: () => string): string[] => (applies ? [text()] : []);
const about = (addresses: readonly string[], what: (list: string, verb: string) => string): string[] =>
  sentence(addresses.length > 0, () => what(listed(addresses), addresses.length === 1 ? 'is' : 'are'));
const exposed =
  (severity: Level) =>
  ({ exposures }: RiskFacts): string[] =>
    exposures.filter((exposure) => exposure.severity === severity).map(({ address, why }) => `${address} ${why}.`);

/**
 * The rule table, the worst rules first. The level of a plan is the worst level of the rules that apply. The score is
 * the lowest score of that level (low 1, medium 25, high 50, critical 75) plus the points of all rules that apply less
 * one, at most 24.
 */
export const RISK_RULES: readonly RiskRule[] = [
  {
    rule: 'everything-destroyed',
    level: 'critical',
    points: 24,
    sentences: ({ destroysEverything, existing }) =>
      sentence(destroysEverything, () => `Everything is destroyed: ${counted(existing, 'resource')}.`),
  },
  {
    rule: 'stateful-loss',
    level: 'critical',
    points: 15,
    sentences: ({ losses }) => losses.map(({ address, why }) => `${address} ${why}.`),
  },
  {
    rule: 'unknown-action',
    level: 'critical',
    points: 15,
    sentences: ({ unknown }) =>
      about(unknown, (list) => `What happens to ${list} cannot be judged: the action is unknown.`),
  },
  { rule: 'exposure-critical', level: 'critical', points: 15, sentences: exposed('critical') },
  { rule: 'exposure-high', level: 'high', points: 10, sentences: exposed('high') },
  {
    rule: 'traffic-cut',
    level: 'high',
    points: 10,
    sentences: ({ trafficCut }) =>
      about(
        trafficCut,
        (list, verb) => `${list} ${verb} deleted or replaced; traffic passes through ${verb === 'is' ? 'it' : 'them'}.`,
      ),
  },
  {
    rule: 'safety-net-removed',
    level: 'high',
    points: 8,
    sentences: ({ weakened }) => weakened.map(({ address, why }) => `${address} ${why}.`),
  },
  {
    rule: 'most-destroyed',
    level: 'high',
    points: 8,
    sentences: (facts) =>
      sentence(
        destroyedShare(facts) > 0.3 && !facts.destroysEverything,
        () =>
          `${percent(destroyedShare(facts))} of the environment is deleted or replaced (${facts.destroyedExisting} of ${facts.existing}).`,
      ),
  },
  { rule: 'exposure-medium', level: 'medium', points: 6, sentences: exposed('medium') },
  {
    rule: 'stateful-updated',
    level: 'medium',
    points: 5,
    sentences: ({ updatedStateful }) =>
      about(
        updatedStateful,
        (list, verb) => `${list} ${verb} changed in place and ${verb === 'is' ? 'holds' : 'hold'} data.`,
      ),
  },
  {
    rule: 'deleted',
    level: 'medium',
    points: 5,
    sentences: ({ deleted }) => about(deleted, (list, verb) => `${list} ${verb} deleted.`),
  },
  {
    rule: 'replaced-old-first',
    level: 'medium',
    points: 5,
    sentences: ({ replacedOldFirst }) =>
      about(
        replacedOldFirst,
        (list, verb) => `${list} ${verb} replaced; between the old and the new there is nothing.`,
      ),
  },
  {
    rule: 'logs-lost',
    level: 'medium',
    points: 5,
    sentences: ({ logsLost }) => about(logsLost, (list, verb) => `${list} ${verb} deleted with the logs in it.`),
  },
  {
    rule: 'stateful-forgotten',
    level: 'medium',
    points: 4,
    sentences: ({ forgotten }) =>
      about(forgotten, (list, verb) => `${list} ${verb} no longer managed, but not destroyed.`),
  },
  {
    rule: 'actions-invoked',
    level: 'medium',
    points: 4,
    sentences: ({ invocations }) =>
      sentence(invocations > 0, () => `${counted(invocations, 'provider action')} will be invoked.`),
  },
  {
    rule: 'many-dependents',
    level: 'medium',
    points: 4,
    sentences: ({ dependents }) =>
      sentence(
        dependents.length >= MANY_DEPENDENTS,
        () => `At least ${dependents.length} other resources depend on what changes.`,
      ),
  },
  {
    rule: 'most-touched',
    level: 'medium',
    points: 4,
    sentences: (facts) =>
      sentence(
        touchedShare(facts) > 0.5 && !facts.destroysEverything,
        () =>
          `${percent(touchedShare(facts))} of the environment is changed (${facts.touchedExisting} of ${facts.existing}).`,
      ),
  },
  { rule: 'exposure-low', level: 'low', points: 2, sentences: exposed('low') },
  {
    rule: 'not-judged',
    level: 'low',
    points: 2,
    sentences: ({ unjudged }) =>
      sentence(unjudged.length > 0, () => {
        const shown = unjudged.map(({ address, attributes }) => `${address} (${attributes.join(', ')})`);
        return `Whether ${listed(shown)} ${unjudged.length === 1 ? 'opens' : 'open'} anything is known only after the apply.`;
      }),
  },
  {
    rule: 'revised',
    level: 'low',
    points: 1,
    sentences: ({ revised }) =>
      about(revised, (list, verb) => `${list} ${verb === 'is' ? 'gets' : 'get'} a new revision.`),
  },
  {
    rule: 'replaced-new-first',
    level: 'low',
    points: 2,
    sentences: ({ replacedNewFirst }) =>
      about(replacedNewFirst, (list, verb) => `${list} ${verb} replaced, the new one first.`),
  },
  {
    rule: 'updated',
    level: 'low',
    points: 2,
    sentences: ({ updated }) => about(updated, (list, verb) => `${list} ${verb} changed in place.`),
  },
  {
    rule: 'created',
    level: 'low',
    points: 1,
    sentences: ({ created }) => about(created, (list, verb) => `${list} ${verb} created.`),
  },
  {
    rule: 'records-only',
    level: 'low',
    points: 1,
    sentences: ({ recordsOnly }) =>
      sentence(recordsOnly.length > 0, () => `Terraform's records change: ${listed(recordsOnly, 4)}.`),
  },
];

const FOOT: Readonly<Record<Level, number>> = { none: 0, low: 1, medium: 25, high: 50, critical: 75 };
/** Most points above the lowest score of a level; a score never leaves its level. */
const MOST_POINTS = 24;

export interface Judgement {
  readonly level: Level;
  /** 0 to 99; higher is worse, also within a level. */
  readonly score: number;
  readonly causes: readonly { readonly rule: string; readonly level: Level; readonly text: string }[];
}

export function judgeRisk(facts: RiskFacts): Judgement {
  const applying = RISK_RULES.map((rule) => ({ ...rule, texts: rule.sentences(facts) })).filter(
    ({ texts }) => texts.length > 0,
  );
  const rank = Math.max(0, ...applying.map(({ level }) => LEVELS.indexOf(level)));
  const level = LEVELS[rank] ?? 'none';
  const points = applying.reduce((sum, rule) => sum + rule.points, 0);
  return {
    level,
    score: level === 'none' ? 0 : FOOT[level] + Math.min(MOST_POINTS, points - 1),
    causes: applying.flatMap(({ rule, level, texts }) => texts.map((text) => ({ rule, level, text }))),
  };
}
