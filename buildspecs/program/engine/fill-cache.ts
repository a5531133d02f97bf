import { join } from 'node:path';
import type { InspectBuild } from '../build/run-build.ts';
import { LOCK_FILE } from '../configuration/engine-files.ts';
import type { PreparedProviders } from '../providers/prepare-providers.ts';
import type { Engine } from './engine.ts';
import { runStep } from './engine-step.ts';

const LONGEST_FAILURE = 1000;

/** Adds to the installation's cache the providers of the lock file that it lacks. Only an inspect build may do this. */
export async function fillCache(
  build: InspectBuild,
  engine: Engine,
  prepared: PreparedProviders,
): Promise<PreparedProviders> {
  if (prepared.misses.length === 0) return prepared;
  const { paths, machine, variables } = build;
  const [{ fillProviderCache }, { enginePlatform }] = await Promise.all([
    import('../providers/fill-provider-cache.ts'),
    import('../providers/platform.ts'),
  ]);
  return fillProviderCache(prepared, {
    lockFile: join(paths.directory, LOCK_FILE),
    workDirectory: paths.base,
    platform: enginePlatform(),
    cache: machine.providerCache(variables.STAGEGATE_ARTIFACT_BUCKET),
    log: machine.log,
    stop: machine.stop,
    async runEngine(directory, given) {
      const { exitCode, errorOutput } = await runStep(build, engine, 'mirror', {
        arguments: [...given, '-no-color'],
        directory,
      });
      return exitCode === 0 ? undefined : `${engine.name} ended with exit code ${exitCode}. ${oneLine(errorOutput)}`;
    },
  });
}

const oneLine = (text: string): string =>
  text
    .replace(/[│╷╵\s]+/g, ' ')
    .trim()
    .slice(0, LONGEST_FAILURE);
