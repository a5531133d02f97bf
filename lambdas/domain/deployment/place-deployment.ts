import { NotFoundError, RefusedError } from '../errors.ts';
import type { Application } from '../model/application.ts';
import { actorOf } from '../model/audit.ts';
import {
  contentOf,
  type Deployment,
  type DeploymentIn,
  describeContent,
  endUnsuccessfully,
  isTerminal,
  orderOf,
  type Requester,
} from '../model/deployment.ts';
import { type Environment, isProtected, type RegularEnvironment } from '../model/environment.ts';
import {
  admit,
  type EnvironmentState,
  emptyState,
  isOutdated,
  mayHoldResources,
  twinsOf,
  withUnannounced,
} from '../model/environment-state.ts';
import { close } from '../model/gate.ts';
import { requireCompleteUpTo } from '../model/pipeline.ts';
import { activeLift } from '../model/protection-lift.ts';
import { deploymentId } from '../names.ts';
import type { Operation } from '../operation.ts';
import { GATES, policyOf, type Stage } from '../policy.ts';
import type { Reader, Surroundings, Transaction } from '../ports.ts';
import { type Effects, NO_EFFECTS } from '../transaction/effects.ts';
import { recordAudit } from '../transaction/record-audit.ts';
import { recordEvent } from '../transaction/record-event.ts';
import { readForProof, requireProven } from './proof.ts';

export interface DeploymentRequest {
  readonly application: string;
  readonly environment: string;
  readonly operation: Operation;
  readonly release: number;
  readonly requestedBy: Requester;
  /** Made by a push or a promotion rule: respects a hold, and may arrive out of order. */
  readonly automatic: boolean;
  /** A destruction that may find nothing to destroy: it is to show that the Terraform state is empty. */
  readonly isVerification?: boolean;
}

export interface Placement {
  readonly deployment: Deployment;
  /** False when the same release and operation was already under way there. */
  readonly isNew: boolean;
  readonly effects: Effects;
}

/** Reads side by side what `placeDeployment` asks for as its rules go. */
export async function readForPlacement(
  ahead: Reader,
  { name: application, pipeline }: Application,
  { environment, release }: Pick<DeploymentRequest, 'environment' | 'release'>,
): Promise<void> {
  const previous = pipeline[pipeline.indexOf(environment) - 1];
  await Promise.all([
    ahead.get('application', { name: application }),
    ahead.get('release', { application, number: release }),
    ahead.get('environmentState', { application, environment }),
    ...[...new Set([...pipeline, environment])].map((name) => ahead.get('environment', { application, name })),
    ...(previous === undefined ? [] : readForProof(ahead, { application, environment: previous, release })),
  ]);
}

/**
 * Creates a deployment if every rule allows it, and gives it the environment or a place in its queue (rules 1, 4, 5,
 * 7). Runs inside the caller's transaction; the caller carries out the effects once that is committed.
 * Throws NotFoundError, RefusedError.
 */
export async function placeDeployment(
  transaction: Transaction,
  request: DeploymentRequest,
  surroundings: Surroundings,
): Promise<Placement> {
  const { application: app, environment: name } = request;
  const application = await transaction.get('application', { name: app });
  if (!application) throw new NotFoundError('application', app);
  const environment = await transaction.get('environment', { application: app, name });
  if (!environment) throw new NotFoundError('environment', `${app}/${name}`);
  requireRegular(environment);
  const release = await transaction.get('release', { application: app, number: request.release });
  if (!release) throw new NotFoundError('release', `${app} ${request.release}`);
  // What is there can be destroyed whatever became of the pipeline.
  if (request.operation !== 'destroy') requireCompleteUpTo(application, name, await stagesOf(transaction, application));
  requireKnownRequester(application, environment, request);
  if (environment.removal && !request.isVerification)
    throw new RefusedError('environment-closing', `environment "${name}" of "${app}" is being removed`);

  const state =
    (await transaction.get('environmentState', { application: app, environment: name })) ?? emptyState(app, name);
  for (const id of twinsOf(state, request)) {
    const deployment = await existing(transaction, id);
    if (!isTerminal(deployment.status)) return { deployment, isNew: false, effects: NO_EFFECTS };
  }

  if (request.operation !== 'destroy') await requireProven(transaction, application, name, request.release);
  else if (!request.isVerification) await requireDestroyable(transaction, environment, state);
  requireAcceptable(state, request);
  const { operation, requestedBy, automatic } = request;
  const content = { release: request.release, commit: release.commit };
  return createDeployment(
    transaction,
    { environment, operation, requestedBy, automatic, content, state },
    surroundings,
  );
}

