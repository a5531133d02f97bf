import { join } from 'node:path';

/** The files of one build below STAGEGATE_WORK; the same absolute paths in the plan and the apply of an environment. */
export function workPaths(variables: {
  readonly STAGEGATE_WORK: string;
  readonly STAGEGATE_APPLICATION: string;
  readonly STAGEGATE_ENVIRONMENT: string;
  readonly STAGEGATE_DIRECTORY: string;
}) {
  const base = join(variables.STAGEGATE_WORK, variables.STAGEGATE_APPLICATION, variables.STAGEGATE_ENVIRONMENT);
  const inBase = (name: string) => join(base, name);
  return {
    base,
    /** The repository, without .git. */
    tree: inBase('tree'),
    /** The directory that is planned and applied. */
    directory: join(base, 'tree', variables.STAGEGATE_DIRECTORY),
    /** Where the engine is installed, if it has to be. */
    engineDirectory: inBase('engine'),
    /** Where the tree is laid out once more, as it was before the plan, to be compared with. */
    before: inBase('before'),
    plan: inBase('plan.tfplan'),
    /** SHA-256 of the archive of the tree, in the bundle. */
    treeDigest: inBase('tree.sha256'),
    /** Name and version of the engine that made the plan; packed with the tree. */
    engine: inBase('engine.json'),
    /** `-backend-config` arguments of `init`, one per line; packed with the tree. */
    backendArguments: inBase('backend-arguments'),
    /** The values that Stagegate gives the plan; packed with the tree, and outside of it, whose names are the team's. */
    generatedVariables: inBase('variables.tfvars.json'),
    planJson: inBase('plan.json'),
    /** Where an inspect build runs the engine: it has nothing of the repository but its choice of providers. */
    inspection: inBase('inspection'),
    /** Where an inspect build has the engine read the values that the commit gives its variables. */
    valuesOfCommit: inBase('values'),
    /** What `validate` found. */
    validation: inBase('validation.json'),
    /** The state after an apply, as the backend keeps it. */
    state: inBase('state.json'),
  };
}
export type WorkPaths = ReturnType<typeof workPaths>;
