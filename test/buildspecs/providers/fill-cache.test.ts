import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ListObjectsV2Command, PutObjectCommand, type S3Client } from '@aws-sdk/client-s3';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import * as z from 'zod';
import { Build, type Machine } from '../../../buildspecs/program/build/build.ts';
import { PhaseError } from '../../../buildspecs/program/build/failure.ts';
import { workPaths } from '../../../buildspecs/program/build/work-paths.ts';
import { type Engine, runEngineBinary } from '../../../buildspecs/program/engine/engine.ts';
import { fillCache } from '../../../buildspecs/program/engine/fill-cache.ts';
import { installLocked, readLocked } from '../../../buildspecs/program/engine/install-locked.ts';
import { providersOf } from '../../../buildspecs/program/engine/providers.ts';
import { enginePlatform } from '../../../buildspecs/program/providers/platform.ts';
import { countsOf } from '../../../buildspecs/program/providers/prepare-providers.ts';
import type { ProviderCache } from '../../../buildspecs/program/providers/provider-cache.ts';
import { s3ProviderCache } from '../../../buildspecs/program/providers/s3-provider-cache.ts';
import {
  InspectProjectVariablesSchema,
  InspectVariablesSchema,
} from '../../../lambdas/domain/contract/build-environment-variables.ts';
import { EngineNameSchema } from '../../../lambdas/domain/contract/engine-release.ts';
import { PROVIDER_PACKAGES, providerPackageKey } from '../../../lambdas/domain/contract/provider-cache.ts';
import { findInstalledEngines } from '../../../local/services/codebuild/installed-engines.ts';
import { type OpenS3, openS3 } from '../../local/s3/open-s3.ts';
import { temporaryDirectory } from '../../local/temporary-directory.ts';
import { MemoryArtifacts } from '../program-runs.ts';
import { type FakePackage, fakePackage, lockFileOf } from './packages.ts';
import { type Registry, startRegistry } from './registry.ts';

const BUCKET = 'artifacts';
const PLATFORM = enginePlatform();
const H1_OF_ANOTHER = 'h1:Ijt7pOlB7Tr7maGQIqtsLFbl7pSMIj06TVdkoSBcYOw=';
const packages = `arn:aws:s3:::${BUCKET}*/${PROVIDER_PACKAGES.pattern}`;
const reads = { Effect: 'Allow', Action: 's3:GetObject', Resource: packages };
const writes = { Effect: 'Allow', Action: 's3:PutObject', Resource: packages };

const thing = fakePackage('1.0.0', 'for this platform');
const elsewhere = ['darwin_arm64', 'windows_amd64', 'freebsd_386'].map((platform) => fakePackage('1.0.0', platform));
const zh = ({ sha256 }: FakePackage) => `zh:${sha256}`;
const fourPlatforms = [H1_OF_ANOTHER, ...elsewhere.map(zh), zh(thing)];

let s3: OpenS3;
let registry: Registry;
let real: Engine;
/** A client with the rights of an inspect build. */
let inspector: S3Client;
/** A client with the rights of a plan build, which may only read. */
let reader: S3Client;
/** A client to which the bucket does not show its objects. */
let blind: S3Client;

beforeAll(async () => {
  const [installed] = await findInstalledEngines(process.env.PATH ?? '');
  if (!installed) throw new Error('neither terraform nor tofu is on the PATH');
  const { name, version, path } = installed;
  real = { name: EngineNameSchema.parse(name), version, run: (step) => runEngineBinary(path, step) };
  registry = await startRegistry(temporaryDirectory());
  s3 = await openS3();
  inspector = s3.roleClient('stagegate-inspect-build', [reads, writes]);
  reader = s3.roleClient('stagegate-plan-build', [reads]);
  blind = s3.roleClient('blind', [writes]);
});
afterAll(async () => {
  await s3.close();
  await registry.stop();
});

let bucket: string;
let buckets = 0;
let work: string;
let log: string[];
/** First argument of every start of the engine. */
let commands: string[];
let stopping: AbortController;
beforeEach(async () => {
  buckets += 1;
  bucket = `${BUCKET}-${buckets}`;
  await s3.createBucket(bucket);
  work = mkdtempSync(join(tmpdir(), 'stagegate-fill-'));
  log = [];
  commands = [];
  stopping = new AbortController();
  registry.downloads.length = 0;
  registry.offer('thing', thing.zip);
});
afterEach(() => rmSync(work, { recursive: true }));