/** Stages of the pipeline's environments that are defined. */
export async function stagesOf(transaction: Transaction, application: Application): Promise<Map<string, Stage>> {
  const { name: owner, pipeline } = application;
  const environments = await Promise.all(
    pipeline.map((name) => transaction.get('environment', { application: owner, name })),
  );
  return new Map(environments.flatMap((environment) => (environment ? [[environment.name, environment.stage]] : [])));
}

async function existing(transaction: Transaction, id: string): Promise<Deployment> {
  const deployment = await transaction.get('deployment', { id });
  if (!deployment) throw new Error(`environment state names deployment "${id}", which does not exist`);
  return deployment;
}

function requireRegular(environment: Environment): asserts environment is RegularEnvironment {
  if (environment.type !== 'regular')
    throw new RefusedError(
      'not-in-pipeline',
      `environment "${environment.name}" is ephemeral: it stands outside of the pipeline and takes no releases`,
    );
}

/** A policy may demand that whoever asks is a registered approver. */
export function requireKnownRequester(
  application: Application,
  environment: Environment,
  { requestedBy, automatic }: Pick<DeploymentRequest, 'requestedBy' | 'automatic'>,
): void {
  if (!automatic && policyOf(environment, application.policy).knownRequester && !requestedBy.approver)
    throw new RefusedError(
      'requester-unknown',
      `${requestedBy.principal} maps to no approver of "${application.name}", which ${environment.type === 'ephemeral' ? 'ephemeral environments' : `${environment.stage} deployments`} demand`,
    );
}

/** Rule 7: a protected environment is destroyed only under a lift for it; and there must be something to destroy. */
async function requireDestroyable(
  transaction: Transaction,
  environment: Environment,
  state: EnvironmentState,
): Promise<void> {
  const { application, name } = environment;
  const lifts = await transaction.get('protectionLifts', { application, environment: name, address: name });
  if (isProtected(environment) && !activeLift(lifts, environment))
    throw new RefusedError(
      environment.stage === 'production' ? 'production-protected' : 'deletion-protected',
      `environment "${environment.name}" of "${environment.application}" is protected against destruction`,
    );
  // A certificate may be all that a deployment which failed has left.
  const hasDns = await transaction.get('environmentDns', { application, environment: name });
  if (!state.deployed && !mayHoldResources(state) && !hasDns)
    throw new RefusedError('nothing-deployed', `nothing is deployed in "${environment.name}"`);
}

/** Rule 5 and holds. */
function requireAcceptable(state: EnvironmentState, request: DeploymentRequest): void {
  const { release, operation, environment, automatic } = request;
  if (operation === 'rollback' && release >= state.newestStarted)
    throw new RefusedError(
      'not-a-rollback',
      `release ${release} is not older than what runs in ${environment}; deploy it instead`,
    );
  if (isOutdated(state, request))
    throw new RefusedError(
      'older-release',
      `release ${release} is older than release ${state.newestStarted}, which was applied in ${environment}; roll back explicitly`,
    );
  if (automatic && state.hold)
    throw new RefusedError('environment-on-hold', `${environment} is on hold: ${state.hold.reason}`);
}

interface Creation extends Pick<DeploymentRequest, 'operation' | 'requestedBy' | 'automatic'> {
  readonly environment: Environment;
  readonly content: Pick<Deployment, 'release' | 'commit'>;
  readonly state: EnvironmentState;
}

