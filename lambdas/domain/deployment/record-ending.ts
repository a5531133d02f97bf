import * as z from 'zod';
import { readReadsOfFailure } from '../build/read-reads.ts';
import { readResult } from '../build/read-result.ts';
import { resourcesLeft } from '../build/resources-left.ts';
import { applyPrefix, runPrefix } from '../build/run-prefix.ts';
import { wayOutWithoutCommit } from '../build/way-out-without-commit.ts';
import type { Applied } from '../contract/applied.ts';
import { ApplyResultSchema, InspectionResultSchema, PlanResultSchema } from '../contract/build-result.ts';
import type { RepositoryReads } from '../contract/repository-reads.ts';
import { isStartError } from '../contract/start-errors.ts';
import type { EndingError } from '../endings.ts';
import { ENDING_NAMES, type Ending } from '../endings.ts';
import { type BuildNotStartedError, NotFoundError } from '../errors.ts';
import { type Deployment, isTerminal, type Status, StatusSchema } from '../model/deployment.ts';
import type { DeploymentEvent } from '../model/deployment-event.ts';
import { endUnsuccessfully, fail, succeed } from '../model/deployment-transitions.ts';
import { isDnsFailure } from '../model/dns/dns.ts';
import { close } from '../model/gate.ts';
import { hasPassedThrough } from '../model/passed-through.ts';
import { GATES } from '../policy.ts';
import type { ArtifactStore, ReadAhead, Reader, StateReader, Store, Surroundings, Transaction } from '../ports.ts';
import { recordEvent } from '../transaction/record-event.ts';
import { canceledBy } from './cancel-deployment.ts';
import { type Caught, explainCause } from './causes/caught.ts';
import { keepAppliedChanges, readForAppliedChanges } from './keep-applied-changes.ts';
import { keepDelivery, readForDelivery } from './keep-delivery.ts';
import { keepReads } from './keep-reads.ts';
import { type Left, recordOutcome } from './record-outcome.ts';
import { settleDestruction } from './settle-destruction.ts';

export const EndingSchema = z.enum(ENDING_NAMES);
/** The status that is recorded, which is another one if the deployment had ended before. */
export const RecordedEndingSchema = z.object({ ending: StatusSchema });

interface Services {
  readonly store: Store;
  readonly artifacts: ArtifactStore;
  readonly states: StateReader;
  readonly surroundings: Surroundings;
}

/**
 * Ends a deployment and records the consequences: what is deployed, the outcome of its release, closed gates. The
 * environment stays held until ReleaseEnvironment. A deployment that has ended already keeps its ending. Returns the
 * status that is recorded.
 */
export async function recordEnding(services: Services, id: string, ending: Ending, caught?: Caught): Promise<Status> {
  if (ending === 'failed') return recordFailure(services, id, caught);
  const ahead = await services.store.readAhead();
  const before = await deploymentOf(ahead, id);
  const [left] = await Promise.all([
    ending === 'succeeded' ? lookAfterApply(services, ahead, before) : undefined,
    readForEnding(ahead, before),
  ]);
  return keepEnding(services, id, { ending, left }, ahead);
}

/**
 * Ends a deployment as failed, and records where and why; as canceled if somebody wanted that before its builds could be
 * started. Throws NotFoundError.
 */
export async function recordFailure(
  services: Pick<Services, 'store' | 'artifacts' | 'surroundings'>,
  id: string,
  caught?: Caught,
): Promise<Status> {
  const ahead = await services.store.readAhead();
  const before = await deploymentOf(ahead, id);
  if (caught?.error === NOT_STARTED_ERROR && before.cancelRequestedBy)
    return keepEnding(services, id, { ending: 'canceled' }, ahead);
  const [failure, reads] = await Promise.all([
    explainFailure(services.artifacts, ahead, before, caught),
    readReadsOfFailure(services.artifacts, before),
    readForEnding(ahead, before),
  ]);
  return keepEnding(services, id, { ending: 'failed', failure, reads }, ahead);
}

async function deploymentOf(reader: Reader, id: string): Promise<Deployment> {
  const deployment = await reader.get('deployment', { id });
  if (!deployment) throw new NotFoundError('deployment', id);
  return deployment;
}

