import type * as z from 'zod';
import type { Undestroyed } from '../contract/destroy-settings.ts';
import type { OperationSchema } from '../operation.ts';
import type { Stage } from '../policy.ts';
import { existingObjects, isEverythingDestroyed } from './blast-radius.ts';
import { findStaying } from './ephemeral/could-never-end.ts';
import type { Plan } from './plan-schema.ts';
import type { PlanFlags } from './plan-summary.ts';
import type { Redactor } from './redaction/redactor.ts';
import { type ResourceChange, valuesBefore } from './resource-change.ts';
import {
  MOST_DELETED_SHARE,
  MOST_PROTECTION_LIFTS,
  type SafeguardSettings,
  type Safeguards,
  type Violation,
} from './safeguards-schema.ts';
import { lossOf } from './stateful-kinds.ts';
import { counted, percent } from './wording.ts';

/** Address of the environment as a whole when the environment's name is not known. */
const UNNAMED_ENVIRONMENT = '*';

/** Deleting fewer objects than this never counts as too many. */
const FEW_DELETIONS = 3;

/** Facts about the plan of an ephemeral environment. */
export interface EphemeralPlan {
  /** Whether nothing was ever applied to the environment. */
  readonly isFirst: boolean;
  /** Resources of the configuration that the engine does not destroy, as the build found them. */
  readonly undestroyed?: readonly Undestroyed[];
}

export interface SafeguardFacts {
  readonly plan: Plan;
  readonly changes: readonly ResourceChange[];
  readonly flags: Pick<PlanFlags, 'complete' | 'errored'>;
  /** Resources that are configured but do not exist, although the plan says that nothing changes. */
  readonly contradictions?: readonly string[];
  readonly stage: Stage;
  readonly deletionProtection: boolean;
  readonly operation?: z.infer<typeof OperationSchema>;
  readonly settings?: SafeguardSettings;
  readonly ephemeral?: EphemeralPlan;
  /** Name of the environment. A lift with this name is for the environment as a whole. */
  readonly environment?: string;
  /** Addresses (or the environment's name) whose protection staff has lifted by a lift that is still unused. */
  readonly lifts?: readonly string[];
  /** Makes addresses as they are shown, and therefore as staff names them in lifts. */
  readonly redactor: Pick<Redactor, 'address' | 'text'>;
}

/**
 * Judges a plan by rule 7: production, and any environment with deletion protection, is never destroyed and loses no
 * protected object until staff lifts the protection. Plans that failed, are incomplete or contain unknown actions are
 * refused in every environment.
 */
export function evaluateSafeguards(facts: SafeguardFacts): Safeguards {
  const found = [
    ...planViolations(facts),
    ...(facts.ephemeral ? ephemeralViolations(facts, facts.ephemeral) : []),
    ...(isProtected(facts) ? protectionViolations(facts) : []),
  ];
  const lifted = (isWholeFirst: boolean): Violation[] =>
    found.map((violation) => {
      const address = facts.redactor.address(violation.address);
      return { ...violation, address, liftedBy: liftFor({ ...violation, address }, facts, isWholeFirst) };
    });
  const singly = lifted(false);
  const violations = liftsOf(singly).length > MOST_PROTECTION_LIFTS ? lifted(true) : singly;
  const liftsUsed = liftsOf(violations);
  return {
    verdict: violations.every(({ liftedBy }) => liftedBy !== null) ? 'allow' : 'block',
    violations,
    liftsUsed,
    requiresBothGates: liftsUsed.length > 0,
  };
}

const isProtected = ({ stage, deletionProtection }: SafeguardFacts): boolean =>
  stage === 'production' || deletionProtection;

type Found = Omit<Violation, 'liftedBy'>;

const wholeOf = ({ environment }: SafeguardFacts): string => environment ?? UNNAMED_ENVIRONMENT;

/**
 * Returns the lift for the address itself, otherwise the lift for the environment, otherwise null; the other way round
 * if there are too many single lifts for one plan.
 */
function liftFor({ address, liftable }: Found, facts: SafeguardFacts, isWholeFirst: boolean): string | null {
  if (!liftable) return null;
  const places = [address, wholeOf(facts)];
  return (isWholeFirst ? places.reverse() : places).find((lifted) => facts.lifts?.includes(lifted)) ?? null;
}

const liftsOf = (violations: readonly Violation[]): string[] => [
  ...new Set(violations.flatMap(({ liftedBy }) => liftedBy ?? [])),
];

/** Returns the violations that no lift can allow. */
function planViolations(facts: SafeguardFacts): Found[] {
  const { changes, flags, redactor, contradictions = [] } = facts;
  const whole = (rule: Violation['rule'], why: string): Found => ({
    address: wholeOf(facts),
    rule,
    why,
    liftable: false,
  });
  return [
    ...(flags.errored
      ? [whole('plan-errored', 'planning ended with an error; the plan is only a part of what was wanted')]
      : []),
    ...(!flags.errored && !flags.complete
      ? [
          whole(
            'plan-incomplete',
            'the plan covers only a part of the configuration (-target, or something was deferred)',
          ),
        ]
      : []),
    ...contradictions.map((address): Found => {
      const why = 'is in the configuration and not there, although the plan says that nothing changes';
      return { address, rule: 'plan-contradictory', why, liftable: false };
    }),
    ...changes
      .filter(({ kind }) => kind === 'unknown')
      .map(({ address, actions }): Found => {
        const why = `the actions ${redactor.text(actions.join(', '))} are unknown; what they do cannot be judged`;
        return { address, rule: 'unknown-action', why, liftable: false };
      }),
  ];
}

