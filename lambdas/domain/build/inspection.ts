import { InspectionResultSchema, type InspectionSuccess, type PlanSuccess } from '../contract/build-result.ts';
import { BuildResultError } from '../errors.ts';
import type { Application } from '../model/application.ts';
import type { Deployment } from '../model/deployment.ts';
import { type Environment, isProtected, stateKeyOf } from '../model/environment.ts';
import { gatesOf, policyForDeployment } from '../policy.ts';
import type { ArtifactStore } from '../ports.ts';
import { readResult } from './read-result.ts';
import { runPrefix } from './run-prefix.ts';

interface Subject {
  readonly application: Application;
  readonly environment: Environment;
  readonly deployment: Deployment;
}

/**
 * Returns whether anything depends on the contents of this plan, so that it has to be inspected. Code of the repository
 * runs in the build that makes the plan. When nobody is asked for approval and nothing is protected, the author of that
 * code may apply anything in the environment anyway, and what counts is that it was applied. But a plan without changes
 * is never applied, and makes its release a success that the next environment asks for. And a state key other than the
 * usual one may belong to another environment, which could then no longer claim it.
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

/** Returns whether the environment is being removed. Only an environment that has nothing left may be removed. */
export const isBeingRemoved = (environment: Environment): boolean =>
  environment.type === 'regular' && environment.removal !== undefined;

/**
 * Returns what the inspect build found in the plan that the plan build reported. Throws BuildResultError when the
 * inspect build left no result, or found something else than the plan build reported.
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