/** Creates a deployment that the rules allow, and gives it the environment or a place in its queue (rule 4). */
export async function createDeployment(
  transaction: Transaction,
  { environment: target, operation, requestedBy, automatic, content, state }: Creation,
  surroundings: Surroundings,
): Promise<Placement> {
  const now = surroundings.now();
  const { application, name: environment } = target;
  const number = state.newestDeployment + 1;
  const id = deploymentId(application, environment, number, surroundings.randomHex(6));
  const facts = {
    ...{ id, application, environment, number, ...content, operation, automatic, requestedBy, createdAt: now },
    ...{ runSecret: surroundings.randomHex(32), round: 1 },
  };
  const queued: DeploymentIn<'queued'> = { ...facts, status: 'queued' };
  const entry = { deploymentId: id, release: orderOf(facts), operation };
  const admission = admit({ ...state, newestDeployment: number }, entry, now);

  if (admission.verdict === 'superseded' && !automatic)
    throw new RefusedError(
      'newer-release-queued',
      `a newer release than ${content.release} already waits for ${environment}`,
    );
  const ended = admission.verdict === 'superseded' ? [id] : admission.supersedes;
  transaction.put('environmentState', withUnannounced(admission.state, ended));
  recordEvent(transaction, surroundings, id, 'requested', requestedBy.principal);
  // Who asked decides who may approve (rule 10); nobody asked for what a push or a promotion rule has made.
  if (!automatic)
    await recordAudit(transaction, surroundings, {
      ...{ application, environment, deploymentId: id, type: 'requested', ...actorOf(requestedBy) },
      details: { ...contentOf(content), operation },
    });

  if (admission.verdict === 'superseded') {
    const deployment = endUnsuccessfully(queued, 'superseded', supersededBy('a newer release already waits'), now);
    transaction.insert('deployment', deployment);
    return { deployment, isNew: true, effects: { ...NO_EFFECTS, announce: [id] } };
  }
  const deployment: Deployment =
    admission.verdict === 'holds' ? { ...facts, status: 'planning', heldSince: now } : queued;
  transaction.insert('deployment', deployment);
  await supersedeQueued(transaction, admission.supersedes, deployment, surroundings);
  const resume = await supersedeWaitingHolder(transaction, admission.state, target.stage, deployment, surroundings);
  return {
    deployment,
    isNew: true,
    effects: {
      start: admission.verdict === 'holds' ? [id] : [],
      resume,
      announce: admission.supersedes,
    },
  };
}

const supersededBy = (message: string) => ({ reason: 'superseded', message });

async function supersedeQueued(
  transaction: Transaction,
  ids: readonly string[],
  newer: Deployment,
  surroundings: Surroundings,
): Promise<void> {
  for (const id of ids) {
    const older = await existing(transaction, id);
    const error = supersededBy(`${describeContent(newer)} (${newer.id}) took its place`);
    transaction.put('deployment', endUnsuccessfully(older, 'superseded', error, surroundings.now()));
    recordEvent(transaction, surroundings, id, 'superseded', newer.id);
  }
}

/**
 * Rule 4: in development and staging a newer release replaces a holder that awaits approval with no decision recorded.
 * Closes its gate; its own execution then ends it. Answers the tasks to resume.
 */
async function supersedeWaitingHolder(
  transaction: Transaction,
  state: EnvironmentState,
  stage: Stage,
  newer: Deployment,
  surroundings: Surroundings,
): Promise<Effects['resume']> {
  const { holder } = state;
  const isReplaceable =
    stage !== 'production' &&
    newer.operation === 'deploy' &&
    holder?.operation === 'deploy' &&
    holder.deploymentId !== newer.id &&
    holder.release < orderOf(newer);
  if (!holder || !isReplaceable) return [];
  const gates = await Promise.all(
    GATES.map((gate) => transaction.get('gate', { deploymentId: holder.deploymentId, gate })),
  );
  const open = gates.find((gate) => gate?.status === 'open');
  if (!open || gates.some((gate) => gate && gate.decisions.length + gate.voided.length > 0)) return [];
  transaction.put('gate', close(open, 'superseded', surroundings.now()));
  recordEvent(transaction, surroundings, holder.deploymentId, 'superseded', newer.id);
  return [{ deploymentId: holder.deploymentId, gate: open.gate }];
}
