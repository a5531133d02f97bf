import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, open, readFile, rename, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { addAbortSignal, type Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { ProviderCounts } from '../../../lambdas/domain/contract/build-result.ts';
import { allEnded } from '../build/all-ended.ts';
import { LOCK_FILE, VENDORED } from '../configuration/engine-files.ts';
import { type LockedProvider, LockFileError, readLockFile } from './lock-file.ts';
import { mirrorIn, packedPath, useMirror } from './mirror.ts';
import type { ProviderCache } from './provider-cache.ts';

export interface ProvidersRequest {
  /** Path of the lock file in the planned directory. The file need not exist. */
  readonly lockFile: string;
  /** Directory for packages and CLI configuration, outside of what is planned. */
  readonly workDirectory: string;
  /** Platform of the engine, such as `linux_arm64`. */
  readonly platform: string;
  readonly cache: Pick<ProviderCache, 'read'>;
  /** A CLI configuration that the environment brings. It may have its own rules for providers, so it is used alone. */
  readonly ownCliConfigFile?: string;
  log(line: string): void;
  /** Ends running downloads. A package that has not arrived by then is a miss. */
  readonly stop?: AbortSignal;
}

export interface PreparedProviders {
  /** Variables for the engine: TF_CLI_CONFIG_FILE, if the cache has any package. */
  readonly environment: Record<string, string>;
  /** Providers that the cache had. The mirror has them now. */
  readonly hits: readonly LockedProvider[];
  /** Providers for which the cache was asked in vain. */
  readonly misses: readonly LockedProvider[];
  /** Number of objects in the cache that did not have the hash in their key. */
  readonly mismatches: number;
}

/** Returns the numbers that results report. */
export const countsOf = ({ hits, misses, mismatches }: PreparedProviders): ProviderCounts => ({
  hits: hits.length,
  misses: misses.length,
  mismatches,
});

/** The directory in which an engine without a CLI configuration looks for providers that a repository brings along. */
const VENDORED_PLUGINS = join(VENDORED, 'plugins');

/**
 * Puts the packages that the cache has for a lock file into a mirror for `init`. Other packages come from their
 * registries, and the engine reports what is wrong with a lock file. So nothing here fails a build, except a full disk.
 */
export async function prepareProviders(request: ProvidersRequest): Promise<PreparedProviders> {
  const { lockFile, workDirectory, platform, cache, ownCliConfigFile, log, stop } = request;
  if (!existsSync(lockFile)) return unused();
  if (ownCliConfigFile !== undefined) return unused(log, `the CLI configuration ${ownCliConfigFile} counts`);
  // With a CLI configuration of ours, the engine would not look there.
  if (existsSync(join(dirname(lockFile), VENDORED_PLUGINS)))
    return unused(log, `the directory brings providers in ${VENDORED_PLUGINS}`);

  const locked = await readLocked(lockFile, log);
  const mirror = mirrorIn(workDirectory);
  await rm(mirror, { recursive: true, force: true });
  const asked = locked.filter(({ zipHashes }) => zipHashes.length > 0);
  for (const { address, version } of locked.filter((provider) => !asked.includes(provider)))
    log(`${address} ${version}: from its registry, the lock file has no hash "zh:" of it`);
  const found = await allEnded(
    asked.map(async (provider) => ({
      provider,
      ...(await fetchPackage({ provider, mirror, platform, cache, log, stop })),
    })),
  );
  const providersWith = (wanted: boolean) =>
    found.filter(({ isHit }) => isHit === wanted).map(({ provider }) => provider);
  const hits = providersWith(true);
  return {
    environment: hits.length === 0 ? {} : await useMirror(workDirectory, hits),
    hits,
    misses: providersWith(false),
    mismatches: found.reduce((sum, { mismatches }) => sum + mismatches, 0),
  };
}

function unused(log?: ProvidersRequest['log'], why?: string): PreparedProviders {
  if (why !== undefined) log?.(`provider cache not used: ${why}`);
  return { environment: {}, hits: [], misses: [], mismatches: 0 };
}

async function readLocked(lockFile: string, log: ProvidersRequest['log']): Promise<LockedProvider[]> {
  try {
    return await readLockFile(LOCK_FILE, await readFile(lockFile, 'utf8'));
  } catch (error) {
    if (!(error instanceof LockFileError)) throw error;
    for (const line of error.message.split('\n')) log(`provider cache not used: ${line}`);
    return [];
  }
}

interface PackageRequest extends Pick<ProvidersRequest, 'platform' | 'cache' | 'log' | 'stop'> {
  readonly provider: LockedProvider;
  readonly mirror: string;
}

/**
 * Fetches a provider's package from the cache. A lock file does not say which hash belongs to which platform, so all
 * are requested at once. Each body is read as it comes: a body that waits would hold a connection that the others may
 * need.
 */
async function fetchPackage(request: PackageRequest): Promise<{ isHit: boolean; mismatches: number }> {
  const { provider, mirror, platform, log } = request;
  const target = packedPath(mirror, provider, platform);
  await mkdir(dirname(target), { recursive: true });
  const answers = await allEnded(
    provider.zipHashes.map(async (sha256) => {
      const file = join(dirname(target), sha256);
      return { file, ...(await fetchCandidate(request, sha256, file)) };
    }),
  );
  const mismatches = answers.filter(({ outcome }) => outcome === 'mismatch').length;
  const [hit, ...others] = answers.filter(({ outcome }) => outcome === 'hit');
  for (const { file } of others) await rm(file);
  const name = `${provider.address} ${provider.version}`;
  if (!hit) {
    log(`${name}: from its registry, the cache has no package for ${platform}`);
    return { isHit: false, mismatches };
  }
  await rename(hit.file, target);
  log(`${name}: from the cache, ${(hit.bytes / 1_000_000).toFixed(1)} MB`);
  return { isHit: true, mismatches };
}

type Candidate = { readonly outcome: 'absent' | 'unreadable' | 'mismatch' | 'hit'; readonly bytes: number };

async function fetchCandidate(
  { platform, cache, log, stop }: PackageRequest,
  sha256: string,
  file: string,
): Promise<Candidate> {
  try {
    const body = await read(() => cache.read(platform, sha256, stop));
    if (!body) return { outcome: 'absent', bytes: 0 };
    if (stop) addAbortSignal(stop, body);
    const { digest, bytes } = await save(body, file);
    if (digest === sha256) return { outcome: 'hit', bytes };
    log(`the cache's ${sha256} for ${platform} is something else, with the SHA-256 ${digest}: not used`);
    await rm(file);
    return { outcome: 'mismatch', bytes };
  } catch (error) {
    if (!(error instanceof UnreadableError)) throw error;
    log(`the cache's ${sha256} for ${platform} cannot be read (${error.message}): not used`);
    await rm(file, { force: true });
    return { outcome: 'unreadable', bytes: 0 };
  }
}

/** Thrown when the cache failed, not this machine. */
class UnreadableError extends Error {
  override readonly name = 'UnreadableError';
}

async function read<T>(action: () => Promise<T>): Promise<T> {
  try {
    return await action();
  } catch (cause) {
    throw new UnreadableError(cause instanceof Error ? cause.name : 'unknown', { cause });
  }
}

/** Writes a body to a file, and hashes it meanwhile, because packages have hundreds of megabytes. */
async function save(body: Readable, file: string): Promise<{ digest: string; bytes: number }> {
  const hash = createHash('sha256');
  let bytes = 0;
  async function* chunks(): AsyncGenerator<Buffer> {
    const source: AsyncIterator<Buffer> = body[Symbol.asyncIterator]();
    try {
      for (;;) {
        const { done, value } = await read(() => source.next());
        if (done) return;
        hash.update(value);
        bytes += value.length;
        yield value;
      }
    } finally {
      body.destroy();
    }
  }
  // The file is opened before anything is read. A stream that still opens when the body breaks off would create it
  // later.
  const target = await open(file, 'w', 0o600).catch((error: unknown) => {
    body.destroy();
    throw error;
  });
  // The body is not part of the pipeline, so that its failures can be distinguished from those of the disk.
  await pipeline(chunks, target.createWriteStream());
  return { digest: hash.digest('hex'), bytes };
}
