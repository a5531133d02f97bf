import { spawn } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { type DownloadedPackage, findPackage } from '../buildspecs/program/providers/downloaded-package.ts';
import { type LockedProvider, readLockFile } from '../buildspecs/program/providers/lock-file.ts';
import { mirrorArguments } from '../buildspecs/program/providers/mirror.ts';

/** A package on this machine that a lock file requires. */
export interface Package extends DownloadedPackage {
  /** Address and version, as in `registry.terraform.io/hashicorp/aws 5.100.0`. */
  readonly name: string;
}

/** The packages of a lock file that can be stored, and a sentence about each provider whose package is missing. */
export interface Selection {
  readonly packages: readonly Package[];
  readonly missing: readonly string[];
}

/** Thrown when the command cannot continue. The message has the reason and the place. */
export class ProvidersError extends Error {
  override readonly name = 'ProvidersError';
}

/**
 * Makes the engine download the packages of a lock file into a packed mirror. The engine needs the configuration beside
 * the lock file.
 */
export async function downloadMirror(
  engine: string,
  { lockFile, platform, mirror }: { lockFile: string; platform: string; mirror: string },
): Promise<void> {
  const args = mirrorArguments(platform, mirror);
  const told = `${engine} ${args.join(' ')} (in ${dirname(lockFile)})`;
  // The output of the engine is progress, so it goes to stderr. Only results of this command go to stdout.
  const child = spawn(engine, args, { cwd: dirname(lockFile), stdio: ['ignore', 2, 2] });
  const code = await new Promise((resolve, reject) => {
    child.once('error', (cause) => reject(new ProvidersError(`${told}: ${cause.message}`, { cause })));
    child.once('exit', resolve);
  });
  if (code !== 0) throw new ProvidersError(`${told}: it ended with exit code ${code}`);
}

/** Finds the packages of a lock file in a packed mirror. Throws when a package does not match its locked hashes. */
export async function selectPackages(lockFile: string, mirror: string, platform: string): Promise<Selection> {
  const packages: Package[] = [];
  const missing: string[] = [];
  for (const provider of await readLocked(lockFile)) {
    const name = `${provider.address} ${provider.version}`;
    const place = `${lockFile}:${provider.line}: ${name}`;
    if (provider.zipHashes.length === 0) {
      missing.push(`${place}: the lock file has no hash "zh:" of it`);
      continue;
    }
    const found = await findPackage(mirror, provider, platform);
    if (found.outcome === 'absent') missing.push(`${place}: there is no ${found.file}`);
    else if (found.outcome === 'as locked') packages.push({ ...found, name });
    else
      throw new ProvidersError(
        `${place}: ${found.file} has the SHA-256 ${found.sha256}, which is not among its hashes "zh:"`,
      );
  }
  return { packages, missing };
}

async function readLocked(lockFile: string): Promise<LockedProvider[]> {
  try {
    return await readLockFile(lockFile, await readFile(lockFile, 'utf8'));
  } catch (cause) {
    if (cause instanceof Error && 'code' in cause) throw new ProvidersError(`${lockFile}: ${cause.message}`, { cause });
    throw cause;
  }
}
