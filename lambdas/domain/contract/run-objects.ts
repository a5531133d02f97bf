/** Where the runs of all deployments are in the artifact bucket. */
export const RUNS_PREFIX = 'runs/';

/**
 * What the builds of one run leave there, below the run's own prefix: plan, inspect and apply build. Each object is written
 * once, which the bucket's policy demands of everybody.
 */
export const RUN_OBJECTS = {
  /** What is planned and applied: the commit with its modules, put there before anything of the repository runs. */
  tree: 'plan/tree.tar.gz',
  /** The plan, and the files that it added to the tree. */
  bundle: 'plan/bundle.tar.gz',
  planJson: 'plan/plan.json',
  modules: 'plan/modules.json',
  planResult: 'plan/result.json',
  /** The same plan, as a build reads it in which nothing of the repository runs. */
  inspectedPlan: 'inspect/plan.json',
  inspectedModules: 'inspect/modules.json',
  inspectionResult: 'inspect/result.json',
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
