import type { EndingError } from '../endings.ts';
import { Refused } from '../errors.ts';
import type { Application } from '../model/application.ts';
import type { Environment } from '../model/environment.ts';
import { activeLifts } from '../model/lifts/lift.ts';
import { findPrevious } from '../model/pipeline.ts';
import type { Composition } from '../model/proof/composition.ts';
import { engineSubject, type Subject } from '../model/proof/subject.ts';
import type { Operation } from '../operation.ts';
import { normalizedSource } from '../plan/modules/module-source.ts';
import type { ProofFindings, Unproven } from '../plan/proof-findings.ts';
import { type ProofMode, policyOf, stricterMode } from '../policy.ts';
import type { Reader } from '../ports.ts';
import { type DescribedGap, describeGap } from './describe-gap.ts';
import { type Gap, gapsIn, hasLedger, isOlderThanLedger, type Shown } from './judge.ts';
import { readLedger, readWholeLedger, subjectsOf } from './ledger.ts';

export interface PlanToJudge {
  readonly application: Application;
  readonly environment: Environment;
  readonly operation: Operation;
  readonly composition: Composition;
  readonly now: string;
  /** The mode when the plan was made; a policy that was lowered since does not count. */
  readonly mode?: ProofMode;
  /** The lifts that the approvers were told of; when left out, every active lift counts. */
  readonly told?: readonly Subject[];
  /** When they were told; a lift given later is another one. */
  readonly toldAt?: string;
}

export interface ProofVerdict {
  readonly findings: ProofFindings;
  /** The subjects whose proof has to be lifted for this plan. Their lifts are used up when it is consumed. */
  readonly lifts: readonly Subject[];
  readonly blocking: EndingError | undefined;
  /** What has not run before and is not lifted, where that is blocked. */
  readonly unproven: readonly Subject[];
  /** Whether the ledger of the environment has what it runs. */
  readonly isRecorded: boolean;
}

/**
 * Judges whether what a plan brings has run in the environment before (the second half of rule 1). Returns undefined
 * for what is not judged: destructions, ephemeral environments, and the first environment of a pipeline.
 */
export async function judgePlan(reader: Reader, plan: PlanToJudge): Promise<ProofVerdict | undefined> {
  const { application, environment, operation, composition } = plan;
  const before =
    environment.type === 'regular' && operation !== 'destroy' && findPrevious(application, environment.name);
  if (!before || before instanceof Refused) return undefined;
  const [previous, own] = await Promise.all(
    [before, environment.name].map((name) => shownBy(reader, application.name, name, subjectsOf(composition))),
  );
  if (!previous || !own) return undefined;
  const exempt = application.policy?.proof?.exempt ?? [];
  const gaps = gapsIn({
    operation,
    composition,
    previous,
    own,
    exempt: exempt.map(normalizedSource),
  });
  const told = gaps.length > 0 ? await wholeOf(reader, application.name, previous) : previous;
  const unproven = await Promise.all(
    gaps
      .filter((gap) => !(gap.kind === 'module' && gap.isExempt))
      .map((gap) => unprovenOf(reader, plan, gap, describeGap(gap, told, composition))),
  );
  const mode = modeOf(plan, previous);
  const findings = findingsOf(plan, { previous, own, mode, gaps, unproven });
  const isRequired = ({ kind }: Unproven) => kind !== 'provider' || application.policy?.proof?.providers === 'block';
  const isRecorded = !isOlderThanLedger(own);
  if (mode === 'inform') return { findings, lifts: [], blocking: undefined, unproven: [], isRecorded };
  const open = unproven.filter((each) => isRequired(each) && !each.isLifted);
  const lifted = unproven.filter((each) => isRequired(each) && each.isLifted);
  // One content may be called from several sources.
  const lifts = [...new Set(lifted.flatMap(({ subject }) => subject ?? []))];
  return {
    findings,
    lifts,
    blocking: blockingOf(open, composition) ?? objectionToNumber(lifts, previous),
    unproven: [...new Set(open.flatMap(({ subject: each }) => each ?? []))],
    isRecorded,
  };
}

/** Most lifts of proof that one plan may use. The transaction before the apply, which uses them up, has 100 records. */
export const MOST_PROOF_LIFTS = 40;

/** Tells of too many lifts as soon as the plan is made, and not after its approvals. */
function objectionToNumber({ length }: readonly Subject[], { environment }: Shown): EndingError | undefined {
  if (length <= MOST_PROOF_LIFTS) return undefined;
  const message = `the plan needs ${length} lifts of proof, and one plan may use ${MOST_PROOF_LIFTS}: bring some of it to ${environment} first, or exempt its source`;
  return { reason: UNPROVEN.module, message };
}

