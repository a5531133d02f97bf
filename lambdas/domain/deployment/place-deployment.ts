import { NotFoundError, orThrow, Refused } from '../errors.ts';
import type { Application } from '../model/application.ts';
import { type Adopt, type Deployment, isTerminal, type Requester } from '../model/deployment.ts';
import { type Environment, isProtected } from '../model/environment.ts';
import {
  type EnvironmentState,
  emptyState,
  isOutdated,
  mayHoldResources,
  twinsOf,
} from '../model/environment-state.ts';
import { activeLift } from '../model/lifts/lift.ts';
import { objectionToGaps } from '../model/pipeline.ts';
import type { Operation } from '../operation.ts';
import { policyOf, type Stage } from '../policy.ts';
import type { Reader, Surroundings, Transaction } from '../ports.ts';
import { NO_EFFECTS } from '../transaction/effects.ts';
import { createDeployment, findExisting, type Placement } from './create-deployment.ts';
import { objectionToProof, readForProof } from './proof.ts';

export interface DeploymentRequest {
  readonly application: string;
  readonly environment: string;
  readonly operation: Operation;
  readonly release: number;
  readonly adopt?: Adopt | undefined;
  readonly requestedBy: Requester;
  /** True if a push or a promotion rule made the deployment: it respects a hold, and may arrive out of order. */
  readonly automatic: boolean;
  /** True for a destruction that only verifies that the Terraform state is empty. */
  readonly isVerification?: boolean;
}

/** Reads in parallel the records that `placeDeployment` would read one after the other. */
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
 * 7). Runs inside the caller's transaction; the caller carries out the effects once the transaction is committed.
 * Throws NotFoundError, RefusedError.
 */
export const placeDeployment = async (
  transaction: Transaction,
  request: DeploymentRequest,
  surroundings: Surroundings,
): Promise<Placement> => orThrow(await tryToPlace(transaction, request, surroundings));

/** Places a deployment as `placeDeployment` does, but returns a refusal, which writes nothing. Throws NotFoundError. */
export async function tryToPlace(
  transaction: Transaction,
  request: DeploymentRequest,
  surroundings: Surroundings,
): Promise<Placement | Refused> {
  const { application: app, environment: name } = request;
  const application = await transaction.get('application', { name: app });
  if (!application) throw new NotFoundError('application', app);
  const environment = await transaction.get('environment', { application: app, name });
  if (!environment) throw new NotFoundError('environment', `${app}/${name}`);
  if (environment.type !== 'regular')
    return new Refused(
      'not-in-pipeline',
      `environment "${name}" is ephemeral: it stands outside of the pipeline and takes no releases`,
    );
  const release = await transaction.get('release', { application: app, number: request.release });
  if (!release) throw new NotFoundError('release', `${app} ${request.release}`);
  // A destruction is allowed whatever has become of the pipeline.
  const gaps =
    request.operation === 'destroy'
      ? undefined
      : objectionToGaps(application, name, await stagesOf(transaction, application));
  const unwanted = gaps ?? objectionToRequester(application, environment, request);
  if (unwanted) return unwanted;
  if (environment.removal && !request.isVerification)
    return new Refused('environment-closing', `environment "${name}" of "${app}" is being removed`);

  const state =
    (await transaction.get('environmentState', { application: app, environment: name })) ?? emptyState(app, name);
  for (const id of twinsOf(state, request)) {
    const deployment = await findExisting(transaction, id);
    if (isTerminal(deployment.status)) continue;
    return objectionToTwin(request, deployment) ?? { deployment, isNew: false, effects: NO_EFFECTS };
  }

  const objection =
    (await objectionToOperation(transaction, application, environment, state, request, surroundings.now())) ??
    objectionInState(state, request);
  if (objection) return objection;
  const { operation, requestedBy, automatic, adopt } = request;
  const content = { release: request.release, commit: release.commit };
  return createDeployment(
    transaction,
    { environment, operation, requestedBy, automatic, content, state, adopt },
    surroundings,
  );
}

/** Refuses to take an open deployment for one that was asked to begin with an empty state: its build would not. */
const objectionToTwin = ({ adopt, environment }: DeploymentRequest, open: Deployment): Refused | undefined =>
  adopt === undefined || open.adopt === adopt
    ? undefined
    : new Refused(
        'deployments-open',
        `${open.id} brings the same to "${environment}" without "adopt": "${adopt}"; wait for its end, or cancel it`,
      );

/** Reads the stages of those environments of the pipeline that are defined. */
export async function stagesOf(transaction: Transaction, application: Application): Promise<Map<string, Stage>> {
  const { name: owner, pipeline } = application;
  const environments = await Promise.all(
    pipeline.map((name) => transaction.get('environment', { application: owner, name })),
  );
  return new Map(environments.flatMap((environment) => (environment ? [[environment.name, environment.stage]] : [])));
}

/** Refuses a requester who is no registered approver, if the policy demands one. */
export function objectionToRequester(
  application: Application,
  environment: Environment,
  { requestedBy, automatic }: Pick<DeploymentRequest, 'requestedBy' | 'automatic'>,
): Refused | undefined {
  if (automatic || requestedBy.approver || !policyOf(environment, application.policy).knownRequester) return undefined;
  const demanding = environment.type === 'ephemeral' ? 'ephemeral environments' : `${environment.stage} deployments`;
  return new Refused(
    'requester-unknown',
    `${requestedBy.principal} maps to no approver of "${application.name}", which ${demanding} demand`,
  );
}

async function objectionToOperation(
  transaction: Transaction,
  application: Application,
  environment: Environment,
  state: EnvironmentState,
  { operation, release, isVerification }: DeploymentRequest,
  now: string,
): Promise<Refused | undefined> {
  if (operation !== 'destroy') return objectionToProof(transaction, application, environment.name, release);
  return isVerification ? undefined : objectionToDestroying(transaction, environment, state, now);
}

/** Refuses to destroy a protected environment without a lift (rule 7), or an environment with nothing to destroy. */
async function objectionToDestroying(
  transaction: Transaction,
  environment: Environment,
  state: EnvironmentState,
  now: string,
): Promise<Refused | undefined> {
  const { application, name, createdAt } = environment;
  const given = await transaction.get('protectionLifts', { application, environment: name, address: name });
  if (isProtected(environment) && !activeLift(given?.lifts, { createdAt, now }))
    return new Refused(
      environment.stage === 'production' ? 'production-protected' : 'deletion-protected',
      `environment "${environment.name}" of "${environment.application}" is protected against destruction`,
    );
  // A failed deployment may have left nothing but a certificate.
  const hasDns = await transaction.get('environmentDns', { application, environment: name });
  if (!state.deployed && !mayHoldResources(state) && !hasDns)
    return new Refused('nothing-deployed', `nothing is deployed in "${environment.name}"`);
  return undefined;
}

/** Refuses requests that break rule 5 or a hold. */
function objectionInState(state: EnvironmentState, request: DeploymentRequest): Refused | undefined {
  const { release, operation, environment, automatic } = request;
  if (operation === 'rollback' && release >= state.newestStarted)
    return new Refused(
      'not-a-rollback',
      `release ${release} is not older than what runs in ${environment}; deploy it instead`,
    );
  if (isOutdated(state, request))
    return new Refused(
      'older-release',
      `release ${release} is older than release ${state.newestStarted}, which was applied in ${environment}; roll back explicitly`,
    );
  if (automatic && state.hold)
    return new Refused('environment-on-hold', `${environment} is on hold: ${state.hold.reason}`);
  return undefined;
}
