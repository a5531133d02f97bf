import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import type { ServerResponse } from 'node:http';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { pathToFileURL } from 'node:url';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { build } from 'esbuild';
import { strToU8, type Zippable, zipSync } from 'fflate';
import { type EngineRelease, officialAddress } from '../../lambdas/domain/contract/engine-release.ts';
import { freePort } from '../harness/free-port.ts';
import { type HttpsServer, startHttpsServer } from '../harness/https-server.ts';
import { temporaryDirectory } from '../local/temporary-directory.ts';

const program = join(import.meta.dirname, '..', '..', 'buildspecs', 'program', 'engine', 'install-release.ts');

type Answer = (response: ServerResponse) => void;

/** What the server answers to one request after the other. The last answer is repeated. */
let answers: Answer[];
let asked: string[];
let server: HttpsServer;
/** The directory into which a test installs. */
let directory: string;

beforeAll(async () => {
  server = await startHttpsServer(temporaryDirectory(), (request, response) => {
    asked.push(request.url ?? '');
    const answer = answers.length > 1 ? answers.shift() : answers[0];
    answer?.(response);
  });
});
afterAll(() => server.stop());
beforeEach(() => {
  answers = [];
  asked = [];
  directory = join(temporaryDirectory(), 'engines', 'terraform-1.11.4');
});

const BINARY = '#!/bin/sh\necho "Terraform v1.11.4"\n';
const zipOf = (files: Zippable) => Buffer.from(zipSync(files));
const zip = zipOf({ 'LICENSE.txt': strToU8('read me'), terraform: strToU8(BINARY) });

const sends =
  (body: Uint8Array, length = body.length): Answer =>
  (response) =>
    response.writeHead(200, { 'content-length': length }).end(body);
const refuses =
  (status: number, headers: Readonly<Record<string, string>> = {}): Answer =>
  (response) =>
    response.writeHead(status, headers).end('no');
const breaksOff: Answer = (response) => {
  response.writeHead(200, { 'content-length': zip.length });
  response.write(zip.subarray(0, zip.length / 2), () => response.destroy());
};

const release = (changes: Partial<EngineRelease> = {}): EngineRelease => ({
  name: 'terraform',
  version: '1.11.4',
  sha256: createHash('sha256').update(zip).digest('hex'),
  url: `${server.url}/terraform.zip`,
  ...changes,
});

const options = { firstPauseMs: 1, silenceMs: 60_000 };

/** Installs in a process that trusts the server. Returns the path that the process printed, or the error. */
async function install(what: EngineRelease, changes: Partial<typeof options> = {}, module = program) {
  const script = `
    const { installRelease } = await import(${JSON.stringify(pathToFileURL(module).href)});
    try {
      console.log(await installRelease(...JSON.parse(process.argv[1])));
    } catch (error) {
      console.error(\`\${error.name}: \${error.message}\`);
    }`;
  const args = ['--input-type=module', '-e', script, JSON.stringify([what, directory, { ...options, ...changes }])];
  const env = { ...process.env, NODE_OPTIONS: '--no-warnings', ...server.environment };
  const child = spawn(process.execPath, args, { env });
  const [path, error] = await Promise.all([text(child.stdout), text(child.stderr), once(child, 'exit')]);
  return error ? { error: error.trim() } : { path: path.trim() };
}

const files = () => (existsSync(directory) ? readdirSync(directory) : []);

describe('an engine is installed', () => {
  test('from a zip with the pinned digest, ready to run, and nothing else of the zip', async () => {
    answers = [sends(zip)];
    expect(await install(release())).toEqual({ path: join(directory, 'terraform') });
    expect(files()).toEqual(['terraform']);
    expect(readFileSync(join(directory, 'terraform'), 'utf8')).toBe(BINARY);
    expect(statSync(join(directory, 'terraform')).mode & 0o777).toBe(0o755);
  });

  test('into a file that is open before the release is asked for: one that opens later would stay after a failure', async () => {
    let found: string[] = [];
    answers = [
      (response) => {
        found = readdirSync(directory, { recursive: true, encoding: 'utf8' });
        sends(zip)(response);
      },
    ];
    await install(release());
    expect(found).toContainEqual(expect.stringMatching(/^\.install-\w+\/engine\.zip$/));
  });

  test('in the place of one that was there, whatever it was', async () => {
    mkdirSync(directory, { recursive: true });
    writeFileSync(join(directory, 'terraform'), 'half of an older one');
    answers = [sends(zip)];
    await install(release());
    expect(readFileSync(join(directory, 'terraform'), 'utf8')).toBe(BINARY);
  });

  test('by two at once, and both get a whole one', async () => {
    answers = [sends(zip)];
    const path = join(directory, 'terraform');
    expect(await Promise.all([install(release()), install(release())])).toEqual([{ path }, { path }]);
    expect(files()).toEqual(['terraform']);
    expect(readFileSync(path, 'utf8')).toBe(BINARY);
  });

  test('after redirects to another address', async () => {
    answers = [refuses(302, { location: `${server.url}/elsewhere` }), refuses(307, { location: '/here' }), sends(zip)];
    expect(await install(release())).toHaveProperty('path');
    expect(asked).toEqual(['/terraform.zip', '/elsewhere', '/here']);
  });

  test.each([
    ['an error of the server', refuses(500)],
    ['too many requests', refuses(429)],
    ['a connection that breaks off', breaksOff],
  ])('at the second attempt after %s', async (_, first) => {
    answers = [first, sends(zip)];
    expect(await install(release())).toHaveProperty('path');
    expect(asked).toHaveLength(2);
  });

  test('by a program that is bundled, as builds are', async () => {
    const bundle = join(temporaryDirectory(), 'install.mjs');
    await build({
      entryPoints: [program],
      outfile: bundle,
      bundle: true,
      minify: true,
      platform: 'node',
      target: 'node22',
      format: 'esm',
      mainFields: ['module', 'main'],
      // The library that reads zips is CommonJS and loads Node.js's own modules with `require`.
      banner: { js: "import { createRequire } from 'node:module';const require = createRequire(import.meta.url);" },
    });
    answers = [sends(zip)];
    expect(await install(release(), {}, bundle)).toEqual({ path: join(directory, 'terraform') });
  });
});