const address = (type: string) => `${registry.host}/acme/${type}`;
const keyOf = ({ sha256 }: FakePackage) => providerPackageKey(PLATFORM, sha256);
const stored = async () => {
  const { Contents = [] } = await s3.operator.send(new ListObjectsV2Command({ Bucket: bucket }));
  return Contents.map(({ Key }) => Key);
};
const store = ({ zip, sha256 }: FakePackage) =>
  s3.operator.send(
    new PutObjectCommand({ Bucket: bucket, Key: providerPackageKey(PLATFORM, sha256), Body: zip, IfNoneMatch: '*' }),
  );

const cacheOf = (client: S3Client): ProviderCache => s3ProviderCache(client, bucket);

/** Runs an inspect build from its providers to its `init`. Returns what it reports about the cache. */
async function install(
  lockFile: string,
  {
    cache = cacheOf(inspector),
    run = real.run,
    variables = {},
  }: { cache?: ProviderCache; run?: Engine['run']; variables?: Readonly<Record<string, string>> } = {},
) {
  // Each build begins with an empty work directory.
  rmSync(join(work, 'shop'), { recursive: true, force: true });
  const environment = {
    PATH: process.env.PATH,
    HOME: work,
    ...registry.environment,
    STAGEGATE_WORK: work,
    STAGEGATE_ENGINES: '[]',
    STAGEGATE_PROVIDER_CACHE: 'on',
    STAGEGATE_DEPLOYMENT_ID: 'shop-dev1-1-abcdef',
    STAGEGATE_APPLICATION: 'shop',
    STAGEGATE_ENVIRONMENT: 'dev1',
    STAGEGATE_OPERATION: 'deploy',
    STAGEGATE_DIRECTORY: 'apps/shop/dev1',
    STAGEGATE_REGION: 'eu-west-1',
    STAGEGATE_ARTIFACT_BUCKET: bucket,
    STAGEGATE_RUN_PREFIX: 'runs/shop-dev1-1-abcdef/x/',
    ...variables,
  };
  const machine: Machine = {
    environment,
    artifacts: () => new MemoryArtifacts(''),
    notCheckedOut: async () => ({ submodules: [], tooLong: [] }),
    providerCache: () => cache,
    credentials: async () => ({}),
    engine: async () => real,
    log: (line) => log.push(line),
    stop: stopping.signal,
  };
  const parsed = VariablesSchema.parse(environment);
  const paths = workPaths(parsed);
  const build = new Build('plan-file', { variables: parsed, paths, machine, artifacts: new MemoryArtifacts('') });
  const engine: Engine = {
    ...real,
    run(step) {
      commands.push(step.arguments[0] ?? '');
      return run(step);
    },
  };
  mkdirSync(paths.directory, { recursive: true });
  writeFileSync(join(paths.directory, '.terraform.lock.hcl'), lockFile);
  const [locked, found] = await Promise.all([readLocked(build), providersOf(build)]);
  const providers = found && (await fillCache(build, engine, found));
  await installLocked(build, engine, locked, providers);
  const installed = locked.map(({ type }) => {
    const directory = join(paths.inspection, '.terraform', 'providers', address(type), '1.0.0', PLATFORM);
    return readFileSync(join(directory, `terraform-provider-${type}_v1.0.0`), 'utf8');
  });
  return { installed, counts: providers && countsOf(providers) };
}
const VariablesSchema = z.object({ ...InspectProjectVariablesSchema.shape, ...InspectVariablesSchema.shape });

/** Returns the failure with which an inspect build ends. */
async function failureOf(installing: Promise<unknown>): Promise<PhaseError> {
  const error = await installing.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  if (error instanceof PhaseError) return error;
  throw error ?? new Error('it did not fail');
}

