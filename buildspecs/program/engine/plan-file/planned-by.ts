import { readFileSync } from 'node:fs';
import * as z from 'zod';
import { EngineNameSchema } from '../../../../lambdas/domain/contract/engine-release.ts';
import type { AnyBuild } from '../../build/run-build.ts';
import { chooseEngine } from '../choose-engine.ts';
import type { Engine } from '../engine.ts';
import { makeEngineReady } from '../initialize.ts';

const PlannedBySchema = z.object({ name: EngineNameSchema, version: z.string() });

/** Returns name and version of the engine that made the plan. */
export const plannedBy = ({ paths }: AnyBuild): z.output<typeof PlannedBySchema> =>
  PlannedBySchema.parse(JSON.parse(readFileSync(paths.engine, 'utf8')));

/** Makes ready exactly the engine that made the plan, even if another one is the default by now. */
export const engineOfPlan = async (build: AnyBuild): Promise<Engine> =>
  makeEngineReady(build, chooseEngine(build.variables.STAGEGATE_ENGINES, plannedBy(build)));
