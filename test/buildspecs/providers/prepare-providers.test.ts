import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { setImmediate as turn } from 'node:timers/promises';
import { PutObjectCommand, type S3Client } from '@aws-sdk/client-s3';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { enginePlatform } from '../../../buildspecs/program/providers/platform.ts';
import { countsOf, prepareProviders } from '../../../buildspecs/program/providers/prepare-providers.ts';
import type { ProviderCache } from '../../../buildspecs/program/providers/provider-cache.ts';
import { s3ProviderCache } from '../../../buildspecs/program/providers/s3-provider-cache.ts';
import { PROVIDER_PACKAGES, providerPackageKey } from '../../../lambdas/domain/contract/provider-cache.ts';
import { findInstalledEngines } from '../../../local/services/codebuild/installed-engines.ts';
import { type OpenS3, openS3 } from '../../local/s3/open-s3.ts';
import { type FakePackage, fakePackage, lockFileOf } from './packages.ts';

/** No registry answers under `.invalid` (RFC 2606), so a package that is not in the cache cannot be had at all. */
const THING = 'registry.example.invalid/acme/thing';
const BUCKET = 'artifacts';
const PLATFORM = enginePlatform();
/** Hash of an unpacked package in a lock file that was made on another machine. */
const FOREIGN_H1 = 'h1:Ijt7pOlB7Tr7maGQIqtsLFbl7pSMIj06TVdkoSBcYOw=';

const own = fakePackage('1.0.0', 'for this platform');
const others = ['darwin_arm64', 'windows_amd64', 'freebsd_386'].map((platform) => fakePackage('1.0.0', platform));
const zh = ({ sha256 }: FakePackage) => `zh:${sha256}`;
const fourPlatforms = [FOREIGN_H1, ...others.map(zh), zh(own)];

let s3: OpenS3;
let engine: string;
/** A client with the rights of a build, which may only get packages. */
let build: S3Client;
let work: string;
let directory: string;
let lockFile: string;
let log: string[];

beforeAll(async () => {
  const [installed] = await findInstalledEngines(process.env.PATH ?? '');
  if (!installed) throw new Error('neither terraform nor tofu is on the PATH');
  engine = installed.path;
  s3 = await openS3();
  build = s3.roleClient('stagegate-plan-build', [
    { Effect: 'Allow', Action: 's3:GetObject', Resource: `arn:aws:s3:::${BUCKET}*/${PROVIDER_PACKAGES.pattern}` },
  ]);
});
afterAll(() => s3.close());

let bucket: string;
let buckets = 0;
beforeEach(async () => {
  buckets += 1;
  bucket = `${BUCKET}-${buckets}`;
  await s3.createBucket(bucket);
  work = mkdtempSync(join(tmpdir(), 'stagegate-providers-'));
  directory = join(work, 'tree');
  mkdirSync(directory);
  lockFile = join(directory, '.terraform.lock.hcl');
  log = [];
});
afterEach(() => rmSync(work, { recursive: true }));

const store = (sha256: string, body: Buffer | string) =>
  s3.operator.send(new PutObjectCommand({ Bucket: bucket, Key: providerPackageKey(PLATFORM, sha256), Body: body }));
const storePackage = ({ sha256, zip }: FakePackage) => store(sha256, zip);

/** Writes a directory that needs the provider in the version of the lock file. */
function configure(hashes: readonly string[]): void {
  const required = `terraform {\n  required_providers {\n    thing = { source = "${THING}" }\n  }\n}\n`;
  writeFileSync(join(directory, 'main.tf'), `${required}resource "thing_box" "one" {}\n`);
  writeFileSync(lockFile, lockFileOf(THING, '1.0.0', hashes));
}

/** The part of the cache that plans and applies use. */
type ReadCache = Pick<ProviderCache, 'read'>;

/** Prepares the providers. Returns the variables for the engine, and the numbers that results report. */
async function prepare(more: { cache?: ReadCache; ownCliConfigFile?: string; stop?: AbortSignal } = {}) {
  const prepared = await prepareProviders({
    lockFile,
    workDirectory: work,
    platform: PLATFORM,
    cache: s3ProviderCache(build, bucket),
    log: (line) => log.push(line),
    ...more,
  });
  return { environment: prepared.environment, ...countsOf(prepared) };
}

const init = (environment: Readonly<Record<string, string>>, ...more: string[]) =>
  run(environment, 'init', '-input=false', '-no-color', ...more);