/** Records an ending whose facts are all known; reads only the table. Throws NotFoundError. */
export async function keepEnding(
  services: Pick<Services, 'store' | 'surroundings'>,
  id: string,
  { ending, failure, left, reads }: KnownEnding,
  ahead?: ReadAhead,
): Promise<Status> {
  let attempts = 0;
  return services.store.transact(async (transaction) => {
    attempts += 1;
    const deployment = await transaction.get('deployment', { id });
    if (!deployment) throw new NotFoundError('deployment', id);
    if (isTerminal(deployment.status)) return deployment.status;
    const now = services.surroundings.now();
    const ended = failure
      ? fail(deployment, failure.error, failure.applied, now)
      : ending === 'succeeded'
        ? succeed(deployment, now)
        : await endBy(transaction, deployment, ending, now);
    transaction.put('deployment', ended);
    recordEvent(transaction, services.surroundings, id, ended.status, undefined, detailsOf(ended));
    await closeOpenGates(transaction, id, now);
    await keepAppliedChanges(transaction, deployment, ended, { isRepeated: attempts > 1 });
    await recordOutcome(transaction, ended, left, now);
    await keepDelivery(transaction, ended, ahead ?? services.store);
    await keepReads(transaction, ended, reads);
    if (left && 'unreadable' in left)
      recordEvent(transaction, services.surroundings, id, 'state-unreadable', undefined, { message: left.unreadable });
    await settleDestruction(transaction, ended, services.surroundings);
    return ended.status;
  }, ahead);
}

/** Reads in parallel the records that most endings would read one after the other. */
async function readForEnding(ahead: Reader, deployment: Deployment): Promise<void> {
  const { id, application, environment, release } = deployment;
  await Promise.all([
    readForAppliedChanges(ahead, deployment),
    readForDelivery(ahead, deployment),
    ahead.get('environmentState', { application, environment }),
    ahead.get('owedPromotion', { application, environment }),
    ahead.get('composition', { deploymentId: id }),
    ...GATES.map((gate) => ahead.get('gate', { deploymentId: id, gate })),
    ...(release === undefined ? [] : [ahead.get('outcome', { application, environment, release })]),
  ]);
}

function detailsOf(ended: Deployment): DeploymentEvent['details'] {
  if ('error' in ended) return { reason: ended.error.reason, message: ended.error.message };
  return hasPassedThrough(ended) ? { passedThrough: true } : undefined;
}

async function endBy(
  transaction: Transaction,
  deployment: Deployment,
  ending: Ending,
  now: string,
): Promise<Deployment> {
  if (ending === 'succeeded' || ending === 'failed') throw new Error(`ending ${ending} is recorded elsewhere`);
  return endUnsuccessfully(deployment, ending, await explain(transaction, deployment, ending), now);
}

async function explain(transaction: Transaction, deployment: Deployment, ending: Ending): Promise<EndingError> {
  if (ending === 'blocked' && deployment.blocking) return deployment.blocking;
  if (ending === 'canceled' && deployment.cancelRequestedBy) return canceledBy(deployment.cancelRequestedBy);
  for (const name of GATES) {
    const gate = await transaction.get('gate', { deploymentId: deployment.id, gate: name });
    const rejection = gate?.decisions.find(({ decision }) => decision === 'reject');
    if (ending === 'rejected' && rejection)
      return {
        reason: 'rejected',
        message: `rejected by ${rejection.by} at the ${name} gate${rejection.comment ? `: ${rejection.comment}` : ''}`,
      };
    if (ending === 'expired' && gate?.status === 'expired')
      return { reason: 'expired', message: `nobody decided the ${name} gate before ${gate.expiresAt}` };
    if (ending === 'superseded' && gate?.status === 'superseded')
      return { reason: 'superseded', message: 'a newer release arrived while it awaited approval' };
  }
  return { reason: ending, message: `the workflow ended it as ${ending}` };
}

async function closeOpenGates(transaction: Transaction, deploymentId: string, now: string): Promise<void> {
  for (const name of GATES) {
    const gate = await transaction.get('gate', { deploymentId, gate: name });
    if (gate?.status === 'open') transaction.put('gate', close(gate, 'void', now));
  }
}

/**
 * Returns what an apply has left in the Terraform state; undefined if nothing was applied. After a destruction it
 * counts in the state itself, because the end of an environment depends on the count.
 */
async function lookAfterApply(
  { artifacts, states }: Pick<Services, 'artifacts' | 'states'>,
  reader: Reader,
  deployment: Deployment,
): Promise<Left | undefined> {
  if (deployment.status !== 'applying') return undefined;
  const { application, environment: name, operation, planned } = deployment;
  if (operation === 'destroy') {
    const environment = await reader.get('environment', { application, name });
    return environment && resourcesLeft(states, environment, planned.stateAddress);
  }
  const { result } = await readResult(artifacts, applyPrefix(deployment), 'applyResult', ApplyResultSchema);
  return result?.ok && result.resourcesLeft !== undefined ? { claimed: result.resourcesLeft } : undefined;
}

interface KnownEnding {
  readonly ending: Ending;
  readonly failure?: Failure | undefined;
  readonly left?: Left | undefined;
  /** What a plan that failed reads of the repository. */
  readonly reads?: RepositoryReads | undefined;
}

interface Failure {
  readonly error: EndingError;
  readonly applied: Applied;
}

