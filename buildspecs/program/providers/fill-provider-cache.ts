import { rename } from 'node:fs/promises';
import { join } from 'node:path';
import { allEnded } from '../build/all-ended.ts';
import { describeError } from '../build/failure.ts';
import { findPackage } from './downloaded-package.ts';
import type { LockedProvider } from './lock-file.ts';
import { mirrorArguments, mirrorIn, packedPath, useMirror } from './mirror.ts';
import type { PreparedProviders, ProvidersRequest } from './prepare-providers.ts';
import type { ProviderCache } from './provider-cache.ts';
import { requireProviders } from './required-providers.ts';

export interface FillRequest
  extends Pick<ProvidersRequest, 'lockFile' | 'workDirectory' | 'platform' | 'log' | 'stop'> {
  readonly cache: Pick<ProviderCache, 'store'>;
  /** Runs the engine with these arguments in a directory. Returns the message of a failure. */
  runEngine(directory: string, given: readonly string[]): Promise<string | undefined>;
}

/**
 * Lets the engine download the packages that the cache lacks, stores them in the cache for later builds, and adds them
 * to the mirror, so that `init` does not download them again. A failure here never ends a build: `init` then asks the
 * registries.
 */
export async function fillProviderCache(prepared: PreparedProviders, request: FillRequest): Promise<PreparedProviders> {
  if (prepared.misses.length === 0) return prepared;
  const directory = join(request.workDirectory, 'missed-providers');
  try {
    const added = await downloadInto(directory, prepared.misses, request);
    if (added.length === 0) return prepared;
    const environment = await useMirror(request.workDirectory, [...prepared.hits, ...added]);
    return { ...prepared, environment };
  } catch (error) {
    request.log(`the provider cache is not filled: ${describeError(error)}`);
    return prepared;
  }
}

/** Downloads the missed packages, and returns the providers whose packages the mirror has now. */
async function downloadInto(
  directory: string,
  missed: readonly LockedProvider[],
  request: FillRequest,
): Promise<LockedProvider[]> {
  const downloads = join(directory, 'packages');
  await requireProviders(directory, missed, request.lockFile);
  const failure = await request.runEngine(directory, mirrorArguments(request.platform, downloads));
  // If the engine cannot download one package, it goes on with the others.
  if (failure !== undefined) request.log(`not all that the cache lacks could be downloaded for it: ${failure}`);
  const added = await allEnded(missed.map((provider) => keep(downloads, provider, request)));
  return added.flat();
}

async function keep(
  downloads: string,
  provider: LockedProvider,
  { workDirectory, platform, cache, log, stop }: FillRequest,
): Promise<LockedProvider[]> {
  const name = `${provider.address} ${provider.version}`;
  const found = await findPackage(downloads, provider, platform);
  if (found.outcome === 'absent') return [];
  if (found.outcome === 'not as locked') {
    log(
      `${name}: the registry's package for ${platform} has the SHA-256 ${found.sha256}, not one of the lock file: not kept`,
    );
    return [];
  }
  const size = `${(found.bytes / 1_000_000).toFixed(1)} MB`;
  try {
    log(`${name}: ${await cache.store(platform, found, stop)} in the cache, ${size}`);
  } catch (error) {
    log(`${name}: cannot be stored in the cache (${describeError(error)})`);
  }
  await rename(found.file, packedPath(mirrorIn(workDirectory), provider, platform));
  return [provider];
}
