import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { readFile, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { PutObjectCommand, type S3Client, S3ServiceException } from '@aws-sdk/client-s3';
import { type LockedProvider, readLockFile } from '../buildspecs/program/providers/lock-file.ts';
import { packedPath } from '../buildspecs/program/providers/mirror.ts';
import { providerPackageKey } from '../lambdas/domain/provider-cache.ts';

/** A package on this machine that a lock file asks for. */
export interface Package {
  /** As in `registry.terraform.io/hashicorp/aws 5.100.0`. */
  readonly name: string;
  readonly file: string;
  readonly sha256: string;
  readonly bytes: number;
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
  const args = ['providers', 'mirror', `-platform=${platform}`, mirror];
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
    const file = packedPath(mirror, provider, platform);
    if (provider.zipHashes.length === 0) missing.push(`${place}: the lock file has no hash "zh:" of it`);
    else if (await isThere(file)) packages.push(await examine(provider, { name, place, file }));
    else missing.push(`${place}: there is no ${file}`);
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

const isThere = (file: string): Promise<boolean> =>
  stat(file).then(
    (found) => found.isFile(),
    () => false,
  );

async function examine(
  { zipHashes }: LockedProvider,
  { name, place, file }: { name: string; place: string; file: string },
): Promise<Package> {
  const hash = createHash('sha256');
  await pipeline(createReadStream(file), hash);
  const sha256 = hash.digest('hex');
  if (!zipHashes.includes(sha256))
    throw new ProvidersError(`${place}: ${file} has the SHA-256 ${sha256}, which is not among its hashes "zh:"`);
  return { name, file, sha256, bytes: (await stat(file)).size };
}

/** Writes a package under the key of its hash, once; S3 verifies the hash again. Says whether it was there already. */
export async function storePackage(
  s3: S3Client,
  bucket: string,
  platform: string,
  { file, sha256, bytes }: Package,
): Promise<'stored' | 'there already'> {
  try {
    await s3.send(
      new PutObjectCommand({
        Bucket: bucket,
        Key: providerPackageKey(platform, sha256),
        Body: createReadStream(file),
        ContentLength: bytes,
        ContentType: 'application/zip',
        ChecksumSHA256: Buffer.from(sha256, 'hex').toString('base64'),
        IfNoneMatch: '*',
      }),
    );
    return 'stored';
  } catch (error) {
    if (error instanceof S3ServiceException && error.name === 'PreconditionFailed') return 'there already';
    throw error;
  }
}