/** Runs the real engine. */
function run(
  environment: Readonly<Record<string, string>>,
  ...args: string[]
): Promise<{ exitCode: number; output: string }> {
  const { PATH = '' } = process.env;
  // A CLI configuration of the person who runs the tests must not be used.
  const env = { PATH, HOME: work, CHECKPOINT_DISABLE: '1', ...environment };
  return new Promise((resolve) => {
    execFile(engine, args, { cwd: directory, env }, (error, out, err) =>
      resolve({ exitCode: error ? Number(error.code) : 0, output: `${out}${err}`.replace(/\s*\n[│\s]*/g, ' ') }),
    );
  });
}
const installed = () =>
  readdirSync(join(directory, '.terraform', 'providers', THING, '1.0.0', PLATFORM)).map((name) =>
    readFileSync(join(directory, '.terraform', 'providers', THING, '1.0.0', PLATFORM, name), 'utf8'),
  );

describe('providers of a lock file', () => {
  test('come from the cache where it has the package of this platform, among hashes of four', async () => {
    configure(fourPlatforms);
    await storePackage(own);
    const { environment, ...counts } = await prepare();
    expect(counts).toEqual({ hits: 1, misses: 0, mismatches: 0 });
    expect(log).toEqual([`${THING} 1.0.0: from the cache, 0.0 MB`]);

    const before = readFileSync(lockFile, 'utf8');
    const { exitCode, output } = await init(environment, '-lockfile=readonly');
    expect([exitCode, output]).toEqual([0, expect.stringContaining(`Installed ${THING} v1.0.0`)]);
    expect(installed()).toEqual([expect.stringContaining('# for this platform')]);
    expect(readFileSync(lockFile, 'utf8')).toBe(before);
  });

  test('keep all their hashes when a plan adds what it learned to the lock file', async () => {
    configure(fourPlatforms);
    await storePackage(own);
    const { environment } = await prepare();
    expect((await init(environment)).exitCode).toBe(0);
    const after = readFileSync(lockFile, 'utf8');
    for (const hash of fourPlatforms) expect(after).toContain(hash);
    // With this lock file, the apply finds the same package.
    expect(await prepare()).toMatchObject({ hits: 1 });
    rmSync(join(directory, '.terraform'), { recursive: true });
    expect((await init(environment, '-lockfile=readonly')).exitCode).toBe(0);
  });

  test('are run only by a lock file that knows them unpacked: what planned writes it, what applies needs it', async () => {
    configure(fourPlatforms);
    await storePackage(own);
    const { environment } = await prepare();
    // `init` accepts a package by the hash of its zip, but every later command refuses this package.
    expect((await init(environment, '-lockfile=readonly')).exitCode).toBe(0);
    expect((await run(environment, 'validate', '-no-color')).output).toContain('does not match any of the checksums');
    // Now the engine starts the program in the package, and finds that it is no provider.
    expect((await init(environment)).exitCode).toBe(0);
    rmSync(join(directory, '.terraform'), { recursive: true });
    expect((await init(environment, '-lockfile=readonly')).exitCode).toBe(0);
    const { output } = await run(environment, 'validate', '-no-color');
    expect(output).not.toContain('checksums');
    expect(output).toContain('failed to instantiate provider');
  });

  test('come from their registry where the cache has nothing, not even for whom it may list', async () => {
    configure(fourPlatforms);
    const miss = { environment: {}, hits: 0, misses: 1, mismatches: 0 };
    expect(await prepare()).toEqual(miss);
    expect(await prepare({ cache: s3ProviderCache(s3.operator, bucket) })).toEqual(miss);
    expect(log).toEqual(Array(2).fill(`${THING} 1.0.0: from its registry, the cache has no package for ${PLATFORM}`));
    const { exitCode, output } = await init({}, '-lockfile=readonly');
    expect([exitCode, output]).toEqual([1, expect.stringContaining('could not connect to registry.example.invalid')]);
  });

  test('come from their registry where the lock file has only the hash of what is unpacked', async () => {
    configure([FOREIGN_H1]);
    await storePackage(own);
    expect(await prepare()).toEqual({ environment: {}, hits: 0, misses: 0, mismatches: 0 });
    expect(log).toEqual([`${THING} 1.0.0: from its registry, the lock file has no hash "zh:" of it`]);
  });

  test('never come from an object that does not have the hash of its key', async () => {
    configure(fourPlatforms);
    const poison = fakePackage('1.0.0', 'poison');
    await store(own.sha256, poison.zip);
    const { environment, ...counts } = await prepare();
    expect(counts).toEqual({ hits: 0, misses: 1, mismatches: 1 });
    expect(log[0]).toBe(
      `the cache's ${own.sha256} for ${PLATFORM} is something else, with the SHA-256 ${poison.sha256}: not used`,
    );
    expect(filesBelow(join(work, 'providers'))).toEqual([]);
    const { exitCode, output } = await init(environment, '-lockfile=readonly');
    expect([exitCode, output]).toEqual([1, expect.stringContaining('could not connect to registry.example.invalid')]);
  });

  test('are verified by the engine once more', async () => {
    configure(fourPlatforms);
    await storePackage(own);
    const { environment } = await prepare();
    const [file = ''] = filesBelow(join(work, 'providers'));
    writeFileSync(join(work, 'providers', file), fakePackage('1.0.0', 'poison').zip);
    const { exitCode, output } = await init(environment, '-lockfile=readonly');
    expect([exitCode, output]).toEqual([1, expect.stringContaining("doesn't match any of the checksums")]);
  });

  test('come each from where it is: what the cache lacks does not keep the others from it', async () => {
    configure(fourPlatforms);
    const other = fakePackage('2.0.0', 'elsewhere');
    const both = `${readFileSync(lockFile, 'utf8')}${lockFileOf('registry.example.invalid/acme/other', '2.0.0', [zh(other)])}`;
    writeFileSync(lockFile, both);
    await storePackage(own);
    const { environment, ...counts } = await prepare();
    expect(counts).toEqual({ hits: 1, misses: 1, mismatches: 0 });
    expect(readFileSync(environment.TF_CLI_CONFIG_FILE ?? '', 'utf8')).toBe(
      [
        'provider_installation {',
        `  filesystem_mirror {\n    path    = "${join(work, 'providers')}"\n    include = ["${THING}"]\n  }`,
        `  direct {\n    exclude = ["${THING}"]\n  }\n}\n`,
      ].join('\n'),
    );
  });

  test('of one package are one file, also where the cache has two that fit', async () => {
    const [first, second] = [own, others[0] ?? own];
    configure([zh(first), zh(second)]);
    await storePackage(first);
    await storePackage(second);
    expect(await prepare()).toMatchObject({ hits: 1, misses: 0, mismatches: 0 });
    expect(filesBelow(join(work, 'providers'))).toEqual([`${THING}/terraform-provider-thing_1.0.0_${PLATFORM}.zip`]);
  });
});

