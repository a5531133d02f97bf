import type { AnyBuild } from '../build/run-build.ts';
import type { Engine } from './engine.ts';
import { concludeStep, runStep } from './engine-step.ts';

/**
 * Has the engine print the saved plan as JSON (`paths.planJson`), from the planned directory where no other is named.
 */
export async function showPlan(build: AnyBuild, engine: Engine, directory?: string): Promise<void> {
  const { paths } = build;
  const outcome = await runStep(build, engine, 'show', {
    arguments: ['show', '-json', paths.plan],
    ...(directory !== undefined && { directory }),
    outputFile: paths.planJson,
  });
  concludeStep(build, engine, outcome);
}