/** Explains what failed and where: by the build's own result if there is one, else by what Step Functions caught. */
async function explainFailure(
  artifacts: ArtifactStore,
  reader: Reader,
  deployment: Deployment,
  caught?: Caught,
): Promise<Failure> {
  if (deployment.status !== 'applying') {
    const left = await resultOf(artifacts, runPrefix(deployment), caught?.state);
    if (caught && left && !left.ok) {
      const { phase, reason = `${phase}-failed`, message, diagnostics } = left;
      return {
        error: { reason, message, state: caught.state, ...(diagnostics && { diagnostics }) },
        applied: 'no',
      };
    }
    const error = caughtError(caught, caught?.state === 'Apply' ? INTERRUPTED : 'workflow-failed');
    // The build had no source to begin with, or was killed.
    const wayOut = caught?.state === 'Plan' && !left ? await wayOutWithoutCommit(reader, deployment) : undefined;
    const message = wayOut ? `${error.message}; ${wayOut}`.slice(0, 2000) : error.message;
    return { error: { ...error, message }, applied: 'no' };
  }
  const prefix = applyPrefix(deployment);
  const { result, problem } = await readResult(artifacts, prefix, 'applyResult', ApplyResultSchema);
  if (result && !result.ok) {
    const { reason, message: told, diagnostics, applied } = result;
    const more = reason === 'plan-stale' ? `the plan was made ${times(deployment.round)}` : whyStopped(caught);
    const message = more ? `${told}; ${more}` : told;
    return { error: { reason, message, state: 'Apply', ...(diagnostics && { diagnostics }) }, applied };
  }
  if (result) return { error: caughtError(caught, 'workflow-failed', { hasBegun: true }), applied: 'yes' };
  const started = await readResult(artifacts, prefix, 'applyStarted', z.unknown());
  const error = caughtError(caught, INTERRUPTED, { hasBegun: started.isThere });
  const message = problem ? `${error.message}; ${problem}`.slice(0, 2000) : error.message;
  return { error: { ...error, message }, applied: started.isThere ? 'unknown' : 'no' };
}

/** Reads the result of the build of a state before the apply; undefined if the state has no build. */
async function resultOf(artifacts: ArtifactStore, prefix: string, state: string | undefined) {
  if (state === 'Plan') return (await readResult(artifacts, prefix, 'planResult', PlanResultSchema)).result;
  if (state === 'Inspect')
    return (await readResult(artifacts, prefix, 'inspectionResult', InspectionResultSchema)).result;
  return undefined;
}

/** Returns why a build was stopped: the build does not know it, but the reconciler knows how the execution ended. */
const whyStopped = (caught: Caught | undefined): string | undefined =>
  caught?.error.startsWith(EXECUTION_ENDED) ? caught.cause : undefined;

/** Prefix of the error names with which the reconciler ends a deployment whose execution is over. */
export const EXECUTION_ENDED = 'execution-';

const times = (rounds: number): string => (rounds === 1 ? 'once' : `${rounds} times`);

const SERVICE_UNAVAILABLE = 'service-unavailable';
const NOT_STARTED = 'build-not-started';
const NOT_STARTED_ERROR: BuildNotStartedError['name'] = 'BuildNotStartedError';

/** The reason of a failed deployment for those of our errors whose name shows it. */
const REASONS: Readonly<Record<string, string>> = {
  PlanStaleError: 'plan-stale',
  BuildResultError: 'build-result-unreadable',
  StateUnreadableError: 'state-unreadable',
  RoleRefusedError: 'role-not-assumable',
  ServiceUnavailableError: SERVICE_UNAVAILABLE,
  [NOT_STARTED_ERROR]: NOT_STARTED,
};

/** What is added to an error that the workflow retries for long, as it does before it gives up. */
const FOR_LONG = ', and did so for 15 minutes';

const INTERRUPTED = 'apply-interrupted';

/** `hasBegun`: a build has begun to apply, whatever StartBuild said. */
function caughtError(caught: Caught | undefined, reason: string, { hasBegun = false } = {}): EndingError {
  if (!caught) return { reason, message: 'the execution ended without saying why' };
  // The states for DNS give the reason themselves.
  if (isDnsFailure(caught.error))
    return { reason: caught.error, message: caught.cause.slice(0, 2000), state: caught.state };
  const { message: words, isWhole, reason: told, name = caught.error } = explainCause(caught.cause);
  const known = REASONS[name];
  const message = known
    ? `${words}${known === SERVICE_UNAVAILABLE ? FOR_LONG : ''}`
    : isWhole
      ? `${caught.state}: ${words}`
      : `${caught.state}: ${name}: ${words}`;
  // What an apply did is unknown, however its build ended.
  const isUnstarted = isStartError(caught.error) && !hasBegun;
  const found = isUnstarted ? NOT_STARTED : reason === INTERRUPTED ? reason : (told ?? reason);
  return { reason: known ?? found, message: message.slice(0, 2000), state: caught.state };
}
