/** Prefix of the runs of all deployments in the artifact bucket. */
export const RUNS_PREFIX = 'runs/';

/** Prefix of the trees that are kept with environments, beyond the life of the runs that they were made for. */
export const KEPT_PREFIX = 'kept/';

/**
 * Objects that the builds of one run (plan, inspect and apply build) leave in the artifact bucket, below the run's own
 * prefix. Each object is written once, which the bucket's policy demands of everybody.
 */
export const RUN_OBJECTS = {
  /** What is planned and applied: the commit with its modules, stored before any code of the repository runs. */
  tree: 'plan/tree.tar.gz',
  /** The plan, and the files that it added to the tree. */
  bundle: 'plan/bundle.tar.gz',
  planJson: 'plan/plan.json',
  modules: 'plan/modules.json',
  /** Identities of the modules in the tree, stored before any code of the repository runs. */
  identities: 'plan/identities.json',
  /** What the planned directory reads of the repository, stored with the identities. */
  reads: 'plan/reads.json',
  planResult: 'plan/result.json',
  /** The same plan, as read by a build that runs no code of the repository. */
  inspectedPlan: 'inspect/plan.json',
  inspectedModules: 'inspect/modules.json',
  inspectedIdentities: 'inspect/identities.json',
  inspectedReads: 'inspect/reads.json',
  inspectionResult: 'inspect/result.json',
  /** Written before anything else and only once, because a plan is applied only once. */
  applyStarted: 'apply/started.json',
  applyResult: 'apply/result.json',
  outputs: 'apply/outputs.json',
  /** The state; present when the engine could not save it. */
  unsavedState: 'apply/errored.tfstate',
} as const;
export type RunObject = keyof typeof RUN_OBJECTS;

/** Returns the key of an object of a run. */
export const runObjectKey = (prefix: string, object: RunObject): string => `${prefix}${RUN_OBJECTS[object]}`;

/** Returns the key of another object of the run that a bundle belongs to. Throws if the key is none of a bundle. */
export function besideBundle(bundleKey: string, object: RunObject): string {
  if (!bundleKey.endsWith(RUN_OBJECTS.bundle)) throw new Error(`${bundleKey} is the key of no bundle`);
  return runObjectKey(bundleKey.slice(0, -RUN_OBJECTS.bundle.length), object);
}

/** Returns the key of a kept tree. The random digits keep builds of others from guessing it, as in the key of a run. */
export const keptTreeKey = (deploymentId: string, secret: string): string =>
  `${KEPT_PREFIX}${deploymentId}/${secret}/tree.tar.gz`;
