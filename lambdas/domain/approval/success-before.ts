import { Refused } from '../errors.ts';
import type { Deployment } from '../model/deployment.ts';
import { type Standing, standingOf } from '../model/passed-through.ts';
import { findPrevious } from '../model/pipeline.ts';
import type { Reader } from '../ports.ts';

/** What became of a release in the environment before the one that it is to be deployed to. */
export interface SuccessBefore {
  readonly environment: string;
  readonly standing: Standing;
  readonly at: string;
}

/**
 * Finds what became of a deployment's release in the environment before. Returns undefined for the first environment,
 * for environments outside of the pipeline, and for rollbacks and destructions, which ask for no success before.
 */
export async function findSuccessBefore(
  reader: Reader,
  { application: name, environment: target, release, operation }: Deployment,
): Promise<SuccessBefore | undefined> {
  if (release === undefined || operation !== 'deploy') return undefined;
  const application = await reader.get('application', { name });
  const environment = application && findPrevious(application, target);
  if (environment === undefined || environment instanceof Refused) return undefined;
  const where = { application: name, environment };
  const [state, outcome] = await Promise.all([
    reader.get('environmentState', where),
    reader.get('outcome', { ...where, release }),
  ]);
  return outcome && { environment, standing: standingOf(state, outcome), at: outcome.at };
}

/** What became of a release in the environment before: in brief, and what that means. */
export const STANDING_IN_WORDS: Readonly<Record<Standing, readonly [brief: string, meaning?: string]>> = {
  applied: ['applied'],
  passed: ['passed through', 'there was nothing to change, so nothing was applied'],
  succeeded: ['succeeded', 'whether anything was applied was not recorded'],
  withdrawn: ['withdrawn', 'its success no longer counts'],
  unsuccessful: ['did not succeed'],
  rejected: ['rejected'],
  expired: ['expired'],
  canceled: ['canceled'],
  superseded: ['superseded'],
  blocked: ['blocked'],
  failed: ['failed'],
};
