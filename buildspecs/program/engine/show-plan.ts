import type { AnyBuild } from '../build/run-build.ts';
import type { Engine } from './engine.ts';
import { concludeStep, runStep } from './engine-step.ts';
import { variableArgumentsForPlan } from './variable-arguments.ts';

/** Lets the engine print the saved plan as JSON (`paths.planJson`). Runs in the planned directory by default. */
export async function showPlan(build: AnyBuild, engine: Engine, directory?: string): Promise<void> {
  const { paths } = build;
  const variables = directory === undefined ? await variableArgumentsForPlan(build, engine, 'show') : [];
  const outcome = await runStep(build, engine, 'show', {
    arguments: ['show', '-json', ...variables, paths.plan],
    ...(directory !== undefined && { directory }),
    outputFile: paths.planJson,
  });
  concludeStep(build, engine, outcome);
}
