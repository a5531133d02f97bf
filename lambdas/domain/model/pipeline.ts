import { orThrow, Refused } from '../errors.ts';
import { type Stage, stageRank } from '../policy.ts';
import type { Application } from './application.ts';

/** Stage of each environment defined so far, by name. */
export type StagesByName = ReadonlyMap<string, Stage>;

/**
 * Applies rule 1: a pipeline goes development <= staging <= production, with at least one development and one staging
 * environment before any production one. Environments that are not defined yet are checked when they are defined.
 * Throws RefusedError.
 */
export const requireOrdered = (pipeline: readonly string[], stages: StagesByName): void =>
  orThrow(objectionToOrder(pipeline, stages));

function objectionToOrder(pipeline: readonly string[], stages: StagesByName): Refused | undefined {
  let previous: { name: string; stage: Stage } | undefined;
  for (const [index, name] of pipeline.entries()) {
    const stage = stages.get(name);
    if (!stage) continue;
    if (previous && stageRank(stage) < stageRank(previous.stage))
      return new Refused(
        'pipeline-order',
        `"${name}" (${stage}) comes after "${previous.name}" (${previous.stage}); the order of a pipeline is development, staging, production`,
      );
    const lacking = stage === 'production' && objectionToStagesBefore(pipeline.slice(0, index), name, stages);
    if (lacking) return lacking;
    previous = { name, stage };
  }
  return undefined;
}

function objectionToStagesBefore(before: readonly string[], name: string, stages: StagesByName): Refused | undefined {
  const undefinedYet = before.filter((other) => !stages.has(other)).length;
  const missing = (['development', 'staging'] as const).filter(
    (stage) => !before.some((other) => stages.get(other) === stage),
  );
  if (missing.length <= undefinedYet) return undefined;
  return new Refused(
    'pipeline-order',
    `production environment "${name}" needs a development and a staging environment before it; missing: ${missing.join(', ')}`,
  );
}

/**
 * Returns why a deployment may not start, if so. Every environment up to the target must be defined, so that no gap can
 * hide a stage.
 */
export function objectionToGaps(
  application: Application,
  environment: string,
  stages: StagesByName,
): Refused | undefined {
  const position = findPosition(application, environment);
  if (position instanceof Refused) return position;
  const missing = application.pipeline.slice(0, position + 1).filter((name) => !stages.has(name));
  if (missing.length > 0)
    return new Refused('pipeline-incomplete', `the pipeline of "${application.name}" lacks ${missing.join(', ')}`);
  return objectionToOrder(application.pipeline.slice(0, position + 1), stages);
}

/** Returns the index of an environment in the pipeline. Throws RefusedError `not-in-pipeline`. */
export const positionOf = (application: Application, environment: string): number =>
  orThrow(findPosition(application, environment));

function findPosition(application: Application, environment: string): number | Refused {
  const position = application.pipeline.indexOf(environment);
  if (position >= 0) return position;
  return new Refused(
    'not-in-pipeline',
    `environment "${environment}" is not in the pipeline of "${application.name}" (${application.pipeline.join(' -> ')})`,
  );
}

/** Returns the environment before this one, undefined for the first, or a refusal `not-in-pipeline`. */
export function findPrevious(application: Application, environment: string): string | undefined | Refused {
  const position = findPosition(application, environment);
  return position instanceof Refused ? position : application.pipeline[position - 1];
}

/** Returns the environment before this one, or undefined for the first. Throws RefusedError `not-in-pipeline`. */
export const previousOf = (application: Application, environment: string): string | undefined =>
  orThrow(findPrevious(application, environment));

/** Returns the environment after this one, or undefined for the last or one outside of the pipeline. */
export function nextOf(application: Application, environment: string): string | undefined {
  const position = application.pipeline.indexOf(environment);
  return position < 0 ? undefined : application.pipeline[position + 1];
}