describe('the cache is asked for', () => {
  test('nothing without a lock file', async () => {
    expect(await prepare({ cache: silentCache() })).toEqual({ environment: {}, hits: 0, misses: 0, mismatches: 0 });
    expect(log).toEqual([]);
  });

  test('nothing where the environment brings a CLI configuration, which counts', async () => {
    configure(fourPlatforms);
    expect(await prepare({ cache: silentCache(), ownCliConfigFile: '/home/me/.terraformrc' })).toMatchObject({
      environment: {},
    });
    expect(log).toEqual(['provider cache not used: the CLI configuration /home/me/.terraformrc counts']);
  });

  test('nothing where the directory brings providers along, which the engine must go on finding', async () => {
    configure(fourPlatforms);
    const vendored = join(directory, 'terraform.d', 'plugins', THING);
    mkdirSync(vendored, { recursive: true });
    writeFileSync(join(vendored, `terraform-provider-thing_1.0.0_${PLATFORM}.zip`), own.zip);
    const { environment } = await prepare({ cache: silentCache() });
    expect(log).toEqual(['provider cache not used: the directory brings providers in terraform.d/plugins']);
    expect((await init(environment, '-lockfile=readonly')).exitCode).toBe(0);
  });

  test('nothing by a lock file with mistakes; the engine says what it thinks of it', async () => {
    configure([...fourPlatforms, 'zh:../../runs/secret']);
    expect(await prepare({ cache: silentCache() })).toMatchObject({ environment: {}, misses: 0 });
    expect(log).toEqual([
      'provider cache not used: .terraform.lock.hcl:9: a hash must be a hash like "zh:<64 hexadecimal digits>", not "zh:../../runs/secret"',
    ]);
  });

  test('all hashes of a provider side by side, and hits are read as they come', async () => {
    configure(fourPlatforms);
    const asked: string[] = [];
    const all = Promise.withResolvers<void>();
    const cache: ReadCache = {
      async read(platform, sha256) {
        asked.push(`${platform} ${sha256}`);
        if (asked.length === 4) all.resolve();
        await all.promise;
        return sha256 === own.sha256 ? Readable.from([own.zip.subarray(0, 10), own.zip.subarray(10)]) : undefined;
      },
    };
    expect(await prepare({ cache })).toMatchObject({ hits: 1 });
    expect(asked.sort()).toEqual([...others, own].map(({ sha256 }) => `${PLATFORM} ${sha256}`).sort());
  });

  test.each([
    ['answers with a failure', () => Promise.reject(new SlowDownError())],
    ['breaks off', async () => Readable.from(brokenBody())],
  ])('in vain where it %s: told, and a miss', async (_, read) => {
    configure([zh(own)]);
    expect(await prepare({ cache: { read } })).toEqual({ environment: {}, hits: 0, misses: 1, mismatches: 0 });
    expect(log[0]).toBe(`the cache's ${own.sha256} for ${PLATFORM} cannot be read (SlowDown): not used`);
    expect(filesBelow(join(work, 'providers'))).toEqual([]);
  });

  test('into a file that is open before the first byte: one that opens later would stay after a failure', async () => {
    configure([zh(own)]);
    let before: string[] = [];
    async function* body(): AsyncGenerator<Buffer> {
      before = filesBelow(join(work, 'providers'));
      yield* brokenBody();
    }
    await prepare({ cache: { read: async () => Readable.from(body()) } });
    expect(before).toEqual([expect.stringContaining(own.sha256)]);
  });

  test('no longer when the build is stopped, however long the answer takes', async () => {
    configure(fourPlatforms);
    const stopping = new AbortController();
    const [silent, endless] = fourPlatforms.slice(1).map((hash) => hash.slice('zh:'.length));
    const cache: ReadCache = {
      async read(_, sha256, stop) {
        if (sha256 === silent)
          return new Promise((_, reject) => stop?.addEventListener('abort', () => reject(stop.reason)));
        if (sha256 !== endless) return undefined;
        const body = new Readable({ read() {} });
        body.push(own.zip.subarray(0, 20));
        // The body has begun, and nothing more comes.
        setImmediate(() => stopping.abort());
        return body;
      },
    };
    expect(await prepare({ cache, stop: stopping.signal })).toEqual({
      environment: {},
      hits: 0,
      misses: 1,
      mismatches: 0,
    });
    expect(filesBelow(join(work, 'providers'))).toEqual([]);
  });

  test('to the end, also where another package cannot be written: then the build removes what this one writes', async () => {
    const [other = own] = others;
    configure([zh(own), zh(other)]);
    const unwritten = Readable.from([own.zip]);
    const isGivenUp = once(unwritten, 'close');
    let isRead = false;
    async function* body(): AsyncGenerator<Buffer> {
      await isGivenUp;
      // Longer than the report takes.
      for (let left = 100; left > 0; left--) await turn();
      yield other.zip;
      isRead = true;
    }
    const cache: ReadCache = {
      async read(_, sha256) {
        if (sha256 !== own.sha256) return Readable.from(body());
        mkdirSync(join(work, 'providers', THING, sha256));
        return unwritten;
      },
    };
    await expect(prepare({ cache })).rejects.toThrow('EISDIR');
    expect(isRead).toBe(true);
  });

  test('and a disk that takes nothing is no miss: it would break everything after it', async () => {
    configure([zh(own)]);
    const cache: ReadCache = {
      async read() {
        rmSync(join(work, 'providers'), { recursive: true });
        return Readable.from([own.zip]);
      },
    };
    await expect(prepare({ cache })).rejects.toMatchObject({ code: 'ENOENT' });
  });
});

class SlowDownError extends Error {
  override readonly name = 'SlowDown';
}

async function* brokenBody(): AsyncGenerator<Buffer> {
  yield own.zip.subarray(0, 20);
  throw new SlowDownError();
}

const silentCache = (): ReadCache => ({
  read: async () => {
    throw new Error('the cache was asked');
  },
});

const filesBelow = (path: string): string[] =>
  readdirSync(path, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map(({ parentPath, name }) => join(parentPath, name).slice(path.length + 1));
