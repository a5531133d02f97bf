import { execFile } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { GetObjectCommand, ListObjectsV2Command } from '@aws-sdk/client-s3';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { providerPackageKey } from '../../lambdas/domain/contract/provider-cache.ts';
import { type FakePackage, fakePackage, lockFileOf } from '../buildspecs/providers/packages.ts';
import { type OpenS3, openS3 } from '../local/s3/open-s3.ts';

const root = join(import.meta.dirname, '..', '..');
const THING = 'registry.example.invalid/acme/thing';
const arm = fakePackage('1.0.0', 'linux_arm64');
const amd = fakePackage('1.0.0', 'linux_amd64');
const hashes = [`zh:${amd.sha256}`, `zh:${arm.sha256}`];

/** `npm run providers` with a bucket of the local S3, over HTTP. */
describe('npm run providers', () => {
  let s3: OpenS3;
  let work: string;
  let bucket: string;
  let buckets = 0;

  beforeAll(async () => {
    s3 = await openS3();
  });
  afterAll(() => s3.close());
  beforeEach(async () => {
    buckets += 1;
    bucket = `artifacts-${buckets}`;
    await s3.createBucket(bucket);
    work = mkdtempSync(join(tmpdir(), 'stagegate-fill-'));
    write('apps/a/.terraform.lock.hcl', lockFileOf(THING, '1.0.0', hashes));
    write('apps/b/.terraform.lock.hcl', lockFileOf(THING, '1.0.0', hashes));
    put(arm, 'linux_arm64');
    put(amd, 'linux_amd64');
  });
  afterEach(() => rmSync(work, { recursive: true }));

  function write(path: string, content: string | Buffer): void {
    mkdirSync(dirname(join(work, path)), { recursive: true });
    writeFileSync(join(work, path), content);
  }
  const put = ({ zip }: FakePackage, platform: string) =>
    write(`mirror/${THING}/terraform-provider-thing_1.0.0_${platform}.zip`, zip);

  interface Outcome {
    readonly status: number;
    readonly out: string[];
    readonly err: string[];
  }
  async function run(args: readonly string[], variables: Readonly<Record<string, string>> = {}): Promise<Outcome> {
    const credentials = await s3.operator.config.credentials();
    const endpoint = await s3.operator.config.endpoint?.();
    const env = {
      PATH: process.env.PATH,
      INIT_CWD: work,
      TMPDIR: work,
      AWS_REGION: 'eu-west-1',
      AWS_ENDPOINT_URL_S3: `http://${endpoint?.hostname}:${endpoint?.port}`,
      AWS_ACCESS_KEY_ID: credentials.accessKeyId,
      AWS_SECRET_ACCESS_KEY: credentials.secretAccessKey,
      ...variables,
    };
    const lines = (text: string) => text.split('\n').filter(Boolean);
    return new Promise((resolve) => {
      execFile(process.execPath, [join(root, 'scripts', 'providers.ts'), ...args], { env }, (error, stdout, stderr) =>
        resolve({ status: error ? Number(error.code) : 0, out: lines(stdout), err: lines(stderr) }),
      );
    });
  }
  const fill = (...more: string[]) => run(['--bucket', bucket, '--mirror', 'mirror', ...more]);
  const stored = async () => {
    const { Contents = [] } = await s3.operator.send(new ListObjectsV2Command({ Bucket: bucket }));
    return Contents.map(({ Key }) => Key);
  };

  test('stores the packages of lock files under their hashes, each once, and tells those that are there', async () => {
    const first = await fill('apps/a/.terraform.lock.hcl', 'apps/b/.terraform.lock.hcl');
    expect(first).toEqual({ status: 0, out: [`[1/1] ${THING} 1.0.0 linux_arm64, 0.0 MB: stored`], err: [] });
    const key = providerPackageKey('linux_arm64', arm.sha256);
    expect(await stored()).toEqual([key]);
    const { Body } = await s3.operator.send(new GetObjectCommand({ Bucket: bucket, Key: key }));
    expect(Buffer.from((await Body?.transformToByteArray()) ?? [])).toEqual(arm.zip);

    const again = await fill('apps/a/.terraform.lock.hcl');
    expect(again).toEqual({ status: 0, out: [`[1/1] ${THING} 1.0.0 linux_arm64, 0.0 MB: there already`], err: [] });
  });

  test('stores those of another platform beside them', async () => {
    expect(await fill('--platform', 'linux_amd64', 'apps/a/.terraform.lock.hcl')).toMatchObject({ status: 0 });
    expect(await stored()).toEqual([providerPackageKey('linux_amd64', amd.sha256)]);
  });

  test('has the engine download what it is not given, and leaves nothing of it behind', async () => {
    // In the place of Terraform, which would ask the registry.
    write(
      'bin/terraform',
      `#!/bin/sh\necho "$PWD: $*" >&2\nfor target; do :; done\nmkdir -p "$target" && cp -R "${work}/mirror/." "$target"\n`,
    );
    chmodSync(join(work, 'bin', 'terraform'), 0o755);
    const PATH = `${join(work, 'bin')}:${process.env.PATH}`;
    const { status, err } = await run(['--bucket', bucket, 'apps/a/.terraform.lock.hcl'], { PATH });
    expect([status, await stored()]).toEqual([0, [providerPackageKey('linux_arm64', arm.sha256)]]);
    const [called = ''] = err;
    const [, directory = ''] = /^(.*): providers mirror -platform=linux_arm64 /.exec(called) ?? [];
    expect(directory).toBe(join(work, 'apps', 'a'));
    const [, temporary = ''] = /linux_arm64 (.*)$/.exec(called) ?? [];
    expect(() => rmSync(temporary)).toThrow('ENOENT');
  });

  test('stores nothing when a package is in no lock file', async () => {
    const other = fakePackage('1.0.0', 'somebody else’s');
    write(
      'apps/c/.terraform.lock.hcl',
      lockFileOf('registry.example.invalid/acme/other', '1.0.0', [`zh:${arm.sha256}`]),
    );
    write('mirror/registry.example.invalid/acme/other/terraform-provider-other_1.0.0_linux_arm64.zip', other.zip);
    const { status, out, err } = await fill('apps/a/.terraform.lock.hcl', 'apps/c/.terraform.lock.hcl');
    expect([status, out, await stored()]).toEqual([1, [], []]);
    expect(err).toEqual([
      `providers: ${join(work, 'apps/c/.terraform.lock.hcl')}:1: registry.example.invalid/acme/other 1.0.0: ${join(work, 'mirror/registry.example.invalid/acme/other/terraform-provider-other_1.0.0_linux_arm64.zip')} has the SHA-256 ${other.sha256}, which is not among its hashes "zh:"`,
    ]);
  });

  test('stores what there is and tells what is missing', async () => {
    const more = `${lockFileOf('registry.example.invalid/acme/absent', '2.0.0', [`zh:${'a'.repeat(64)}`])}${lockFileOf('registry.example.invalid/acme/plain', '3.0.0', ['h1:x='])}`;
    write('apps/a/.terraform.lock.hcl', `${lockFileOf(THING, '1.0.0', hashes)}${more}`);
    const { status, err } = await fill('apps/a/.terraform.lock.hcl');
    expect([status, await stored()]).toEqual([1, [providerPackageKey('linux_arm64', arm.sha256)]]);
    expect(err.map((line) => line.slice(line.indexOf('hcl:') + 4))).toEqual([
      `8: registry.example.invalid/acme/absent 2.0.0: there is no ${join(work, 'mirror/registry.example.invalid/acme/absent/terraform-provider-absent_2.0.0_linux_arm64.zip')}`,
      '14: registry.example.invalid/acme/plain 3.0.0: the lock file has no hash "zh:" of it',
    ]);
  });

  test.each([
    ['without a bucket', ['a.hcl'], 2, /^providers: --bucket is missing\n/],
    [
      'with values that are none',
      ['--bucket', 's3://x', '--platform', '../x', '--engine', 'rm', 'a.hcl'],
      2,
      /^providers: --bucket is the name of a bucket \(got "s3:\/\/x"\)\nproviders: --platform is a platform like linux_arm64 \(got "\.\.\/x"\)\nproviders: --engine is terraform or tofu \(got "rm"\)\n/,
    ],
    ['without a lock file', ['--bucket', 'abc'], 2, /^providers: which lock files\?\n/],
    ['with an unknown option', ['--bucket', 'abc', '--list', 'a.hcl'], 2, /^providers: Unknown option '--list'/],
    [
      'with a lock file that is not there',
      ['--bucket', 'abc', '--mirror', 'mirror', 'a.hcl'],
      1,
      /^providers: .*a\.hcl: ENOENT/,
    ],
    [
      'with a lock file that is none',
      ['--bucket', 'abc', '--mirror', 'mirror', 'bad.hcl'],
      1,
      /^providers: .*bad\.hcl:2: version must be a version/,
    ],
    [
      'with a bucket that does not exist',
      ['--bucket', 'no-such-bucket', '--mirror', 'mirror', 'apps/a/.terraform.lock.hcl'],
      1,
      /^providers: NoSuchBucket: /,
    ],
    [
      'where the engine fails',
      ['--bucket', 'abc', '--engine', 'tofu', 'apps/a/.terraform.lock.hcl'],
      1,
      /^providers: tofu providers mirror .*: spawn tofu ENOENT$/,
    ],
  ])('%s it says what is wrong', async (_, args, status, message) => {
    write('bad.hcl', lockFileOf(THING, '1', hashes));
    // Nothing but what the command runs itself.
    const outcome = await run(args, { PATH: join(work, 'bin') });
    expect([outcome.status, outcome.err.join('\n')]).toEqual([status, expect.stringMatching(message)]);
    expect(outcome.err.some((line) => line.startsWith('usage: '))).toBe(status === 2);
  });
});
