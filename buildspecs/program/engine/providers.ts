import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { toPhaseError } from '../build/failure.ts';
import type { AnyBuild } from '../build/run-build.ts';
import { LOCK_FILE } from '../configuration/engine-files.ts';
import type { PreparedProviders } from '../providers/prepare-providers.ts';

/**
 * Takes from the installation's cache the providers that the directory's lock file names. Returns undefined if the
 * cache was not asked. A failure belongs to the phase `init`, which is the first to need the providers.
 */
export async function providersOf({
  variables,
  paths,
  machine,
  stop,
}: AnyBuild): Promise<PreparedProviders | undefined> {
  const lockFile = join(paths.directory, LOCK_FILE);
  if (variables.STAGEGATE_PROVIDER_CACHE === 'off' || !existsSync(lockFile)) return undefined;
  const [{ prepareProviders }, { enginePlatform }] = await Promise.all([
    import('../providers/prepare-providers.ts'),
    import('../providers/platform.ts'),
  ]);
  const preparing = prepareProviders({
    lockFile,
    workDirectory: paths.base,
    platform: enginePlatform(),
    cache: machine.providerCache(variables.STAGEGATE_ARTIFACT_BUCKET),
    ownCliConfigFile: ownCliConfigFile(machine.environment),
    log: machine.log,
    stop,
  });
  return preparing.catch((error) => {
    throw toPhaseError(error, 'init');
  });
}

/** Returns the path of the CLI configuration that the engine would read by itself. */
function ownCliConfigFile({ TF_CLI_CONFIG_FILE, HOME }: AnyBuild['machine']['environment']): string | undefined {
  if (TF_CLI_CONFIG_FILE) return TF_CLI_CONFIG_FILE;
  const files = HOME ? ['.tofurc', '.terraformrc'].map((name) => join(HOME, name)) : [];
  return files.find((file) => existsSync(file));
}