describe('an inspect build puts what the cache lacks there', () => {
  const lockFile = () => lockFileOf(address('thing'), '1.0.0', fourPlatforms);
  const FOUND_NOTHING = { hits: 0, misses: 1, mismatches: 0 };
  const name = () => `${address('thing')} 1.0.0`;

  test('the package of its platform, which its own init takes without another download, and the next build finds', async () => {
    const first = await install(lockFile());
    expect(first).toEqual({ counts: FOUND_NOTHING, installed: [expect.stringContaining('# for this platform')] });
    expect(log).toContain(`${name()}: stored in the cache, 0.0 MB`);
    expect(await stored()).toEqual([keyOf(thing)]);
    expect([commands, registry.downloads]).toEqual([['providers', 'init'], ['thing']]);

    const second = await install(lockFile());
    expect(second).toEqual({ ...first, counts: { hits: 1, misses: 0, mismatches: 0 } });
    expect([commands.slice(2), registry.downloads]).toEqual([['init'], ['thing']]);
  });

  test('only what is missing', async () => {
    const other = fakePackage('1.0.0', 'another provider', 'other');
    registry.offer('other', other.zip);
    await store(thing);
    const both = `${lockFile()}${lockFileOf(address('other'), '1.0.0', [zh(other)])}`;
    const { counts } = await install(both);
    expect(counts).toEqual({ hits: 1, misses: 1, mismatches: 0 });
    expect([registry.downloads, (await stored()).sort()]).toEqual([['other'], [keyOf(thing), keyOf(other)].sort()]);
  });

  test('what somebody else has stored by then is there already', async () => {
    await store(thing);
    const { counts } = await install(lockFile(), { cache: cacheOf(blind) });
    expect(counts).toEqual(FOUND_NOTHING);
    expect(log).toContain(`${name()}: there already in the cache, 0.0 MB`);
  });

  test('never a package that the lock file does not know, and init says what it thinks of it', async () => {
    const other = fakePackage('1.0.0', 'not the one that was locked');
    registry.offer('thing', other.zip);
    const { phase, message } = await failureOf(install(lockFile()));
    expect([phase, message]).toEqual([
      'init',
      expect.stringMatching(/^Failed to install provider: Error while installing /),
    ]);
    expect(log).toContain(
      `${name()}: the registry's package for ${PLATFORM} has the SHA-256 ${other.sha256}, not one of the lock file: not kept`,
    );
    expect(await stored()).toEqual([]);
  });

  test('what could be downloaded, where something else could not', async () => {
    const both = `${lockFile()}${lockFileOf(address('absent'), '1.0.0', [`zh:${'a'.repeat(64)}`])}`;
    const { phase } = await failureOf(install(both));
    expect(phase).toBe('init');
    expect(log.join('\n')).toMatch(
      /not all that the cache lacks could be downloaded for it: (?:terraform|tofu) ended with exit code 1\. Error: Provider not available .*acme\/absent/,
    );
    expect([await stored(), registry.downloads]).toEqual([[keyOf(thing)], ['thing']]);
  });

  test('nothing where the cache takes nothing; what was downloaded is used all the same', async () => {
    expect(await install(lockFile(), { cache: cacheOf(reader) })).toMatchObject({ counts: FOUND_NOTHING });
    expect(log).toContain(`${name()}: cannot be stored in the cache (AccessDenied)`);
    expect([await stored(), registry.downloads]).toEqual([[], ['thing']]);
  });

  test.each<[string, Engine['run'], RegExp]>([
    [
      'fails',
      async () => ({ exitCode: 1, errorOutput: '╷\n│ Error: no\n│ \n╵\n' }),
      /^not all that the cache lacks could be downloaded for it: (?:terraform|tofu) ended with exit code 1\. Error: no$/m,
    ],
    [
      'cannot be started',
      (step) => runEngineBinary(join(work, 'none'), step),
      /^the provider cache is not filled: spawn \S+\/none ENOENT$/m,
    ],
    [
      'breaks',
      async () => {
        throw new RangeError('of whatever');
      },
      /^the provider cache is not filled: RangeError$/m,
    ],
  ])('nothing where the engine %s at it; init downloads as before', async (_, mirror, told) => {
    const run: Engine['run'] = (step) => (step.arguments[0] === 'providers' ? mirror(step) : real.run(step));
    expect(await install(lockFile(), { run })).toMatchObject({ counts: FOUND_NOTHING });
    expect(log.join('\n')).toMatch(told);
    expect([await stored(), registry.downloads, commands]).toEqual([[], ['thing'], ['providers', 'init']]);
  });

  test('and a download that is gone before init could take it is downloaded again', async () => {
    const cache: ProviderCache = {
      ...cacheOf(inspector),
      async store(_, { file }) {
        rmSync(file);
        return 'stored';
      },
    };
    expect(await install(lockFile(), { cache })).toMatchObject({ counts: FOUND_NOTHING });
    expect(log.join('\n')).toContain('the provider cache is not filled: ENOENT');
    expect(registry.downloads).toEqual(['thing', 'thing']);
  });

  test('nothing when it is stopped meanwhile', async () => {
    const run: Engine['run'] = (step) => {
      stopping.abort();
      return real.run(step);
    };
    expect(await failureOf(install(lockFile(), { run }))).toMatchObject({ phase: 'init', reason: 'stopped' });
    expect([commands, await stored()]).toEqual([['providers'], []]);
  });
});

describe('an inspect build fills nothing', () => {
  test.each([
    ['by a lock file that knows only what is unpacked', [thing.h1], 'on', { hits: 0, misses: 0, mismatches: 0 }],
    ['where the cache is off', fourPlatforms, 'off', undefined],
  ])('%s', async (_, hashes, on, counts) => {
    const variables = { STAGEGATE_PROVIDER_CACHE: on };
    const lockFile = lockFileOf(address('thing'), '1.0.0', hashes);
    expect((await install(lockFile, { variables })).counts).toEqual(counts);
    expect([commands, await stored()]).toEqual([['init'], []]);
  });
});
