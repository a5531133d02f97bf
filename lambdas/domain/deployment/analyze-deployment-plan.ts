import { needsInspection, readInspection } from '../build/inspection.ts';
import { readResult } from '../build/read-result.ts';
import { runPrefix } from '../build/run-prefix.ts';
import { type PlanSuccess, PlanSuccessSchema, type ProviderCounts } from '../contract/build-result.ts';
import { BuildResultError } from '../errors.ts';
import type { Deployment } from '../model/deployment.ts';
import { GATES } from '../policy.ts';
import type { Reader } from '../ports.ts';
import { loadDeployment, loadHeld } from '../transaction/load-held.ts';
import type { AnalysisServices } from './analysis/analyze-known-plan.ts';
import { ANALYSING, type PlanVerdict } from './settle-plan.ts';

/** The verdict, and the build's counts of the provider cache if the build used the cache. */
interface AnalyzedPlan extends PlanVerdict {
  readonly providers?: ProviderCounts;
}

/**
 * Reads the results of the builds, analyses the plan and stores the analysis redacted, claims the state address (rule
 * 6), applies the safeguards (rule 7), judges what the plan brings (rule 1) and returns what comes next: first an
 * inspection, if the plan needs one and `isInspected` is false. Safe to repeat: a second call returns the same. Throws
 * NotHolderError, BuildResultError.
 */
export async function analyzeDeploymentPlan(
  services: AnalysisServices,
  id: string,
  { isInspected }: { readonly isInspected: boolean },
): Promise<AnalyzedPlan> {
  const { store, artifacts } = services;
  const ahead = await store.readAhead();
  const deployment = await loadDeployment(ahead, id, ANALYSING, ['planning']);
  const [subject, left] = await Promise.all([
    loadHeld(ahead, id, ANALYSING, ['planning']),
    readResult(artifacts, runPrefix(deployment), 'planResult', PlanSuccessSchema),
    readForSettling(ahead, deployment),
  ]);
  const claimed = requireOwn(deployment, left.result);
  const place = { application: deployment.application, environment: deployment.environment };
  const hasStateAddress = (await ahead.get('stateAddress', place)) !== undefined;
  if (!isInspected && needsInspection(subject, claimed, hasStateAddress)) return { next: 'inspect', gates: [] };
  // Loaded only now: for a plan that is inspected first, this function has answered without it.
  const [{ analyzeKnownPlan }, known] = await Promise.all([
    import('./analysis/analyze-known-plan.ts'),
    isInspected ? readInspection(artifacts, deployment, claimed) : claimed,
  ]);
  const verdict = await analyzeKnownPlan(services, ahead, subject, { claimed, known, isInspected });
  return { ...verdict, ...(claimed.providers && { providers: claimed.providers }) };
}

/** Reads in parallel the records that `settlePlan` would read one after the other. */
async function readForSettling(ahead: Reader, deployment: Deployment): Promise<void> {
  const { id, application, environment, release } = deployment;
  await Promise.all([
    release === undefined ? undefined : ahead.get('release', { application, number: release }),
    ahead.get('configuration', { deploymentId: id }),
    ahead.get('composition', { deploymentId: id }),
    ahead.get('plannedChanges', { deploymentId: id }),
    ahead.get('stateAddress', { application, environment }),
    ...GATES.map((gate) => ahead.get('gate', { deploymentId: id, gate })),
  ]);
}

/** Returns the plan build's result. The build ran the team's code, so it is believed only about its own run. */
function requireOwn(deployment: Deployment, result: PlanSuccess | undefined): PlanSuccess {
  const prefix = `${runPrefix(deployment)}plan/`;
  if (!result)
    throw new BuildResultError(`analysing the plan of "${deployment.id}": the build left no result that can be read`);
  // The message names the artifact without its key, because keys contain the secret of a run.
  for (const name of ['bundle', 'planJson', 'modules'] as const)
    if (!result[name].key.startsWith(prefix))
      throw new BuildResultError(`analysing the plan of "${deployment.id}": ${name} is not an artifact of its own run`);
  if (result.operation !== deployment.operation)
    throw new BuildResultError(
      `analysing the plan of "${deployment.id}": planned ${result.operation} instead of ${deployment.operation}`,
    );
  return result;
}
