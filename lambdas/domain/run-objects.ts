/** Where the runs of all deployments are in the artifact bucket. */
export const RUNS_PREFIX = 'runs/';

/** What the builds of one run leave there, below the run's own prefix: by the plan build, then by the apply build. */
export const RUN_OBJECTS = {
  planResult: 'plan/result.json',
  /** What reviewers approve, and all that the apply gets. */
  bundle: 'plan/bundle.tar.gz',
  planJson: 'plan/plan.json',
  modules: 'plan/modules.json',
  /** Written before anything else, and only once: a plan is applied once. */
  applyStarted: 'apply/started.json',
  applyResult: 'apply/result.json',
  outputs: 'apply/outputs.json',
  /** The state, where the engine could not save it. */
  unsavedState: 'apply/errored.tfstate',
} as const;
export type RunObject = keyof typeof RUN_OBJECTS;

/** The key of an object of a run. */
export const runObjectKey = (prefix: string, object: RunObject): string => `${prefix}${RUN_OBJECTS[object]}`;