/**
 * Returns where a plan breaks the rules of an ephemeral environment. Such an environment ends with the destruction of
 * everything in it, so it must have created all of that itself, and must leave nothing behind: its first plan only
 * creates, no plan imports or forgets, and none creates or keeps what could not be destroyed.
 */
function ephemeralViolations(
  { plan, changes, operation, redactor }: SafeguardFacts,
  { isFirst, undestroyed = [] }: EphemeralPlan,
): Found[] {
  const adopting = changes.flatMap(({ address, importing, actions }): Found[] => {
    const what = importing ? 'is imported' : actions.includes('forget') ? 'would be forgotten' : undefined;
    if (!what) return [];
    const why = `${what}; an ephemeral environment contains only what it created, and destroys all of it when it ends`;
    return [{ address, rule: 'adopts-or-leaves', why, liftable: false }];
  });
  if (operation === 'destroy') return adopting;
  const broken = [...adopting, ...staying(changes, undestroyed, redactor)];
  if (!isFirst) return broken;
  const existing = existingObjects(plan, changes);
  const others = changes
    .filter(({ mode, kind }) => mode === 'managed' && kind !== 'create')
    .map(({ address }) => address);
  return [
    ...broken,
    ...[...new Set([...existing, ...others])].map((address): Found => {
      const why = 'already exists; the first plan of an ephemeral environment may only create';
      return { address, rule: 'first-plan-creates', why, liftable: false };
    }),
  ];
}

const staying = (
  changes: readonly ResourceChange[],
  undestroyed: readonly Undestroyed[],
  redactor: SafeguardFacts['redactor'],
): Found[] =>
  findStaying(changes, undestroyed)
    .filter(({ fails }) => fails === 'always')
    .map(({ address, why }) => ({
      address,
      rule: 'could-never-end',
      why: redactor.text(`${why}; otherwise this environment could never end`),
      liftable: false,
    }));

function protectionViolations(facts: SafeguardFacts): Found[] {
  const { plan, changes, stage, operation } = facts;
  const protection = stage === 'production' ? 'production is protected' : 'the environment has deletion protection';
  const existing = existingObjects(plan, changes).size;
  const deleted = new Set(
    changes.filter(({ kind, deposed }) => kind === 'delete' && deposed === undefined).map(({ address }) => address),
  ).size;
  const destroysEnvironment = operation === 'destroy' || isEverythingDestroyed(changes, existing);
  const most = facts.settings?.mostDeletedShare ?? MOST_DELETED_SHARE;
  const isTooMany = !destroysEnvironment && deleted >= FEW_DELETIONS && existing > 0 && deleted / existing > most;
  const environment = (rule: Violation['rule'], why: string): Found => ({
    address: wholeOf(facts),
    rule,
    why,
    liftable: true,
  });
  return [
    ...(destroysEnvironment
      ? [environment('environment-destroyed', `the whole environment is destroyed; ${protection}`)]
      : []),
    ...(isTooMany
      ? [
          environment(
            'too-many-deletions',
            `${deleted} of ${counted(existing, 'object')} are deleted (${percent(deleted / existing)}, at most ${percent(most)}); ${protection}`,
          ),
        ]
      : []),
    ...changes.flatMap((change) => protectedObject(change, facts, protection)),
  ];
}

function protectedObject(change: ResourceChange, { settings }: SafeguardFacts, protection: string): Found[] {
  if (!change.destroys) return [];
  const { address, type } = change;
  const what = change.kind === 'replace' ? 'is replaced' : 'is deleted';
  const loses = lossOf(type, valuesBefore(change));
  if (loses !== undefined)
    return [{ address, rule: 'protected-kind', why: `${what}: ${loses}; ${protection}`, liftable: true }];
  if (settings?.protectedTypes?.includes(type))
    return [
      {
        address,
        rule: 'protected-kind',
        why: `${what} and ${type} is a protected kind here; ${protection}`,
        liftable: true,
      },
    ];
  const pattern = settings?.protectedAddresses?.find((wanted) => matchesPattern(address, wanted));
  return pattern === undefined
    ? []
    : [
        {
          address,
          rule: 'protected-address',
          why: `${what} and is protected by "${pattern}"; ${protection}`,
          liftable: true,
        },
      ];
}

/**
 * Returns whether a text matches a pattern, in which `*` stands for any text. Takes linear time, unlike a regular
 * expression that is made from a user's pattern.
 */
export function matchesPattern(text: string, pattern: string): boolean {
  const [first = '', ...rest] = pattern.split('*');
  if (!text.startsWith(first)) return false;
  const last = rest.pop();
  if (last === undefined) return text === first;
  let at = first.length;
  for (const part of rest) {
    const found = text.indexOf(part, at);
    if (found === -1) return false;
    at = found + part.length;
  }
  return text.length - last.length >= at && text.endsWith(last);
}
