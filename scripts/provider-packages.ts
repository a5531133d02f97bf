import { spawn } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { type DownloadedPackage, findPackage } from '../buildspecs/program/providers/downloaded-package.ts';
import { type LockedProvider, readLockFile } from '../buildspecs/program/providers/lock-file.ts';
import { mirrorArguments } from '../buildspecs/program/providers/mirror.ts';

/** A package on this machine that a lock file asks for. */
export interface Package extends DownloadedPackage {
  /** As in `registry.terraform.io/hashicorp/aws 5.100.0`. */
  readonly name: string;
}

/** What a lock file's providers come to: packages to store, and sentences about those that there are none of. */
export interface Selection {
  readonly packages: readonly Package[];
  readonly missing: readonly string[];
}

/** The command cannot go on; the message says why, with the place. */
export class ProvidersError extends Error {
  override readonly name = 'ProvidersError';
}

/** Has the engine download the packages of a lock file into a packed mirror; it needs the configuration beside the lock file. */
export async function downloadMirror(
  engine: string,
  { lockFile, platform, mirror }: { lockFile: string; platform: string; mirror: string },
): Promise<void> {
  const args = mirrorArguments(platform, mirror);
  const told = `${engine} ${args.join(' ')} (in ${dirname(lockFile)})`;
  // What the engine prints is progress like our own; the answers of this command go to the standard output alone.
  const child = spawn(engine, args, { cwd: dirname(lockFile), stdio: ['ignore', 2, 2] });
  const code = await new Promise((resolve, reject) => {
    child.once('error', (cause) => reject(new ProvidersError(`${told}: ${cause.message}`, { cause })));
    child.once('exit', resolve);
  });
  if (code !== 0) throw new ProvidersError(`${told}: it ended with exit code ${code}`);
}

/** Finds a lock file's packages in a packed mirror. A package that is not the one of the lock file is refused. */
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
