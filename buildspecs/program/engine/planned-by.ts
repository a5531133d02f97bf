import { readFileSync } from 'node:fs';
import * as z from 'zod';
import { EngineNameSchema } from '../../../lambdas/domain/engine-release.ts';
import type { AnyBuild } from '../build/run-build.ts';
import { chooseEngine } from './choose-engine.ts';
import type { Engine } from './engine.ts';
import { makeEngineReady } from './initialize.ts';

const PlannedBySchema = z.object({ name: EngineNameSchema, version: z.string() });

/** The very engine that made the plan, also where another one is the default by now. */
export async function engineOfPlan(build: AnyBuild): Promise<Engine> {
  const plannedBy = PlannedBySchema.parse(JSON.parse(readFileSync(build.paths.engine, 'utf8')));
  return makeEngineReady(build, chooseEngine(build.variables.STAGEGATE_ENGINES, plannedBy));
}
