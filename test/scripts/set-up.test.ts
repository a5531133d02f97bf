import { type ChildProcess, execFileSync, spawn, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import {
  appendFileSync,
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { createServer, type Server } from 'node:http';
import { connect } from 'node:net';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { strToU8, zipSync } from 'fflate';
import { PINNED_ENGINE } from '../../lib/pinned-engine.mjs';
import { isInstalled } from '../../scripts/dependencies.mjs';
import { type HttpsServer, startHttpsServer } from '../harness/https-server.ts';
import { temporaryDirectory } from '../local/temporary-directory.ts';

/**
 * The entry of all commands in a small repository of its own: the real scripts, few packages, a stand-in for npm that says
 * how often it was called, and an engine whose zip comes from this machine in the place of the release host.
 */

const source = join(import.meta.dirname, '..', '..');
/** What the download needs, and the pinned Node.js. */
const PACKAGES = { node: '24.0.0', yauzl: '3.4.0', pend: '1.2.0', zod: '4.6.7' };
const RELEASE_HOST = 'releases.hashicorp.com';
const DOWNLOADED = 'Terraform v1.11.4 as downloaded';
const zip = Buffer.from(zipSync({ terraform: strToU8(`#!/bin/sh\necho '${DOWNLOADED}'\n`) }));

let releases: HttpsServer;
let proxy: Server;
/** Paths that the release host was asked for. */
let asked: string[];
/** Does the release host stop in the middle of a zip? */
let isHalting: boolean;
let environment: Record<string, string>;

let root: string;
/** All that is on the PATH. */
let bin: string;

beforeAll(async () => {
  const answer = (url = '') => (url.endsWith('.zip') ? zip : undefined);
  releases = await startHttpsServer(
    temporaryDirectory(),
    (request, response) => {
      asked.push(request.url ?? '');
      if (isHalting) response.write(zip.subarray(0, 10));
      else response.end(answer(request.url));
    },
    RELEASE_HOST,
  );
  const port = Number(new URL(releases.url).port);
  proxy = createServer().on('connect', (request, client) => {
    if (request.url !== `${RELEASE_HOST}:443`) return client.end('HTTP/1.1 502 Bad Gateway\r\n\r\n');
    const upstream = connect(port, '127.0.0.1', () => client.write('HTTP/1.1 200 Connection established\r\n\r\n'));
    return upstream
      .on('error', () => client.destroy())
      .pipe(client.on('error', () => upstream.destroy()))
      .pipe(upstream);
  });
  proxy.listen(0, '127.0.0.1');
  await once(proxy, 'listening');
  const address = proxy.address();
  if (typeof address !== 'object' || address === null) throw new Error('the proxy has no port');
  environment = { ...releases.environment, HTTPS_PROXY: `http://127.0.0.1:${address.port}` };
});
afterAll(async () => {
  proxy.close();
  proxy.closeAllConnections();
  await releases.stop();
});

beforeEach(() => {
  asked = [];
  isHalting = false;
  root = temporaryDirectory();
  bin = temporaryDirectory();
  for (const name of readdirSync(join(source, 'scripts')).filter((each) => each.endsWith('.mjs')))
    cpSync(join(source, 'scripts', name), join(root, 'scripts', name));
  for (const file of [
    'scripts/install-engine.ts',
    'buildspecs/program/engine/install-release.ts',
    'lambdas/domain/contract/engine-release.ts',
    'lambdas/domain/names.ts',
  ])
    cpSync(join(source, file), join(root, file));
  pin(createHash('sha256').update(zip).digest('hex'));
  writeFileSync(join(root, 'package.json'), JSON.stringify({ name: 'small', type: 'module' }));
  lock(PACKAGES);
  writeFileSync(
    join(root, 'command.ts'),
    "import { spawnSync } from 'node:child_process';\nfor (const name of ['terraform', 'tofu']) {\n  const { stdout } = spawnSync(name, ['version'], { encoding: 'utf8' });\n  if (stdout) console.log(stdout.trim());\n}\nconsole.log('done');\n",
  );
  standInForNpm();
});

/** What the repository pins, for every platform. */
function pin(sha256: string): void {
  const file = join(source, 'lib', 'pinned-engine.mjs');
  const pinned = readFileSync(file, 'utf8').replaceAll(/'[0-9a-f]{64}'/g, `'${sha256}'`);
  mkdirSync(join(root, 'lib'), { recursive: true });
  writeFileSync(join(root, 'lib', 'pinned-engine.mjs'), pinned);
}

/** A lock file with these packages, and one that is for other machines. */
function lock(versions: Readonly<Record<string, string>>): void {
  const packages = Object.entries(versions).map(([name, version]) => [
    `node_modules/${name}`,
    { version, integrity: `sha512-${name}-${version}` },
  ]);
  const elsewhere = ['node_modules/for-other-machines', { version: '1.0.0', optional: true, os: ['plan9'] }];
  const content = { lockfileVersion: 3, packages: Object.fromEntries([['', {}], ...packages, elsewhere]) };
  writeFileSync(join(root, 'package-lock.json'), JSON.stringify(content));
}

/** Installs as npm does: away with what is there, packages one by one, and its own lock file last. */
function standInForNpm(): void {
  program(
    'npm',
    `
    const fs = require('node:fs');
    fs.appendFileSync('npm-calls', process.argv.slice(2).join(' ') + '\\n');
    if (fs.existsSync('npm-fails')) process.exit(1);
    fs.rmSync('node_modules', { recursive: true, force: true });
    fs.mkdirSync('node_modules/.bin', { recursive: true });
    const { packages } = JSON.parse(fs.readFileSync('package-lock.json'));
    const installed = Object.entries(packages).filter(([path, { optional }]) => path && !optional);
    for (const [path] of installed) fs.symlinkSync('${source}/' + path, path);
    while (fs.existsSync('npm-waits')) Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 10);
    fs.symlinkSync('${process.execPath}', 'node_modules/.bin/node');
    fs.writeFileSync('node_modules/.package-lock.json', JSON.stringify({ packages: Object.fromEntries(installed) }));`,
    process.execPath,
  );
}

const npmCalls = () =>
  existsSync(join(root, 'npm-calls')) ? lines(readFileSync(join(root, 'npm-calls'), 'utf8')) : [];
const lines = (output: string) => output.split('\n').filter((line) => line !== '');

function program(name: string, script: string, interpreter = '/bin/sh'): void {
  writeFileSync(join(bin, name), `#!${interpreter}\n${script}\n`);
  chmodSync(join(bin, name), 0o755);
}
const says = (name: string, output: string) => program(name, `echo '${output}'`);

function start(...needs: string[]): ChildProcess {
  const args = [join(root, 'scripts', 'run.mjs'), ...needs.flatMap((name) => ['--needs', name]), 'command.ts'];
  return spawn(process.execPath, args, { env: { PATH: bin, ...environment }, cwd: root, detached: true });
}

async function result(child: ChildProcess) {
  if (!child.stdout || !child.stderr) throw new Error('the command has no output');
  const [stdout, stderr, [status]] = await Promise.all([text(child.stdout), text(child.stderr), once(child, 'exit')]);
  return { status, printed: lines(stdout), told: lines(stderr) };
}

const run = (...needs: string[]) => result(start(...needs));

/** Waits for something that the command does before it ends. */
async function until(command: ChildProcess, isTrue: () => boolean): Promise<void> {
  while (!isTrue()) {
    if (command.exitCode !== null) throw new Error(`the command ended with ${command.exitCode}`);
    await sleep(10);
  }
}

const INSTALLING = 'stagegate: installing dependencies (npm ci) …';
const DOWNLOADING = 'stagegate: downloading terraform 1.11.4 …';

describe('Terraform', () => {
  const engines = () => join(root, '.stagegate', 'engines');

  test('is downloaded where none is on the PATH, once, for the command only', async () => {
    expect(await run('terraform')).toEqual({
      status: 0,
      printed: [DOWNLOADED, 'done'],
      told: [INSTALLING, DOWNLOADING],
    });
    expect(asked).toEqual([expect.stringMatching(/^\/terraform\/1\.11\.4\/terraform_1\.11\.4_\w+\.zip$/)]);
    expect(await run('terraform')).toEqual({ status: 0, printed: [DOWNLOADED, 'done'], told: [] });
    expect(asked).toHaveLength(1);
    expect(await run()).toEqual({ status: 0, printed: ['done'], told: [] });
  });

  test('is not downloaded for a command that does not need it', async () => {
    expect((await run()).printed).toEqual(['done']);
    expect(asked).toEqual([]);
  });

  test.each([
    ['Terraform 1.11', { terraform: 'Terraform v1.11.0' }],
    ['a newer Terraform', { terraform: 'Terraform v2.0.1' }],
    ['OpenTofu 1.10', { tofu: 'OpenTofu v1.10.0' }],
  ])('is not downloaded where %s is on the PATH', async (_, programs) => {
    for (const [name, output] of Object.entries(programs)) says(name, output);
    expect((await run('engine')).printed).toEqual([...Object.values(programs), 'done']);
    expect(asked).toEqual([]);
  });

  test.each([
    ['a Terraform that is too old', { terraform: 'Terraform v1.10.5' }],
    ['an OpenTofu that is too old', { tofu: 'OpenTofu v1.9.3' }],
    ['an old Terraform, whatever stands beside it', { terraform: 'Terraform v1.5.7', tofu: 'OpenTofu v1.10.6' }],
  ])('is downloaded in the place of %s', async (_, programs: Readonly<Record<string, string>>) => {
    for (const [name, output] of Object.entries(programs)) says(name, output);
    const { printed } = await run('engine');
    expect(printed).toEqual([DOWNLOADED, ...(programs.tofu ? [programs.tofu] : []), 'done']);
  });

  test('is downloaded for the tests, which need it and not OpenTofu', async () => {
    says('tofu', 'OpenTofu v1.10.6');
    expect((await run('terraform')).printed).toEqual([DOWNLOADED, 'OpenTofu v1.10.6', 'done']);
  });

  test('is not taken when its digest differs from the pinned one; the command does not run', async () => {
    pin('a'.repeat(64));
    expect(await run('terraform')).toEqual({
      status: 1,
      printed: [],
      told: [
        INSTALLING,
        DOWNLOADING,
        expect.stringContaining(`the download of terraform 1.11.4 does not have the digest ${'a'.repeat(64)}`),
        expect.stringMatching(/^stagegate: missing prerequisite terraform: install Terraform 1\.11 or newer/),
      ],
    });
    expect(readdirSync(engines(), { recursive: true })).toEqual([expect.stringMatching(/^terraform_1\.11\.4_\w+$/)]);
  });

  test('is downloaded again after Ctrl-C in the middle, which leaves nothing behind', async () => {
    isHalting = true;
    const broken = start('terraform');
    const ended = result(broken);
    await until(broken, () => asked.length === 1);
    process.kill(-(broken.pid ?? Number.NaN), 'SIGINT');
    expect(await ended).toMatchObject({ status: null, printed: [] });
    expect(readdirSync(engines(), { recursive: true })).toEqual([expect.stringMatching(/^terraform_1\.11\.4_\w+$/)]);
    isHalting = false;
    expect(await run('terraform')).toEqual({ status: 0, printed: [DOWNLOADED, 'done'], told: [DOWNLOADING] });
  });

  test('is downloaded once for two commands at once', async () => {
    const both = await Promise.all([run('terraform'), run('terraform')]);
    expect(both.map(({ printed }) => printed)).toEqual([
      [DOWNLOADED, 'done'],
      [DOWNLOADED, 'done'],
    ]);
    expect(asked).toHaveLength(1);
  });

  test('has a digest pinned for every platform', () => {
    expect(Object.keys(PINNED_ENGINE.sha256).sort()).toEqual([
      'darwin_amd64',
      'darwin_arm64',
      'linux_amd64',
      'linux_arm64',
    ]);
    for (const digest of Object.values(PINNED_ENGINE.sha256)) expect(digest).toMatch(/^[0-9a-f]{64}$/);
  });
});

describe('the dependencies', () => {
  test('are installed once', async () => {
    expect(await run()).toEqual({ status: 0, printed: ['done'], told: [INSTALLING] });
    expect(await run()).toEqual({ status: 0, printed: ['done'], told: [] });
    expect(npmCalls()).toHaveLength(1);
  });

  test('are not installed again after an `npm ci` by hand', async () => {
    execFileSync(join(bin, 'npm'), ['ci'], { cwd: root });
    expect(await run()).toEqual({ status: 0, printed: ['done'], told: [] });
    expect(npmCalls()).toEqual(['ci']);
  });

  test.each<[string, () => void]>([
    ['the lock file names another version', () => lock({ ...PACKAGES, node: '24.0.1' })],
    ['the lock file names a new package', () => lock({ ...PACKAGES, yaml: '2.9.1' })],
    ['the lock file names a package no more', () => lock({ node: '24.0.0', yauzl: '3.4.0', zod: '4.6.7' })],
    ['a package is gone', () => rmSync(join(root, 'node_modules', 'pend'))],
    ['the pinned Node.js is gone', () => rmSync(join(root, 'node_modules', '.bin', 'node'))],
    [
      'the pinned Node.js is one of another machine',
      () => {
        rmSync(join(root, 'node_modules', '.bin', 'node'));
        writeFileSync(join(root, 'node_modules', '.bin', 'node'), 'not for here', { mode: 0o755 });
      },
    ],
    ['an installation broke off', () => rmSync(join(root, 'node_modules', '.package-lock.json'))],
    ['what npm wrote down is damaged', () => appendFileSync(join(root, 'node_modules', '.package-lock.json'), '}')],
  ])('count no longer as installed when %s', (_, change) => {
    execFileSync(join(bin, 'npm'), ['ci'], { cwd: root });
    expect(isInstalled(root)).toBe(true);
    change();
    expect(isInstalled(root)).toBe(false);
  });

  test('are installed again when they do not count as installed', async () => {
    await run();
    rmSync(join(root, 'node_modules', 'pend'));
    rmSync(join(root, 'node_modules', '.bin', 'node'));
    writeFileSync(join(root, 'node_modules', '.bin', 'node'), 'not for here', { mode: 0o755 });
    expect(await run()).toEqual({ status: 0, printed: ['done'], told: [INSTALLING] });
    expect(npmCalls()).toHaveLength(2);
    expect(isInstalled(root)).toBe(true);
  });

  test('that cannot be installed end the command, and the next one tries again', async () => {
    writeFileSync(join(root, 'npm-fails'), '');
    const told = [INSTALLING, 'stagegate: npm ci failed; see its messages above'];
    expect(await run()).toEqual({ status: 1, printed: [], told });
    rmSync(join(root, 'npm-fails'));
    expect(await run()).toEqual({ status: 0, printed: ['done'], told: [INSTALLING] });
  });

  test('cannot be installed without npm', async () => {
    rmSync(join(bin, 'npm'));
    expect(await run()).toMatchObject({
      status: 1,
      told: [INSTALLING, expect.stringContaining('npm ci: spawnSync npm')],
    });
  });

  test('are installed once for two commands at once', async () => {
    writeFileSync(join(root, 'npm-waits'), '');
    const first = start();
    const both = [result(first)];
    await until(first, () => npmCalls().length === 1);
    const second = start();
    both.push(result(second));
    await once(second.stderr ?? second, 'data');
    rmSync(join(root, 'npm-waits'));
    expect(await Promise.all(both)).toEqual([
      { status: 0, printed: ['done'], told: [INSTALLING] },
      {
        status: 0,
        printed: ['done'],
        told: [`stagegate: another command (process ${first.pid}) is installing; waiting for it …`],
      },
    ]);
    expect(npmCalls()).toHaveLength(1);
  });

  test.each(['SIGINT', 'SIGKILL'] as const)('are installed again after %s in the middle', async (signal) => {
    writeFileSync(join(root, 'npm-waits'), '');
    const broken = start();
    const ended = result(broken);
    await until(broken, () => npmCalls().length === 1 && existsSync(join(root, 'node_modules', 'pend')));
    // A terminal sends Ctrl-C to the whole group.
    process.kill(-(broken.pid ?? Number.NaN), signal);
    expect(await ended).toEqual({ status: null, printed: [], told: [INSTALLING] });
    rmSync(join(root, 'npm-waits'));
    expect(await run()).toEqual({ status: 0, printed: ['done'], told: [INSTALLING] });
  });
});

test('what the real npm has installed is taken for installed, and nothing else is', () => {
  const npm = (...args: string[]) => {
    const { status, stderr } = spawnSync('npm', [...args, '--offline', '--no-audit', '--no-fund'], {
      cwd: root,
      encoding: 'utf8',
    });
    expect({ status, stderr }).toMatchObject({ status: 0 });
  };
  for (const name of ['node', 'other']) {
    const directory = join(root, 'packages', name, 'package');
    mkdirSync(directory, { recursive: true });
    writeFileSync(join(directory, 'package.json'), JSON.stringify({ name, version: '1.0.0', bin: 'run.js' }));
    writeFileSync(join(directory, 'run.js'), '#!/usr/bin/env node\nconsole.log(process.version);\n');
    execFileSync('tar', ['-czf', join(root, 'packages', `${name}.tgz`), '-C', join(root, 'packages', name), 'package']);
  }
  // A lock file lists a workspace, the link to it, and what it needs.
  mkdirSync(join(root, 'cli'));
  const workspace = {
    name: 'of-the-workspace',
    version: '1.0.0',
    devDependencies: { own: 'file:../packages/other.tgz' },
  };
  writeFileSync(join(root, 'cli', 'package.json'), JSON.stringify(workspace));
  const depend = (...names: string[]) => {
    const dependencies = Object.fromEntries(names.map((name) => [name, `file:packages/${name}.tgz`]));
    const manifest = { name: 'small', version: '1.0.0', workspaces: ['cli'], dependencies };
    writeFileSync(join(root, 'package.json'), JSON.stringify(manifest));
    rmSync(join(root, 'package-lock.json'), { force: true });
    npm('install', '--package-lock-only');
  };
  depend('node');
  expect(isInstalled(root)).toBe(false);
  npm('ci');
  expect(isInstalled(root)).toBe(true);
  depend('node', 'other');
  expect(isInstalled(root)).toBe(false);
  npm('ci');
  expect(isInstalled(root)).toBe(true);
});
