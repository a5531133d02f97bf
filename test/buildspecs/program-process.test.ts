import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { chmodSync, cpSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { GetObjectCommand } from '@aws-sdk/client-s3';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { bundleBuildspecs } from '../../buildspecs/bundle.ts';
import { PlanSuccessSchema } from '../../lambdas/domain/contract/build-result.ts';
import { type RunObject, runObjectKey } from '../../lambdas/domain/contract/run-objects.ts';
import { OPERATOR_CREDENTIALS } from '../../local/door/door.ts';
import { createGitRepository } from '../local/codebuild/git-repository.ts';
import { type OpenS3, openS3 } from '../local/s3/open-s3.ts';
import { temporaryDirectory } from '../local/temporary-directory.ts';
import { applyFailureOf, planFailureOf } from './build-runs.ts';
import { type AnsweringServer, CREDENTIALS, startAnsweringServer } from './credentials/answering-server.ts';
import { planFile, S3_BACKEND } from './plan-files.ts';

/** Tests the bundled programs as separate processes: signals, disks and pipes. The engine is a shell script. */
const BUCKET = 'artifacts';
const asset = join(temporaryDirectory(), 'asset');
let opened: OpenS3;
let broker: AnsweringServer;
let brokerAnswers: Parameters<typeof startAnsweringServer>[0];
const CODEBUILD_BUILD_ID = 'stagegate-plan:01234567-89ab-cdef-0123-456789abcdef';
const ticketFor = (purpose: 'plan' | 'apply') => `shop-dev1-1-abcdef.${purpose}.1.${'5'.repeat(64)}`;
/** The repository of every checkout. Its commit has the name `abc`, and no files. */
const repository = createGitRepository();
repository.commit({});
repository.git('tag', 'abc');
let directory: string;
let prefix: string;
let runs = 0;

beforeAll(async () => {
  await bundleBuildspecs(asset);
  opened = await openS3();
  broker = await startAnsweringServer((number) => brokerAnswers(number));
  await opened.createBucket(BUCKET, { VersioningConfiguration: { Status: 'Enabled' } });
  await opened.createBucket('without-versions');
});
afterAll(async () => {
  await broker.close();
  await opened.close();
  repository.remove();
});
beforeEach(() => {
  brokerAnswers = () => ({ status: 200, body: CREDENTIALS });
  directory = temporaryDirectory();
  prefix = `runs/shop-dev1-1-abcdef/${String(++runs).padStart(32, '0')}/1/`;
  mkdirSync(join(directory, 'checkout', 'apps/shop/dev1'), { recursive: true });
  writeFileSync(join(directory, 'checkout', 'apps/shop/dev1', 'main.tf'), '');
  cpSync(join(repository.directory, '.git'), join(directory, 'checkout', '.git'), { recursive: true });
});

const engineFile = () => join(directory, 'engine.sh');
const BACKEND = JSON.stringify({ backend: S3_BACKEND });

/** Writes the plan that the stand-in saves, for the backend that the stand-in configures. */
function savedPlan(): string {
  const file = join(directory, 'saved.tfplan');
  writeFileSync(file, planFile());
  return file;
}

/** Adds an engine that succeeds at everything, except that it does these steps differently. */
function addEngine(steps: Readonly<Record<string, string>> = {}): void {
  const normal = {
    init: `mkdir -p .terraform; echo '${BACKEND}' >.terraform/terraform.tfstate`,
    plan: `cp '${savedPlan()}' "$(printf '%s\\n' "$@" | sed -n 's/^-out=//p')"; exit 2`,
    show: "echo '{}'",
    apply: ':',
    state: `echo '{"outputs":{},"resources":[]}'`,
    ...steps,
  };
  const cases = Object.entries(normal).map(([step, script]) => `${step})\n${script}\n;;`);
  writeFileSync(
    engineFile(),
    `#!/usr/bin/env bash\nstep=$1\nshift\ncase $step in\n${cases.join('\n')}\n*) exit 9 ;;\nesac\n`,
  );
  chmodSync(engineFile(), 0o755);
}

interface Started {
  readonly child: ChildProcess;
  readonly ended: Promise<{ readonly exitCode: number | null; readonly output: string }>;
}

async function start(
  purpose: 'plan' | 'apply',
  more: Readonly<Record<string, string>> = {},
  prologue = '',
): Promise<Started> {
  const endpoint = await opened.operator.config.endpoint?.();
  const child = spawn('bash', ['-c', `${prologue} exec "$0" "$1"`, process.execPath, join(asset, `${purpose}.mjs`)], {
    env: {
      PATH: '/usr/bin:/bin',
      HOME: directory,
      AWS_REGION: 'eu-west-1',
      AWS_ENDPOINT_URL: `${endpoint?.protocol}//${endpoint?.hostname}:${endpoint?.port}`,
      AWS_ACCESS_KEY_ID: OPERATOR_CREDENTIALS.accessKeyId,
      AWS_SECRET_ACCESS_KEY: OPERATOR_CREDENTIALS.secretAccessKey,
      CODEBUILD_SRC_DIR: join(directory, 'checkout'),
      STAGEGATE_WORK: join(directory, 'work'),
      STAGEGATE_ENGINES: JSON.stringify([{ name: 'terraform', version: '1.99.0', path: engineFile() }]),
      STAGEGATE_DEPLOYMENT_ID: 'shop-dev1-1-abcdef',
      STAGEGATE_APPLICATION: 'shop',
      STAGEGATE_ENVIRONMENT: 'dev1',
      STAGEGATE_OPERATION: 'deploy',
      STAGEGATE_DIRECTORY: 'apps/shop/dev1',
      STAGEGATE_COMMIT: 'abc',
      STAGEGATE_REGION: 'eu-west-1',
      STAGEGATE_API_URL: broker.url,
      STAGEGATE_TICKET: ticketFor(purpose),
      CODEBUILD_BUILD_ID,
      STAGEGATE_STATE_BUCKET: 'our-bucket',
      STAGEGATE_STATE_KEY: 'apps/shop/dev1/terraform.tfstate',
      STAGEGATE_ARTIFACT_BUCKET: BUCKET,
      STAGEGATE_RUN_PREFIX: prefix,
      STAGEGATE_ENGINE: 'terraform',
      ...more,
    },
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) stream?.on('data', (chunk) => (output += chunk));
  const ended = new Promise<number | null>((resolve) => child.on('close', resolve));
  return { child, ended: ended.then((exitCode) => ({ exitCode, output })) };
}

const run = async (...given: Parameters<typeof start>) => (await start(...given)).ended;

async function read(object: RunObject): Promise<unknown> {
  const { Body } = await opened.operator.send(
    new GetObjectCommand({ Bucket: BUCKET, Key: runObjectKey(prefix, object) }),
  );
  return JSON.parse((await Body?.transformToString()) ?? '');
}

/** Returns the variables for an apply of the plan that was just made. */
async function approved(): Promise<Record<string, string>> {
  const { bundle, digest } = PlanSuccessSchema.parse(await read('planResult'));
  return {
    STAGEGATE_BUNDLE_KEY: bundle.key,
    STAGEGATE_BUNDLE_VERSION_ID: bundle.versionId,
    STAGEGATE_PLAN_DIGEST: digest,
  };
}

async function appears(file: string, { child, ended }: Started): Promise<void> {
  while (!existsSync(file)) {
    if (child.exitCode !== null) throw new Error(`the build ended without ${file}:\n${(await ended).output}`);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

/** Waits until a killed process is gone. A dead process that was not waited for yet is a zombie, and counts as gone. */
async function ends(pid: number): Promise<void> {
  while (isRunning(pid)) await new Promise((resolve) => setTimeout(resolve, 10));
}
const isRunning = (pid: number): boolean =>
  /^[^Z]/.test(spawnSync('ps', ['-o', 'stat=', '-p', String(pid)], { encoding: 'utf8' }).stdout.trim());

describe('a build that gets signals', () => {
  /** Returns a script that says that it runs, and counts interrupts until none comes for a moment after the first. */
  const slow = (started: string, interrupts: string) =>
    `trap 'echo x >>"${interrupts}"; stopping=1' INT
     sleep 600 & echo $! >"${started}.child"
     echo >"${started}"
     while [ -z "$stopping" ]; do sleep 0.05; done
     for i in 1 2 3 4 5 6; do sleep 0.05; done
     echo '{"type":"diagnostic","diagnostic":{"severity":"error","summary":"Execution halted"}}'
     exit 1`;

  it('interrupts the engine once, however many there are, tells so, and leaves nothing of it behind', async () => {
    addEngine();
    await run('plan');
    const [started, interrupts] = [join(directory, 'started'), join(directory, 'interrupts')];
    addEngine({ apply: slow(started, interrupts) });
    const build = await start('apply', await approved());
    const { child, ended } = build;
    await appears(started, build);
    child.kill('SIGTERM');
    await appears(interrupts, build);
    child.kill('SIGTERM');
    child.kill('SIGINT');
    const { exitCode } = await ended;
    expect([exitCode, readFileSync(interrupts, 'utf8')]).toEqual([1, 'x\n']);
    expect(applyFailureOf(await read('applyResult'))).toMatchObject({
      phase: 'apply',
      reason: 'stopped',
      message: 'Execution halted',
    });
    await ends(Number(readFileSync(`${started}.child`, 'utf8')));
    expect(existsSync(join(directory, 'work/shop/dev1'))).toBe(false);
  });
});

describe('files that the engine makes', () => {
  it('have the modes of git, whatever the umask of the build, in a directory of its own user', async () => {
    const modes = join(directory, 'modes');
    const make = `touch made; mkdir made-too; stat -c %a made made-too "$STAGEGATE_WORK/shop/dev1" >>'${modes}'`;
    addEngine({
      plan: `${make}; rm -r made made-too; cp '${savedPlan()}' "$(printf '%s\\n' "$@" | sed -n 's/^-out=//p')"; exit 2`,
      apply: make,
    });
    await run('plan', {}, 'umask 077;');
    await run('apply', await approved(), 'umask 000;');
    expect(readFileSync(modes, 'utf8')).toBe('644\n755\n700\n'.repeat(2));
  });
});

describe('a build that shows its ticket', () => {
  /** A program that asks for credentials as SDKs do. */
  const askAgent = `
    const response = await fetch(process.env.AWS_CONTAINER_CREDENTIALS_FULL_URI, {
      headers: { authorization: process.env.AWS_CONTAINER_AUTHORIZATION_TOKEN },
    });
    process.stdout.write(await response.text());`;

  it('gives the engine credentials for as long as it runs, and neither its own nor the ticket', async () => {
    const [asked, variables] = [join(directory, 'asked'), join(directory, 'variables')];
    const ask = `'${process.execPath}' --input-type=module -e '${askAgent}' >>'${asked}'; echo >>'${asked}'; env >>'${variables}'`;
    addEngine({
      init: `${ask}; mkdir -p .terraform; echo '${BACKEND}' >.terraform/terraform.tfstate`,
      show: `${ask}; echo '{}'`,
    });
    const { exitCode, output } = await run('plan', { AWS_SESSION_TOKEN: '' });
    const { accessKeyId, secretAccessKey, sessionToken } = CREDENTIALS;
    const answer = { AccessKeyId: accessKeyId, SecretAccessKey: secretAccessKey, Token: sessionToken };
    const answers = readFileSync(asked, 'utf8').trim().split('\n');
    expect([exitCode, answers.map((line) => JSON.parse(line))]).toEqual([
      0,
      [expect.objectContaining(answer), expect.objectContaining(answer)],
    ]);
    const seen = readFileSync(variables, 'utf8');
    expect(seen).toContain('AWS_CONTAINER_CREDENTIALS_FULL_URI=http://127.0.0.1:');
    expect(seen).not.toMatch(/TICKET|AWS_ACCESS_KEY_ID|AWS_SECRET_ACCESS_KEY|AWS_SESSION_TOKEN|AWS_PROFILE/);
    expect(output).not.toContain(ticketFor('plan'));
  });

  it('forgets the ticket among the variables of its process once they are read', () => {
    const machine = join(import.meta.dirname, '../../buildspecs/program/build/this-machine.ts');
    const script = `
      import { thisMachine } from ${JSON.stringify(machine)};
      const { environment } = thisMachine();
      process.stdout.write(JSON.stringify([environment.STAGEGATE_TICKET, 'STAGEGATE_TICKET' in process.env]));`;
    const { stdout } = spawnSync(process.execPath, ['--input-type=module', '-e', script], {
      env: { STAGEGATE_TICKET: ticketFor('plan') },
      encoding: 'utf8',
    });
    expect(JSON.parse(stdout)).toEqual([ticketFor('plan'), false]);
  });

  it('and is refused does not run the engine, and says so', async () => {
    brokerAnswers = () => ({ status: 403, body: { detail: 'the ticket was redeemed by another build' } });
    addEngine({ init: `touch '${directory}/ran'` });
    const { exitCode, output } = await run('plan');
    const message = 'the credentials broker refused this build: the ticket was redeemed by another build';
    expect([exitCode, planFailureOf(await read('planResult'))]).toEqual([
      1,
      { ok: false, phase: 'init', reason: 'credentials-refused', message, diagnostics: [] },
    ]);
    expect([output.includes(`Error: ${message}\n`), existsSync(join(directory, 'ran'))]).toEqual([true, false]);
  });
});

describe('a build that cannot write', () => {
  it('because the disk is full says so in its result', async () => {
    addEngine({ show: 'exec cat /dev/zero' });
    // Files with more blocks than this cannot be written. To a program, that looks like a full disk.
    const { exitCode } = await run('plan', {}, "trap '' XFSZ; ulimit -f 64;");
    expect([exitCode, planFailureOf(await read('planResult')).phase]).toEqual([1, 'show']);
  });

  it('because its own disk is full names the file and why', async () => {
    addEngine();
    writeFileSync(join(directory, 'checkout', 'apps/shop/dev1', 'large.bin'), Buffer.alloc(1024 * 1024));
    const { exitCode, output } = await run('plan', {}, "trap '' XFSZ; ulimit -f 64;");
    const failure = planFailureOf(await read('planResult'));
    expect([exitCode, failure.phase]).toEqual([1, 'checkout']);
    expect(failure.message).toMatch(/^E(?:FBIG|NOSPC): .*large\.bin/);
    expect(output).toContain(`Error: ${failure.message}\n`);
  });

  it('because the bucket keeps no versions says so: what is approved must stay what it was', async () => {
    addEngine();
    const { exitCode, output } = await run('plan', { STAGEGATE_ARTIFACT_BUCKET: 'without-versions' });
    expect([exitCode, output.includes('the bucket "without-versions" keeps no versions')]).toEqual([1, true]);
  });
});

describe('a build that cannot run its engine', () => {
  it('because there is no such file says which', async () => {
    const { exitCode } = await run('plan');
    const failure = planFailureOf(await read('planResult'));
    expect([exitCode, failure.phase, failure.message.includes(`${engineFile()} ENOENT`)]).toEqual([1, 'init', true]);
  });
});

describe('a build that was not told enough', () => {
  it('names every variable that is missing or wrong at once, in its result', async () => {
    addEngine();
    const { exitCode } = await run('plan', { STAGEGATE_ENGINE: 'pulumi', STAGEGATE_TICKET: '' });
    const { phase, message } = planFailureOf(await read('planResult'));
    expect([exitCode, phase]).toEqual([1, 'checkout']);
    expect([message.includes('STAGEGATE_ENGINE:'), message.includes('STAGEGATE_TICKET:')]).toEqual([true, true]);
  });

  it('to report anything tells so in its log', async () => {
    addEngine();
    const { exitCode, output } = await run('plan', { STAGEGATE_ARTIFACT_BUCKET: '' });
    expect([exitCode, output]).toEqual([
      1,
      expect.stringMatching(/STAGEGATE_ARTIFACT_BUCKET: .*; the failure cannot be reported\n$/),
    ]);
  });
});

it('the buildspecs only say when the programs run', () => {
  for (const name of ['plan', 'apply']) {
    const text = readFileSync(join(asset, `${name}.yml`), 'utf8');
    expect(text.split('\n').filter((line) => line.trim().startsWith('- '))).toEqual([
      `      - node "$CODEBUILD_SRC_DIR_program/${name}.mjs"`,
    ]);
  }
});
