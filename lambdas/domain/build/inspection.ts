import { InspectionResultSchema, type InspectionSuccess, type PlanSuccess } from '../contract/build-result.ts';
import { BuildResultError } from '../errors.ts';
import type { Application } from '../model/application.ts';
import { type Deployment, runPrefix } from '../model/deployment.ts';
import { type Environment, isProtected, stateKeyOf } from '../model/environment.ts';
import { gatesOf, policyForDeployment } from '../policy.ts';
import type { ArtifactStore } from '../ports.ts';
import { readResult } from './read-result.ts';

interface Subject {
  readonly application: Application;
  readonly environment: Environment;
  readonly deployment: Deployment;
}

/**
 * Does something hang on what this plan says? Code of the repository runs in the build that makes it. Where nobody is asked
 * and nothing is protected, its author may apply what they like there anyway, and what counts is that it was applied; a
 * plan without changes is never applied, and makes its release a success that the next environment asks for. Another state
 * key than the usual one may be somebody else's, who could not claim it any more.
 */
export function needsInspection(
  { application, environment, deployment }: Subject,
  { exitCode, backend }: Pick<PlanSuccess, 'exitCode' | 'backend'>,
  hasStateAddress: boolean,
): boolean {
  const gates = gatesOf(policyForDeployment(environment, deployment.operation, application.policy));
  const isProof = environment.type === 'regular' && deployment.operation !== 'destroy';
  return (
    gates.length > 0 ||
    isProtected(environment) ||
    isBeingRemoved(environment) ||
    (isProof && exitCode === 0) ||
    (!hasStateAddress && backend.key !== stateKeyOf(environment))
  );
}

/** Removed is only what has nothing left. */
export const isBeingRemoved = (environment: Environment): boolean =>
  environment.type === 'regular' && environment.removal !== undefined;

/**
 * What the inspect build found in the plan that the plan build says it left. Throws BuildResultError where there is
 * nothing, or the plan build said something else.
 */
export async function readInspection(
  artifacts: ArtifactStore,
  deployment: Deployment,
  claimed: PlanSuccess,
): Promise<InspectionSuccess> {
  const fail = (problem: string) => new BuildResultError(`analysing the plan of "${deployment.id}": ${problem}`);
  const { result } = await readResult(artifacts, runPrefix(deployment), 'inspectionResult', InspectionResultSchema);
  if (!result?.ok) throw fail('the inspect build left no result that can be read');
  if (result.operation !== deployment.operation) throw fail(`the inspect build read a plan to ${result.operation}`);
  if (result.digest !== claimed.digest)
    throw fail(`the plan build said that its bundle has the digest ${claimed.digest}, it has ${result.digest}`);
  const { bucket, key } = result.backend;
  if (bucket !== claimed.backend.bucket || key !== claimed.backend.key)
    throw fail(
      `the plan build said that the state is at ${claimed.backend.bucket}/${claimed.backend.key}, the plan is for ${bucket}/${key}`,
    );
  return result;
}
