import { RefusedError } from '../errors.ts';
import { type Stage, stageRank } from '../policy.ts';
import type { Application } from './application.ts';

/** Stage of each environment defined so far, by name. */
export type StagesByName = ReadonlyMap<string, Stage>;

/**
 * Rule 1: a pipeline goes development <= staging <= production, with at least one development and one staging
 * environment before any production one. Environments not defined yet are judged when they come.
 */
export function requireOrdered(pipeline: readonly string[], stages: StagesByName): void {
  let previous: { name: string; stage: Stage } | undefined;
  for (const [index, name] of pipeline.entries()) {
    const stage = stages.get(name);
    if (!stage) continue;
    if (previous && stageRank(stage) < stageRank(previous.stage))
      throw new RefusedError(
        'pipeline-order',
        `"${name}" (${stage}) stands behind "${previous.name}" (${previous.stage}); a pipeline goes development, staging, production`,
      );
    if (stage === 'production') requireStagesBefore(pipeline.slice(0, index), name, stages);
    previous = { name, stage };
  }
}

function requireStagesBefore(before: readonly string[], name: string, stages: StagesByName): void {
  const undefinedYet = before.filter((other) => !stages.has(other)).length;
  const missing = (['development', 'staging'] as const).filter(
    (stage) => !before.some((other) => stages.get(other) === stage),
  );
  if (missing.length > undefinedYet)
    throw new RefusedError(
      'pipeline-order',
      `production environment "${name}" needs a development and a staging environment before it; missing: ${missing.join(', ')}`,
    );
}

/** Before a deployment every environment up to the target must be defined, so that no gap can hide a stage. */
export function requireCompleteUpTo(application: Application, environment: string, stages: StagesByName): void {
  const position = positionOf(application, environment);
  const missing = application.pipeline.slice(0, position + 1).filter((name) => !stages.has(name));
  if (missing.length > 0)
    throw new RefusedError('pipeline-incomplete', `the pipeline of "${application.name}" lacks ${missing.join(', ')}`);
  requireOrdered(application.pipeline.slice(0, position + 1), stages);
}

/** Index in the pipeline. Throws RefusedError `not-in-pipeline`. */
export function positionOf(application: Application, environment: string): number {
  const position = application.pipeline.indexOf(environment);
  if (position < 0)
    throw new RefusedError(
      'not-in-pipeline',
      `environment "${environment}" is not in the pipeline of "${application.name}" (${application.pipeline.join(' -> ')})`,
    );
  return position;
}

/** The environment before this one, or undefined for the first. */
export const previousOf = (application: Application, environment: string): string | undefined =>
  application.pipeline[positionOf(application, environment) - 1];

/** The environment behind this one, or undefined for the last or one outside the pipeline. */
export function nextOf(application: Application, environment: string): string | undefined {
  const position = application.pipeline.indexOf(environment);
  return position < 0 ? undefined : application.pipeline[position + 1];
}