describe('nothing is installed, and nothing left behind,', () => {
  const refused = async (what: EngineRelease, changes: Partial<typeof options> = {}) => {
    const { error } = await install(what, changes);
    expect(files()).toEqual([]);
    return error;
  };

  test('when the digest differs', async () => {
    answers = [sends(zip)];
    const sha256 = 'a'.repeat(64);
    expect(await refused(release({ sha256 }))).toBe(
      `ReleaseError: the download of terraform 1.11.4 does not have the digest ${sha256}: it is ${release().sha256}, from ${server.url}/terraform.zip`,
    );
    expect(asked).toHaveLength(1);
  });

  test('when what comes is shorter than the zip', async () => {
    answers = [sends(zip.subarray(0, 40))];
    expect(await refused(release())).toContain(`does not have the digest ${release().sha256}`);
  });

  test('when every attempt breaks off', async () => {
    answers = [breaksOff];
    expect(await refused(release())).toMatch(
      /^ReleaseError: downloading terraform 1\.11\.4 from https:\S+\/terraform\.zip: \S/,
    );
    expect(asked).toHaveLength(4);
  });

  test.each([
    [404, 1],
    [403, 1],
    [503, 4],
  ])('when the server answers %i, after %i attempt(s)', async (status, attempts) => {
    answers = [refuses(status)];
    const host = new URL(server.url).host;
    expect(await refused(release({ name: 'tofu', version: '1.10.6' }))).toBe(
      `ReleaseError: downloading tofu 1.10.6 from ${server.url}/terraform.zip: ${host} answered ${status}`,
    );
    expect(asked).toHaveLength(attempts);
  });

  test('when a redirect leaves https', async () => {
    const location = `${server.url.replace('https', 'http')}/terraform.zip`;
    answers = [refuses(302, { location }), sends(zip)];
    expect(await refused(release())).toBe(
      `ReleaseError: downloading terraform 1.11.4 from ${server.url}/terraform.zip: only https is allowed, not ${location}`,
    );
    expect(asked).toHaveLength(1);
  });

  test('when the address itself is not https', async () => {
    const url = 'http://127.0.0.1/terraform.zip';
    expect(await refused(release({ url }))).toBe(
      `ReleaseError: downloading terraform 1.11.4 from ${url}: only https is allowed, not ${url}`,
    );
  });

  test('when redirects have no end', async () => {
    answers = [refuses(302, { location: '/again' })];
    expect(await refused(release())).toMatch(/: more than 5 redirects$/);
  });

  test('when the server falls silent', async () => {
    answers = [() => {}];
    expect(await refused(release(), { silenceMs: 20 })).toMatch(/: the server sent nothing for 0\.02 s$/);
  });

  test('when nobody is there', async () => {
    const url = `https://127.0.0.1:${await freePort()}/terraform.zip`;
    expect(await refused(release({ url }))).toMatch(/: connect ECONNREFUSED/);
  });

  test('when the zip does not hold the binary', async () => {
    const other = zipOf({ 'terraform/README': strToU8('a directory'), tofu: strToU8(BINARY) });
    answers = [sends(other)];
    const sha256 = createHash('sha256').update(other).digest('hex');
    expect(await refused(release({ sha256 }))).toBe(
      `ReleaseError: unpacking terraform 1.11.4 from ${server.url}/terraform.zip: the zip has no file "terraform"`,
    );
  });

  test('when it is no zip at all', async () => {
    const page = Buffer.from('<html>sign in to the network</html>');
    answers = [sends(page)];
    const sha256 = createHash('sha256').update(page).digest('hex');
    expect(await refused(release({ sha256 }))).toMatch(
      /^ReleaseError: unpacking terraform 1\.11\.4 from https:\S+: \S/,
    );
  });
});

test('an entry whose name leads out of the directory is not followed', async () => {
  const sly = zipOf({ '../terraform': strToU8('out'), '/tmp/terraform': strToU8('out'), terraform: strToU8(BINARY) });
  answers = [sends(sly)];
  await install(release({ sha256: createHash('sha256').update(sly).digest('hex') }));
  expect(files()).toEqual(['terraform']);
  expect(readFileSync(join(directory, 'terraform'), 'utf8')).toBe(BINARY);
  expect(readdirSync(join(directory, '..'))).toEqual(['terraform-1.11.4']);
});

test.each([
  [
    'terraform',
    '1.11.4',
    'linux_arm64',
    'https://releases.hashicorp.com/terraform/1.11.4/terraform_1.11.4_linux_arm64.zip',
  ],
  [
    'tofu',
    '1.10.6',
    'darwin_amd64',
    'https://github.com/opentofu/opentofu/releases/download/v1.10.6/tofu_1.10.6_darwin_amd64.zip',
  ],
] as const)('%s %s for %s is at its official address', (name, version, platform, url) => {
  expect(officialAddress(name, version, platform)).toBe(url);
});