/** Returns the mode in force. As long as the environment before has no ledger, nothing is blocked for want of one. */
function modeOf({ application, environment, mode = 'inform' }: PlanToJudge, previous: Shown): ProofMode {
  if (!hasLedger(previous)) return 'inform';
  return stricterMode(mode, policyOf(environment, application.policy).proof);
}

async function shownBy(
  reader: Reader,
  application: string,
  environment: string,
  subjects: readonly Subject[],
): Promise<Shown> {
  const [state, ledger] = await Promise.all([
    reader.get('environmentState', { application, environment }),
    readLedger(reader, { application, environment }, subjects),
  ]);
  return { environment, state, ledger };
}

/** Returns all that an environment has shown, to name in the text what ran there instead. */
const wholeOf = async (reader: Reader, application: string, shown: Shown): Promise<Shown> => ({
  ...shown,
  ledger: await readWholeLedger(reader, { application, environment: shown.environment }),
});

/** Tells of a gap, and whether its proof is lifted; then nobody needs advice any more. */
async function unprovenOf(
  reader: Reader,
  plan: PlanToJudge,
  gap: Gap,
  { fact, advice }: DescribedGap,
): Promise<Unproven> {
  const subject = gap.kind === 'module' ? gap.module.identity : gap.subject;
  const calls = gap.kind === 'module' ? gap.module.calls : [];
  const facts = { kind: gap.kind, calls, text: `${fact}${advice}` };
  if (subject === undefined || plan.told?.includes(subject) === false)
    return { ...facts, subject: subject ?? null, isLifted: false };
  const { application, name, createdAt } = plan.environment;
  const given = await reader.get('proofLifts', { application, environment: name, subject });
  const lift = activeLifts(given?.lifts, { createdAt, now: plan.now }).find(
    ({ at, call }) => at <= (plan.toldAt ?? plan.now) && isCalled(call, subject, plan.composition),
  );
  return { ...facts, subject, isLifted: lift !== undefined, ...(lift && { text: fact, reason: lift.reason }) };
}

/** Returns whether a lift names a call of what it lifts that is in use. A lift of an engine or provider names none. */
const isCalled = (call: string | undefined, subject: Subject, { modules }: Composition): boolean =>
  call === undefined ||
  modules.some(({ identity, calls, inUse }) => inUse && identity === subject && calls.includes(call));

function findingsOf(
  { composition }: PlanToJudge,
  {
    previous,
    own,
    mode,
    gaps,
    unproven,
  }: {
    readonly previous: Shown;
    readonly own: Shown;
    readonly mode: ProofMode;
    readonly gaps: readonly Gap[];
    readonly unproven: readonly Unproven[];
  },
): ProofFindings {
  const identities = new Set(composition.modules.filter(({ inUse }) => inUse).map(({ identity }) => identity));
  const open = new Set(gaps.flatMap((gap) => (gap.kind === 'module' ? [gap.module.identity] : [])));
  return {
    previous: previous.environment,
    mode,
    of: identities.size,
    proven: identities.size - open.size,
    ...(!isOlderThanLedger(own) && { engine: engineSubject(composition.engine).replace(/^engine /, '') }),
    unproven: [...unproven],
    exempt: gaps.flatMap((gap) =>
      gap.kind === 'module' && gap.isExempt
        ? gap.module.calls.map((call) => ({ call, source: gap.module.source }))
        : [],
    ),
    notes: [
      ...(composition.missing === undefined ? [] : [composition.missing]),
      ...(!hasLedger(previous)
        ? [
            `${previous.environment} has not recorded yet which modules it ran, so nothing is blocked for want of a proof`,
          ]
        : []),
      ...(isOlderThanLedger(own)
        ? [
            `${own.environment} has not recorded yet what it runs, so its own modules are known by name and version only, and engine and providers are not compared`,
          ]
        : []),
    ],
  };
}

/** The reasons with which a deployment is blocked for what it brings. */
const UNPROVEN = { module: 'not-proven-before', engine: 'engine-not-proven', provider: 'provider-not-proven' } as const;

export const isUnproven = (reason: string): boolean => Object.values<string>(UNPROVEN).includes(reason);

const LONGEST_MESSAGE = 2000;

/** Returns the reason why a plan is blocked, if it is. What is missing cannot be lifted. */
function blockingOf(open: readonly Unproven[], { missing }: Composition): EndingError | undefined {
  const texts = [...(missing === undefined ? [] : [missing]), ...open.map(({ text }) => text)];
  const message = texts.join('; ').slice(0, LONGEST_MESSAGE);
  if (missing !== undefined || open.some(({ kind }) => kind === 'module')) return { reason: UNPROVEN.module, message };
  const [first] = open;
  return first && { reason: UNPROVEN[first.kind], message };
}
