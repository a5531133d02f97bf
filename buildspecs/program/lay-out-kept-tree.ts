import { createHash } from 'node:crypto';
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import type { KeptTreeAddress } from '../../lambdas/domain/contract/build-environment-variables.ts';
import { inPhase } from './artifacts/in-phase.ts';
import { overrideFileName } from './backend/complete-backend.ts';
import { PhaseError } from './build/failure.ts';
import type { PlanBuild } from './build/run-build.ts';
import { MOST_TREE_BYTES, unpackTree } from './bundle/tree-archive.ts';
import { requireDirectory } from './configuration/checkout.ts';
import { WholeSource } from './source/whole-source.ts';

/**
 * Lays out a tree that was kept with the environment, in the place of a checkout: the commit as `init` left it, with its
 * modules and its lock file. `init` finds the modules in place, so neither the repository nor any host of a module need
 * exist any more. What this program wrote itself when the tree was made is written anew.
 */
export async function layOutKeptTree(
  build: PlanBuild,
  { key, versionId, sha256 }: KeptTreeAddress,
): Promise<WholeSource> {
  const { artifacts, paths, variables } = build;
  const bytes = await inPhase('checkout', 'fetching the tree that is kept with the environment', () =>
    artifacts.get({ key, versionId }, MOST_TREE_BYTES),
  );
  const found = createHash('sha256').update(bytes).digest('hex');
  if (found !== sha256)
    throw new PhaseError(
      'checkout',
      `the tree that is kept with the environment has the digest ${found}, not ${sha256}`,
      {
        reason: 'digest-mismatch',
      },
    );
  await unpackTree(bytes, paths);
  requireDirectory(paths.tree, variables.STAGEGATE_DIRECTORY, variables.STAGEGATE_COMMIT);
  // No commit has a file of this name, so this one is ours. The engine would take it for part of the configuration.
  rmSync(join(paths.directory, overrideFileName), { force: true });
  for (const written of [paths.engine, paths.backendArguments, paths.generatedVariables])
    rmSync(written, { force: true });
  build.log(`the tree of commit ${variables.STAGEGATE_COMMIT} is the one that was applied here before: it is kept`);
  // That it was whole was found when it was made: it has no history that would name submodules.
  return new WholeSource(build, []);
}
