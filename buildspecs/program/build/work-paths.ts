import { join } from 'node:path';

/** Returns the paths of a build's files, below STAGEGATE_WORK. Plan and apply of an environment have the same paths. */
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
    /** Where the engine is installed if the machine does not have it. */
    engineDirectory: inBase('engine'),
    /** Where the tree is unpacked once more, as it was before the plan, for comparison. */
    before: inBase('before'),
    /** Written right before the plan: its time tells which files the plan made. */
    planBegins: inBase('plan-begins'),
    plan: inBase('plan.tfplan'),
    /** SHA-256 of the archive of the tree; packed into the bundle. */
    treeDigest: inBase('tree.sha256'),
    /** The engine that made the plan, with address and digest of its release; packed with the tree. */
    engine: inBase('engine.json'),
    /** `-backend-config` arguments of `init`, one per line; packed with the tree. */
    backendArguments: inBase('backend-arguments'),
    /** The values that Stagegate gives the plan; packed with the tree, but not in it: names there are the team's. */
    generatedVariables: inBase('variables.tfvars.json'),
    planJson: inBase('plan.json'),
    /** Where an inspect build runs the engine. Of the repository, it contains only the choice of providers. */
    inspection: inBase('inspection'),
    /** Where the engine of an inspect build reads the values that the commit gives its variables. */
    valuesOfCommit: inBase('values'),
    /** The findings of `validate`. */
    validation: inBase('validation.json'),
    /** The state after an apply, as the backend keeps it. */
    state: inBase('state.json'),
  };
}
export type WorkPaths = ReturnType<typeof workPaths>;
