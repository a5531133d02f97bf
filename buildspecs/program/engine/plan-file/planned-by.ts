import { readFileSync, writeFileSync } from 'node:fs';
import * as z from 'zod';
import type { AvailableEngine } from '../../../../lambdas/domain/contract/build-environment-variables.ts';
import {
  EngineNameSchema,
  EngineReleaseSchema,
  EngineVersionSchema,
} from '../../../../lambdas/domain/contract/engine-release.ts';
import { describeError, PhaseError } from '../../build/failure.ts';
import type { AnyBuild, PlanBuild } from '../../build/run-build.ts';
import { chooseEngine } from '../choose-engine.ts';
import type { Engine } from '../engine.ts';
import { makeEngineReady } from '../initialize.ts';

/** An engine without its release: it was installed on the machine, or the tree is from before trees had releases. */
const NamedEngineSchema = z.strictObject({ name: EngineNameSchema, version: EngineVersionSchema });
const PlannedBySchema = z.union([EngineReleaseSchema, NamedEngineSchema]);
type PlannedBy = z.output<typeof PlannedBySchema>;

/**
 * Notes the engine of the plan, for the tree. The path of an installed engine is left out: it has no digest, so each
 * machine must know by itself which of its programs that engine is.
 */
export function writePlannedBy({ paths }: PlanBuild, chosen: AvailableEngine): void {
  const { name, version } = chosen;
  const noted: PlannedBy = 'path' in chosen ? { name, version } : chosen;
  writeFileSync(paths.engine, JSON.stringify(noted));
}

/** Returns the engine that made the plan. Throws PhaseError `bundle-refused`. */
export function plannedBy({ paths }: Pick<AnyBuild, 'paths'>): PlannedBy {
  try {
    return PlannedBySchema.parse(JSON.parse(readFileSync(paths.engine, 'utf8')));
  } catch (error) {
    throw new PhaseError('bundle', `the tree does not say which engine made the plan (${describeError(error)})`, {
      reason: 'bundle-refused',
    });
  }
}

/** Makes ready exactly the engine that made the plan, even if another one is the default by now. */
export const engineOfPlan = async (build: AnyBuild): Promise<Engine> =>
  makeEngineReady(build, engineFor(plannedBy(build), build.variables.STAGEGATE_ENGINES));

/**
 * Returns where the engine of a plan comes from. A release need not be listed any more: its digest was in the
 * configuration when the plan was made, and is in the tree since before any code of the repository ran. If the same
 * release is listed with another address, that address counts, because a mirror may have moved. Throws PhaseError
 * `engine-unavailable` for an engine without release that is not listed.
 */
function engineFor(planned: PlannedBy, listed: readonly AvailableEngine[]): AvailableEngine {
  if (!('sha256' in planned)) return chooseEngine(listed, planned);
  const { name, version, sha256 } = planned;
  const isSame = (engine: AvailableEngine) =>
    'sha256' in engine && engine.name === name && engine.version === version && engine.sha256 === sha256;
  return listed.find(isSame) ?? planned;
}
