/**
 * `npm run providers -- --bucket NAME [options] LOCK_FILE …`: puts the packages of lock files into the artifact bucket.
 * Builds take them from there instead of downloading them from registries.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { S3Client, S3ServiceException } from '@aws-sdk/client-s3';
import * as z from 'zod';
import { LockFileError } from '../buildspecs/program/providers/lock-file.ts';
import { SILENT, s3ProviderCache } from '../buildspecs/program/providers/s3-provider-cache.ts';
import { downloadMirror, type Package, ProvidersError, selectPackages } from './provider-packages.ts';

const USAGE = `usage: npm run providers -- --bucket NAME [options] path/to/.terraform.lock.hcl …

  --bucket NAME          the artifact bucket (stack output ArtifactBucketName)
  --platform OS_ARCH     of the packages (linux_arm64, where builds run on AWS)
  --mirror DIRECTORY     takes packages from this packed mirror, as "terraform providers mirror" makes one; without it
                         the engine makes one in a temporary directory, from the registries
  --engine terraform|tofu  which engine makes it (terraform)

Stores nothing unless every package that is found has a hash of its lock file. Exit code 0: all packages are in the
bucket; 1: some are not, and why; 2: wrong arguments.
`;

const OptionsSchema = z.strictObject({
  bucket: z.string({ error: 'is missing' }).regex(/^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/, 'is the name of a bucket'),
  platform: z
    .string()
    .regex(/^[a-z0-9]+_[a-z0-9]+$/, 'is a platform like linux_arm64')
    .default('linux_arm64'),
  mirror: z.string().min(1, 'is a directory').optional(),
  engine: z.enum(['terraform', 'tofu'], { error: 'is terraform or tofu' }).default('terraform'),
});
type Options = z.infer<typeof OptionsSchema>;

/** Thrown for wrong arguments: exit code 2. */
class UsageError extends Error {
  override readonly name = 'UsageError';
}

/** Resolves a path from the directory in which the command was given, because npm changes into the project. */
const fromHere = (path: string): string => resolve(process.env.INIT_CWD ?? '.', path);

function readArguments(): { options: Options; lockFiles: string[] } {
  const text = { type: 'string' } as const;
  const options = { bucket: text, platform: text, mirror: text, engine: text };
  const { values, positionals } = parsed(() => parseArgs({ options, allowPositionals: true }));
  const result = OptionsSchema.safeParse(values);
  if (!result.success) {
    const given = (key: PropertyKey) => (key in values ? ` (got ${JSON.stringify(Object(values)[key])})` : '');
    throw new UsageError(
      result.error.issues.map(({ path: [key = ''], message }) => `--${String(key)} ${message}${given(key)}`).join('\n'),
    );
  }
  if (positionals.length === 0) throw new UsageError('which lock files?');
  return { options: result.data, lockFiles: positionals.map(fromHere) };
}

function parsed<T>(parse: () => T): T {
  try {
    return parse();
  } catch (cause) {
    throw new UsageError(cause instanceof Error ? cause.message : String(cause), { cause });
  }
}

/** Selects the packages of all lock files, and lists missing ones. A package of several lock files is selected once. */
async function select({ mirror, engine, platform }: Options, lockFiles: readonly string[], temporary: string) {
  const packages = new Map<string, Package>();
  const missing: string[] = [];
  for (const [index, lockFile] of lockFiles.entries()) {
    const directory = mirror === undefined ? join(temporary, String(index)) : fromHere(mirror);
    if (mirror === undefined) await downloadMirror(engine, { lockFile, platform, mirror: directory });
    const selection = await selectPackages(lockFile, directory, platform);
    for (const found of selection.packages) packages.set(found.sha256, found);
    missing.push(...selection.missing);
  }
  return { packages: [...packages.values()], missing };
}

async function main(): Promise<number> {
  const { options, lockFiles } = readArguments();
  const temporary = mkdtempSync(join(tmpdir(), 'stagegate-providers-'));
  try {
    const { packages, missing } = await select(options, lockFiles, temporary);
    const cache = s3ProviderCache(new S3Client({ logger: SILENT }), options.bucket);
    for (const [index, found] of packages.entries()) {
      const size = `${(found.bytes / 1_000_000).toFixed(1)} MB`;
      process.stdout.write(`[${index + 1}/${packages.length}] ${found.name} ${options.platform}, ${size}: `);
      console.log(await cache.store(options.platform, found));
    }
    for (const line of missing) console.error(`providers: ${line}`);
    return missing.length === 0 ? 0 : 1;
  } finally {
    rmSync(temporary, { recursive: true, force: true });
  }
}

try {
  process.exitCode = await main();
} catch (error) {
  const isExpected = [UsageError, ProvidersError, LockFileError, S3ServiceException].some(
    (kind) => error instanceof kind,
  );
  if (!isExpected || !(error instanceof Error)) throw error;
  const name = error instanceof S3ServiceException ? `${error.name}: ` : '';
  for (const line of error.message.split('\n')) console.error(`providers: ${name}${line}`);
  if (error instanceof UsageError) console.error(USAGE);
  process.exitCode = error instanceof UsageError ? 2 : 1;
}
