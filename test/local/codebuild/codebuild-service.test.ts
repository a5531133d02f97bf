import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import {
  BatchGetBuildsCommand,
  type Build,
  CodeBuildClient,
  StartBuildCommand,
  StopBuildCommand,
} from '@aws-sdk/client-codebuild';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { roleSession } from '../../../local/door/callers.ts';
import { ManualClock } from '../manual-clock.ts';
import { accountId, type BuildCloud, openBuildCloud, region } from './open-build-cloud.ts';

let cloud: BuildCloud;
let commit: string;
/** The addresses that applications have registered. */
let registered: string[] = [];
beforeAll(async () => {
  cloud = await openBuildCloud({ registeredRepositories: async () => registered });
  commit = cloud.repository.commit({ 'file.txt': 'from the repository\n' });
});
afterAll(() => cloud.close());
afterEach(() => {
  cloud.door.faults.clear();
  registered = [];
});

const spec = (build: readonly string[], more: object = {}) =>
  JSON.stringify({ version: '0.2', phases: { build: { commands: build } }, ...more }, null, 2);

let projects = 0;
async function project(buildspec: string, properties = {}): Promise<string> {
  const name = `project-${++projects}`;
  await cloud.addProject(name, buildspec, {
    ServiceRole: `arn:aws:iam::${accountId}:role/stagegate-plan-build`,
    ...properties,
  });
  return name;
}

async function runBuild(buildspec: string, variables: Readonly<Record<string, string>> = {}, properties = {}) {
  const { id } = await cloud.start(await project(buildspec, properties), variables, commit);
  const build = await cloud.ended(id);
  return { build, log: cloud.log(id), phases: phasesOf(build) };
}

const phasesOf = ({ phases = [] }: Build) =>
  phases.map(({ phaseType, phaseStatus }) =>
    phaseStatus && phaseStatus !== 'SUCCEEDED' ? `${phaseType} ${phaseStatus}` : phaseType,
  );

const refusal = (call: Promise<unknown>) =>
  call.then(
    () => 'no error',
    ({ name, message }: Error) => `${name}: ${message}`,
  );

const waitFor = async (condition: () => boolean) => {
  while (!condition()) await new Promise((resolve) => setTimeout(resolve, 10));
};

/** Returns whether a process runs. A killed process whose parent has ended may stay in the list as a zombie. */
const isRunning = (id: number) =>
  spawnSync('ps', ['-o', 'stat=', '-p', String(id)], { encoding: 'utf8' })
    .stdout.trim()
    .replace(/^Z.*/, '') !== '';

describe('a build', () => {
  it('runs all phases in one shell and tells what it exported', async () => {
    const { build, log, phases } = await runBuild(
      JSON.stringify(
        {
          version: 0.2,
          env: { variables: { GREETING: 'hello' }, 'exported-variables': ['RESULT'] },
          phases: {
            install: { 'runtime-versions': { nodejs: 22 }, commands: ['word=kept'] },
            pre_build: { commands: ['cd /', 'later() { echo "function $1"; }'] },
            build: {
              commands: ['echo "$GREETING $word in $PWD"', false, 'later works'].map((c) =>
                c === false ? 'false || true' : c,
              ),
            },
            post_build: { commands: ['export RESULT="two words\nand a line"'] },
          },
        },
        null,
        2,
      ),
    );
    expect(build.buildStatus).toBe('SUCCEEDED');
    expect(log).toContain('hello kept in /');
    expect(log).toContain('function works');
    expect(build.exportedEnvironmentVariables).toEqual([{ name: 'RESULT', value: 'two words\nand a line' }]);
    expect(phases).toEqual([
      ...['SUBMITTED', 'QUEUED', 'PROVISIONING', 'DOWNLOAD_SOURCE', 'INSTALL', 'PRE_BUILD', 'BUILD', 'POST_BUILD'],
      ...['UPLOAD_ARTIFACTS', 'FINALIZING', 'COMPLETED'],
    ]);
  });

  it('finds registered repositories, and no others, where its source came from', async () => {
    const [own, other] = ['https://git.example.com/acme.git', 'https://git.example.com/acme-two.git'];
    const found = [own, other].map((url) => `$(git ls-remote --get-url ${url})`);
    const commands = spec([`echo "asks: ${found.join(' ')}, settings: $(env | grep -c ^GIT_CONFIG)"`]);
    expect((await runBuild(commands)).log).toContain(`asks: ${own} ${other}, settings: 0\n`);
    registered = [own];
    const { log } = await runBuild(commands);
    expect(log).toContain(`asks: ${cloud.repository.directory} ${other}, settings: 3\n`);
    const Source = { Type: 'S3', Location: 'assets/scripts.zip', BuildSpec: commands };
    const { id } = await cloud.startWithoutSource(await project(commands, { Source, SecondarySources: [] }));
    await cloud.ended(id);
    expect(cloud.log(id)).toContain(`asks: ${own} ${other}, settings: 0\n`);
  });

  it('sees the source at the commit, the program beside it, and its own identity', async () => {
    const { build, log } = await runBuild(
      spec([
        'cat file.txt',
        'ls "$CODEBUILD_SRC_DIR_program"',
        'echo "$CODEBUILD_BUILD_ID $CODEBUILD_RESOLVED_SOURCE_VERSION"',
      ]),
    );
    expect(log).toContain('from the repository\n');
    expect(log).toContain('plan.yml');
    expect(log).toContain(`${build.id} ${commit}`);
    expect(build.resolvedSourceVersion).toBe(commit);
  });

  it('sees the project’s variables, those of StartBuild above them, and nothing of this process', async () => {
    process.env.STAGEGATE_TEST_LEAK = 'leaked';
    process.env.AWS_PROFILE = 'admin';
    const { log } = await runBuild(spec(['env']), {
      FROM_START: 'yes',
      STAGEGATE_ENGINES: 'ignored: the machine decides',
      STAGEGATE_WORK_OTHER: 'as it was given',
    });
    delete process.env.STAGEGATE_TEST_LEAK;
    delete process.env.AWS_PROFILE;
    const lines = log.split('\n');
    expect(lines).toEqual(
      expect.arrayContaining([
        'FROM_START=yes',
        'STAGEGATE_WORK_OTHER=as it was given',
        expect.stringMatching(/^STAGEGATE_ENGINES=\[\{"name":"terraform","version":"\d+\.\d+\.\d+","path":"\/.+"\}/),
        `AWS_REGION=${region}`,
        `AWS_ENDPOINT_URL=${cloud.url}`,
      ]),
    );
    expect(lines.filter((line) => /LEAK|AWS_PROFILE|AWS_ACCESS_KEY_ID|NODE_OPTIONS/.test(line))).toEqual([]);
  });

  it('fails at the first failing command, and still runs finally and post_build', async () => {
    const { build, log, phases } = await runBuild(
      JSON.stringify(
        {
          version: '0.2',
          phases: {
            build: { commands: ['exit_code() { return 3; }', 'exit_code', 'echo never'], finally: ['echo cleaned'] },
            post_build: { commands: ['echo "succeeding: $CODEBUILD_BUILD_SUCCEEDING"'] },
          },
        },
        null,
        2,
      ),
    );
    expect([build.buildStatus, phases.includes('BUILD FAILED'), phases.includes('POST_BUILD')]).toEqual([
      'FAILED',
      true,
      true,
    ]);
    expect([log.includes('\nnever'), log.includes('\ncleaned'), log.includes('succeeding: 0')]).toEqual([
      false,
      true,
      true,
    ]);
    const message = build.phases?.find(({ phaseType }) => phaseType === 'BUILD')?.contexts?.[0]?.message;
    expect(message).toBe('Error while executing command: exit_code. Reason: exit status 3');
  });

  it.each([
    ['install', 'INSTALL FAILED', undefined, false],
    ['pre_build', 'PRE_BUILD FAILED', undefined, false],
    ['build', 'BUILD FAILED', 'ABORT', false],
    ['install', 'INSTALL FAILED', 'CONTINUE', true],
  ])('with a failed %s (%s, on-failure %s) goes on: %s', async (phase, recorded, onFailure, goesOn) => {
    const failing = { commands: ['false'], ...(onFailure ? { 'on-failure': onFailure } : {}) };
    const buildspec = { version: '0.2', phases: { [phase]: failing, post_build: { commands: ['echo went on'] } } };
    const { build, log, phases } = await runBuild(JSON.stringify(buildspec, null, 2));
    expect([build.buildStatus, phases.includes(recorded), log.includes('\nwent on')]).toEqual(['FAILED', true, goesOn]);
  });

  it('whose command ends the shell is failed, even with exit code 0', async () => {
    const { build } = await runBuild(spec(['exit 0', 'echo never']));
    expect(build.buildStatus).toBe('FAILED');
  });

  it('ends when its shell does, with whatever it left running', async () => {
    const { build, log } = await runBuild(spec(['sleep 3600 & echo "left $!"']));
    const left = Number(/\nleft (\d+)/.exec(log)?.[1]);
    expect(build.buildStatus).toBe('SUCCEEDED');
    // A killed process exists until it gets the processor for the last time.
    await waitFor(() => !isRunning(left));
  });

  it('ends TIMED_OUT when it takes longer than its project allows', async () => {
    const clock = new ManualClock();
    const timed = await openBuildCloud({ clock, repository: cloud.repository });
    const ServiceRole = `arn:aws:iam::${accountId}:role/stagegate-plan-build`;
    await timed.addProject('slow', spec(['echo ready; sleep 3600']), { ServiceRole, TimeoutInMinutes: 5 });
    const { id } = await timed.start('slow', {}, commit);
    await waitFor(() => timed.log(id).includes('\nready'));
    await clock.advance(5 * 60 - 1);
    expect((await timed.current(id)).buildStatus).toBe('IN_PROGRESS');
    await clock.advance(1);
    const build = await timed.ended(id);
    expect([build.buildStatus, phasesOf(build).includes('BUILD TIMED_OUT')]).toEqual(['TIMED_OUT', true]);
    await timed.close();
  });

  it('keeps only so much of its log', async () => {
    const { log } = await runBuild(spec(['head -c 7000000 /dev/zero | tr "\\0" x', 'echo end']));
    expect([log.length < 5_500_000, log.includes('the log ends here')]).toEqual([true, true]);
  });

  it('leaves nothing of its source behind', async () => {
    const { build } = await runBuild(spec(['pwd']));
    const directory = /\n(\/\S+\/src)\n/.exec(cloud.log(build.id))?.[1] ?? '/';
    expect(() => readFileSync(join(directory, 'file.txt'))).toThrow('ENOENT');
  });

  it('shows its log on a page of the local cloud', async () => {
    const { build, log } = await runBuild(spec(['echo shown']));
    const page = await fetch(build.logs?.deepLink ?? '');
    expect([page.status, await page.text()]).toEqual([200, log]);
    expect((await fetch(`${cloud.url}/local/builds/..%2f..%2fetc%2fpasswd`)).status).toBe(404);
  });
});

describe('credentials', () => {
  const ask = 'curl -s -H "Authorization: $AWS_CONTAINER_AUTHORIZATION_TOKEN" "$AWS_CONTAINER_CREDENTIALS_FULL_URI"';

  it('are those of the service role', async () => {
    const { log } = await runBuild(spec([ask]));
    const role = `arn:aws:iam::${accountId}:role/stagegate-plan-build`;
    expect(JSON.parse(/^\{.*\}/m.exec(log)?.[0] ?? '{}')).toMatchObject({
      RoleArn: role,
      AccessKeyId: expect.stringMatching(/^ASIA/),
    });
  });

  it('are given to the build itself only, and end with it', async () => {
    const { log } = await runBuild(
      spec(['echo "url=$AWS_CONTAINER_CREDENTIALS_FULL_URI token=$AWS_CONTAINER_AUTHORIZATION_TOKEN"', ask]),
    );
    const [, url = '', token = ''] = /\nurl=(\S+) token=(\S+)/.exec(log) ?? [];
    const { AccessKeyId, SecretAccessKey, Token } = JSON.parse(/\{"Acc.*\}/.exec(log)?.[0] ?? '{}');
    expect((await fetch(url, { headers: { authorization: token } })).status).toBe(403);
    const late = new CodeBuildClient({
      endpoint: cloud.url,
      region,
      credentials: { accessKeyId: AccessKeyId, secretAccessKey: SecretAccessKey, sessionToken: Token },
      maxAttempts: 1,
    });
    expect(await refusal(late.send(new BatchGetBuildsCommand({ ids: ['x:1'] })))).toContain(
      'UnrecognizedClientException',
    );
  });

  it('are refused to other builds', async () => {
    const slow = await cloud.start(
      await project(spec(['echo "url=$AWS_CONTAINER_CREDENTIALS_FULL_URI"', 'sleep 300'])),
      {},
      commit,
    );
    await waitFor(() => cloud.log(slow.id).includes('\nurl='));
    const url = /\nurl=(http\S+)/.exec(cloud.log(slow.id))?.[1] ?? '';
    const { log } = await runBuild(
      spec([
        `curl -s -o /dev/null -w 'status %{http_code}' -H "Authorization: $AWS_CONTAINER_AUTHORIZATION_TOKEN" '${url}'`,
      ]),
    );
    expect(log).toContain('status 403');
    await cloud.client.send(new StopBuildCommand({ id: slow.id }));
    await cloud.ended(slow.id);
  });
});

const at = (sourceLocationOverride: string) => ({ sourceLocationOverride });
const SOURCE = { ...at('https://github.com/acme/config.git'), sourceTypeOverride: 'GITHUB' } as const;

describe('a project with a credential', () => {
  const connection = `arn:aws:codeconnections:${region}:${accountId}:connection/1`;
  const secret = `arn:aws:secretsmanager:${region}:${accountId}:secret:git-AbCdEf`;
  const place = 'https://github.com/nobody/placeholder.git';
  const withSource = (Source: object) => {
    const BuildSpec = spec(['true']);
    return project(BuildSpec, { Source: { BuildSpec, ...Source } });
  };
  const withAuth = (Type: string, Resource: string, more = {}) =>
    withSource({ Type: 'GITHUB', Location: place, Auth: { Type, Resource }, ...more });
  const start = (projectName: string, overrides = {}) =>
    cloud.client.send(
      new StartBuildCommand({
        projectName,
        ...at('https://github.com/acme/config.git'),
        sourceVersion: commit,
        ...overrides,
      }),
    );
  const outcome = async (projectName: string, overrides = {}) => {
    const build = await cloud.ended((await start(projectName, overrides)).build?.id);
    const failed = build.phases?.find(({ phaseStatus }) => phaseStatus === 'FAILED');
    return [build.buildStatus, failed?.phaseType, failed?.contexts?.[0]?.message].filter(Boolean).join(' ');
  };
  const allow = (Action: string | string[], Resource: string) =>
    cloud.door.policies.putRolePolicy(`arn:aws:iam::${accountId}:role/stagegate-plan-build`, Resource, {
      Statement: [{ Effect: 'Allow', Action, Resource }],
    });

  it('fetches with it what a build names, if its role may use the connection', async () => {
    const projectName = await withAuth('CODECONNECTIONS', connection);
    expect(await outcome(projectName)).toMatch(/^FAILED DOWNLOAD_SOURCE .*codeconnections:GetConnection/);
    allow(['codeconnections:GetConnection', 'codeconnections:GetConnectionToken'], connection);
    expect(await outcome(projectName)).toBe('SUCCEEDED');
    expect(await outcome(await withAuth('CODECONNECTIONS', `${connection}2`))).toContain('DOWNLOAD_SOURCE');
  });

  it('fetches with it what a build names, if its role may read the secret', async () => {
    const projectName = await withAuth('SECRETS_MANAGER', secret);
    expect(await outcome(projectName)).toMatch(/^FAILED DOWNLOAD_SOURCE .*secretsmanager:GetSecretValue/);
    allow('secretsmanager:GetSecretValue', secret);
    expect(await outcome(projectName)).toBe('SUCCEEDED');
  });

  it('fetches from CodeCommit the repositories that its role may pull', async () => {
    const host = `https://git-codecommit.${region}.amazonaws.com/v1/repos`;
    const projectName = await withSource({ Type: 'CODECOMMIT', Location: `${host}/placeholder` });
    allow('codecommit:GitPull', `arn:aws:codecommit:${region}:${accountId}:config`);
    expect(await outcome(projectName, at(`${host}/config`))).toBe('SUCCEEDED');
    expect(await outcome(projectName, at(`${host}/other`))).toMatch(/^FAILED DOWNLOAD_SOURCE .*codecommit:GitPull/);
  });

  it('fetches nothing of another type', async () => {
    const projectName = await withAuth('CODECONNECTIONS', connection);
    const other = { ...at('https://gitlab.com/acme/config.git'), sourceTypeOverride: 'GITLAB' };
    expect(await refusal(start(projectName, other))).toContain(`project ${projectName} is of type GITHUB, not GITLAB`);
    expect(await refusal(start(projectName, { sourceTypeOverride: 'NO_SOURCE' }))).toContain('not NO_SOURCE');
    expect(await refusal(start(projectName, at('https://gitlab.com/acme/config.git')))).toContain(
      'no location of a source of type GITHUB',
    );
  });

  it.each<[object, string]>([
    [{ Type: 'GITHUB' }, 'needs a location'],
    [{ Type: 'GITHUB', Location: 'git@github.com:acme/config.git' }, 'is an HTTPS clone URL'],
    [{ Type: 'NO_SOURCE', Location: place }, 'neither location nor credentials'],
    [
      { Type: 'GITLAB', Location: 'https://gitlab.com/a/b.git', Auth: { Type: 'SECRETS_MANAGER', Resource: secret } },
      'is not fetched with SECRETS_MANAGER',
    ],
    [{ Type: 'GITHUB', Location: place, Auth: { Type: 'OAUTH' } }, 'Auth'],
  ])('is not made of %j', async (source, message) => {
    await expect(withSource(source)).rejects.toThrow(message);
  });
});

describe('a project whose source is an object', () => {
  const withObject = (Location: string, commands: string[], more = {}) => {
    const BuildSpec = spec(commands);
    return project(BuildSpec, { Source: { Type: 'S3', Location, BuildSpec, ...more }, SecondarySources: [] });
  };
  const start = (projectName: string, overrides = {}) =>
    cloud.client.send(new StartBuildCommand({ projectName, ...overrides }));

  it('builds in what is in it, without being told of a place or a commit', async () => {
    const commands = ['ls', 'echo "$CODEBUILD_SRC_DIR is $PWD of $CODEBUILD_SOURCE_REPO_URL"'];
    const build = await cloud.ended((await start(await withObject('assets/scripts.zip', commands))).build?.id);
    const log = cloud.log(build.id);
    expect([build.buildStatus, build.source?.type, build.resolvedSourceVersion]).toEqual([
      'SUCCEEDED',
      'S3',
      undefined,
    ]);
    expect(log).toContain('\nplan.yml\n');
    expect(log).toMatch(/\n(\/\S+) is \1 of assets\/scripts\.zip\n/);
  });

  it('needs permission to read it', async () => {
    const { build } = await start(await withObject('assets/other.zip', ['echo ran']));
    const { phases, buildStatus } = await cloud.ended(build?.id);
    const failed = phases?.find(({ phaseStatus }) => phaseStatus === 'FAILED');
    expect([buildStatus, failed?.phaseType, failed?.contexts?.[0]?.message]).toEqual([
      ...['FAILED', 'DOWNLOAD_SOURCE'],
      expect.stringContaining('s3:GetObject on resource: arn:aws:s3:::assets/other.zip'),
    ]);
  });

  it('has no directory of an environment that anybody could look for before the build', async () => {
    const ready: string[] = [];
    const watched = await openBuildCloud({
      repository: cloud.repository,
      beforeBuild: () => async () => void ready.push('ready'),
    });
    const BuildSpec = spec(['true']);
    const ServiceRole = `arn:aws:iam::${accountId}:role/stagegate-plan-build`;
    const Source = { Type: 'S3', Location: 'assets/scripts.zip', BuildSpec };
    await watched.addProject('reading', BuildSpec, { ServiceRole, Source });
    await watched.addProject('working', BuildSpec, { ServiceRole });
    const { build } = await watched.client.send(new StartBuildCommand({ projectName: 'reading' }));
    expect((await watched.ended(build?.id)).buildStatus).toBe('SUCCEEDED');
    expect(ready).toEqual([]);
    expect((await watched.ended((await watched.start('working', {}, commit)).id)).buildStatus).toBe('SUCCEEDED');
    expect(ready).toEqual(['ready']);
    await watched.close();
  });

  it.each<[object, string]>([
    [{ sourceVersion: 'abc' }, 'keeps no versions of what it builds from S3'],
    [{ sourceTypeOverride: 'GITHUB' }, 'is of type S3, not GITHUB'],
    [at('https://github.com/acme/config.git'), 'is bucket/key, which "https://github.com/acme/config.git" is not'],
  ])('is not started with %j', async (overrides, message) => {
    const projectName = await withObject('assets/scripts.zip', ['true']);
    expect(await refusal(start(projectName, overrides))).toContain(message);
  });

  it.each<[string, object, string]>([
    ['', {}, 'is bucket/key, which "" is not'],
    ['assets', {}, 'is bucket/key, which "assets" is not'],
    [
      'assets/scripts.zip',
      { Auth: { Type: 'CODECONNECTIONS', Resource: `arn:aws:codeconnections:${region}:${accountId}:connection/1` } },
      'is fetched with the role of its project',
    ],
  ])('is not made of "%s" %j', async (location, more, message) => {
    await expect(withObject(location, ['true'], more)).rejects.toThrow(message);
  });
});

describe('StartBuild', () => {
  it('with one token starts one build, and fails when the parameters differ', async () => {
    const projectName = await project(spec(['true']));
    const start = (sourceVersion: string) =>
      cloud.client.send(new StartBuildCommand({ projectName, sourceVersion, ...SOURCE, idempotencyToken: 'one' }));
    const [first, second] = [await start(commit), await start(commit)];
    expect(first.build?.id).toBe(second.build?.id);
    expect(await refusal(start('main'))).toContain('InvalidInputException');
    await cloud.ended(first.build?.id);
  });

  it('fails for a project that does not exist, and for what it does not know', async () => {
    expect(await refusal(cloud.start('nothing'))).toContain('ResourceNotFoundException');
    const projectName = await project(spec(['true']));
    const unknown = cloud.client.send(new StartBuildCommand({ projectName, privilegedModeOverride: true }));
    expect(await refusal(unknown)).toMatch(/InvalidInputException.*[\s\S]*privilegedModeOverride/);
  });

  it('needs permission for the project', async () => {
    const role = `arn:aws:iam::${accountId}:role/starter`;
    cloud.door.policies.putRole(role, {
      Statement: [{ Effect: 'Allow', Principal: { Service: 'states.amazonaws.com' }, Action: 'sts:AssumeRole' }],
    });
    const [mine, theirs] = [await project(spec(['true'])), await project(spec(['true']))];
    cloud.door.policies.putRolePolicy(role, 'Start', {
      Statement: [
        {
          Effect: 'Allow',
          Action: 'codebuild:StartBuild',
          Resource: `arn:aws:codebuild:${region}:${accountId}:project/${mine}`,
        },
      ],
    });
    const credentials = cloud.door.issueCredentials(roleSession(role, 'session'));
    const starter = new CodeBuildClient({ endpoint: cloud.url, region, credentials, maxAttempts: 1 });
    const start = (projectName: string) =>
      starter.send(new StartBuildCommand({ projectName, sourceTypeOverride: 'NO_SOURCE' }));
    expect(await refusal(start(theirs))).toContain('AccessDeniedException');
    const { build } = await start(mine);
    expect(await refusal(starter.send(new BatchGetBuildsCommand({ ids: [build?.id ?? ''] })))).toContain(
      'AccessDeniedException',
    );
    expect(await refusal(starter.send(new StopBuildCommand({ id: build?.id })))).toContain('AccessDeniedException');
    await cloud.ended(build?.id);
  });

  it('takes no credentials: those of the project count', async () => {
    const projectName = await project(spec(['true']));
    const resource = `arn:aws:codeconnections:${region}:${accountId}:connection/1`;
    const sourceAuthOverride = { type: 'CODECONNECTIONS', resource } as const;
    const start = cloud.client.send(new StartBuildCommand({ projectName, ...SOURCE, sourceAuthOverride }));
    expect(await refusal(start)).toMatch(/InvalidInputException.*[\s\S]*sourceAuthOverride/);
  });

  it.each([
    [{ sourceTypeOverride: 'GITHUB' }, 'a source of type GITHUB needs a location'],
    [{ ...at('git@github.com:acme/config.git'), sourceTypeOverride: 'GITHUB' }, 'is an HTTPS clone URL'],
    [{ ...at('https://user@github.com/acme/config.git'), sourceTypeOverride: 'GITHUB' }, 'is an HTTPS clone URL'],
    [{ ...at('https://gitlab.com/acme/config.git'), sourceTypeOverride: 'GITHUB' }, 'no location of a source of type'],
    [{ ...at('https://git.example/config.git'), sourceTypeOverride: 'BITBUCKET' }, 'no location of a source of type'],
    [at('https://github.com/acme/config.git'), 'a source of type NO_SOURCE has neither location nor credentials'],
    [{ ...at('bucket/key.zip'), sourceTypeOverride: 'CODEPIPELINE' }, 'knows no source of type CODEPIPELINE'],
    [{ ...at('https://github.com/acme/config.git'), sourceTypeOverride: 'S3' }, 'is bucket/key, which'],
  ] as const)('refuses %j, which CodeBuild could not fetch', async (source, message) => {
    const projectName = await project(spec(['true']));
    const start = cloud.client.send(new StartBuildCommand({ projectName, ...source }));
    expect(await refusal(start)).toMatch(new RegExp(`InvalidInputException: Invalid project source: .*${message}`));
  });

  it('may be refused because the account is at its limit', async () => {
    const projectName = await project(spec(['true']));
    const error = {
      code: 'AccountLimitExceededException',
      message: 'Cannot have more than 0 builds in queue for the account',
    };
    cloud.door.faults.add({ service: 'codebuild', operation: 'StartBuild', times: 1, error });
    expect(await refusal(cloud.start(projectName, {}, commit))).toBe(`AccountLimitExceededException: ${error.message}`);
    expect((await cloud.ended((await cloud.start(projectName, {}, commit)).id)).buildStatus).toBe('SUCCEEDED');
  });
});

describe('a target endpoint', () => {
  it('is what Terraform providers see, while state and roles stay here', async () => {
    const target = 'http://127.0.0.1:4566';
    const aimed = await openBuildCloud({ targetEndpoint: target, repository: cloud.repository });
    await aimed.addProject('aimed', spec(['env']), {
      ServiceRole: `arn:aws:iam::${accountId}:role/stagegate-plan-build`,
    });
    const { id } = await aimed.start('aimed', {}, commit);
    await aimed.ended(id);
    expect(aimed.log(id).split('\n')).toEqual(
      expect.arrayContaining([
        `AWS_ENDPOINT_URL=${target}`,
        `TF_AWS_S3_ENDPOINT=${target}`,
        `AWS_ENDPOINT_URL_S3=${aimed.url}`,
        `AWS_ENDPOINT_URL_STS=${aimed.url}`,
      ]),
    );
    await aimed.close();
  });
});

describe('a build fails before its first command', () => {
  const failed = async (properties: object, variables = {}) => {
    const { build } = await runBuild(spec(['echo ran']), variables, properties);
    const phase = build.phases?.find(({ phaseStatus }) => phaseStatus === 'FAILED');
    return [build.buildStatus, phase?.phaseType, phase?.contexts?.[0]?.statusCode, phase?.contexts?.[0]?.message];
  };

  it('when its role may not write its log', async () => {
    const LogsConfig = { CloudWatchLogs: { Status: 'ENABLED', GroupName: '/elsewhere' } };
    const [status, phase, code] = await failed({ LogsConfig });
    expect([status, phase, code]).toEqual(['FAILED', 'PROVISIONING', 'ACCESS_DENIED']);
  });

  it('when its role may not read the program', async () => {
    const SecondarySources = [{ Type: 'S3', Location: 'assets/other.zip', SourceIdentifier: 'program' }];
    const [status, phase, code] = await failed({ SecondarySources });
    expect([status, phase, code]).toEqual(['FAILED', 'DOWNLOAD_SOURCE', 'ACCESS_DENIED']);
  });

  it('when the repository is not there', async () => {
    const alone = await openBuildCloud({ configRepository: '/nowhere/at/all' });
    const build = await alone.ended((await alone.start('stagegate-plan', {}, commit)).id);
    expect(build.phases?.find(({ phaseStatus }) => phaseStatus === 'FAILED')?.contexts?.[0]?.message).toContain(
      'fetching "https://github.com/acme/config.git"',
    );
    await alone.close();
  });
});

describe('StopBuild', () => {
  it('lets the commands end by themselves', async () => {
    const { id } = await cloud.start(
      await project(spec(["trap 'echo tidied; exit 1' TERM; echo ready; sleep 300 & wait"])),
      {},
      commit,
    );
    await waitFor(() => cloud.log(id).includes('\nready'));
    await cloud.client.send(new StopBuildCommand({ id }));
    const build = await cloud.ended(id);
    expect([build.buildStatus, phasesOf(build).includes('BUILD STOPPED'), cloud.log(id).includes('tidied')]).toEqual([
      'STOPPED',
      true,
      true,
    ]);
  });

  it('ends those that do not, with everything they started', async () => {
    const stubborn = `(trap '' TERM; setsid sleep 300 & echo "child $!"; sleep 300)`;
    const impatient = await openBuildCloud({ stopGraceMs: 500, repository: cloud.repository });
    const ServiceRole = `arn:aws:iam::${accountId}:role/stagegate-plan-build`;
    await impatient.addProject('stubborn', spec([stubborn]), { ServiceRole });
    const { id } = await impatient.start('stubborn', {}, commit);
    await waitFor(() => impatient.log(id).includes('\nchild '));
    await impatient.client.send(new StopBuildCommand({ id }));
    expect((await impatient.ended(id)).buildStatus).toBe('STOPPED');
    const child = Number(/\nchild (\d+)/.exec(impatient.log(id))?.[1]);
    await waitFor(() => !isRunning(child));
    await impatient.close();
  });

  it('ends a build that has not begun', async () => {
    const shared = { STAGEGATE_APPLICATION: 'shop', STAGEGATE_ENVIRONMENT: 'dev1' };
    const name = await project(spec(['echo ready; sleep 300']));
    const first = await cloud.start(name, shared, commit);
    const second = await cloud.start(name, shared, commit);
    await waitFor(() => cloud.log(first.id).includes('\nready'));
    for (const { id } of [second, first]) await cloud.client.send(new StopBuildCommand({ id }));
    const build = await cloud.ended(second.id);
    expect([build.buildStatus, phasesOf(build)]).toEqual(['STOPPED', ['SUBMITTED', 'QUEUED STOPPED', 'COMPLETED']]);
    await cloud.ended(first.id);
  });

  it('fails for a build that never was', async () => {
    expect(await refusal(cloud.client.send(new StopBuildCommand({ id: 'nothing:1' })))).toContain(
      'ResourceNotFoundException',
    );
  });
});

describe('what goes wrong beside a build', () => {
  it('leaves its outcome alone: something that left it writes into its directory while that is removed', async () => {
    const writes = 'i=0; while [ $i -lt 4000 ]; do i=$((i+1)); mkdir -p deep/$i 2>/dev/null; done';
    const { build } = await runBuild(spec([`setsid sh -c '${writes}' >/dev/null 2>&1 </dev/null & sleep 0.2`]));
    expect(build.buildStatus).toBe('SUCCEEDED');
  });

  it('leaves its outcome alone: its log cannot be written', async () => {
    const logs = join(cloud.directory, 'files', 'build-logs');
    renameSync(logs, `${logs}-elsewhere`);
    try {
      expect((await runBuild(spec(['echo unheard']))).build.buildStatus).toBe('SUCCEEDED');
    } finally {
      renameSync(`${logs}-elsewhere`, logs);
    }
  });
});

describe('builds', () => {
  it('of one environment run one after another, of two side by side', async () => {
    const name = await project(
      spec([
        'mkdir "$STAGEGATE_WORK/$STAGEGATE_ENVIRONMENT" && sleep 0.3 && rmdir "$STAGEGATE_WORK/$STAGEGATE_ENVIRONMENT"',
      ]),
    );
    execFileSync('mkdir', ['-p', join(cloud.directory, 'files', 'work')]);
    const start = (environment: string) =>
      cloud.start(name, { STAGEGATE_APPLICATION: 'shop', STAGEGATE_ENVIRONMENT: environment }, commit);
    const builds = await Promise.all([start('a'), start('a'), start('b')]);
    const ended = await Promise.all(builds.map(({ id }) => cloud.ended(id)));
    expect(ended.map(({ buildStatus }) => buildStatus)).toEqual(['SUCCEEDED', 'SUCCEEDED', 'SUCCEEDED']);
  });

  it('that are unknown are named as such', async () => {
    const { builds, buildsNotFound } = await cloud.client.send(new BatchGetBuildsCommand({ ids: ['nothing:1'] }));
    expect([builds, buildsNotFound]).toEqual([[], ['nothing:1']]);
  });

  it('that were running when the local cloud was killed are STOPPED at the next start, with all they started', async () => {
    const directory = mkdtempSync(join(tmpdir(), 'stagegate-killed-'));
    const sleeping = spec(['sleep 300 # "$STAGEGATE_WORK"', 'true']);
    const before = spawn(process.execPath, [join(import.meta.dirname, 'slow-build.ts'), directory, sleeping], {
      stdio: ['ignore', 'pipe', 'inherit'],
      env: { ...process.env, TMPDIR: directory },
    });
    const [id] = await once(createInterface(before.stdout), 'line');
    const hasProcesses = () =>
      execFileSync('ps', ['-A', '-ww', '-o', 'command='], { encoding: 'utf8' }).includes(join(directory, 'files'));
    const isKilled = once(before, 'exit');
    before.kill('SIGKILL');
    await isKilled;
    expect(hasProcesses()).toBe(true);

    const after = await openBuildCloud({ directory, repository: cloud.repository });
    const watched = after.codebuild.buildEnds(id);
    await after.codebuild.start?.();
    await watched;
    expect((await after.ended(id)).buildStatus).toBe('STOPPED');
    await waitFor(() => !hasProcesses());
    await after.close();
    rmSync(directory, { recursive: true, force: true });
  });
});

describe('a project', () => {
  it('fails when the template says something that is not understood, naming it', async () => {
    await expect(project(spec(['true']), { VpcConfig: {} })).rejects.toThrow('VpcConfig');
    await expect(project(spec(['true'], { artifacts: {} }))).rejects.toThrow('artifacts');
    await expect(
      project(JSON.stringify({ version: '0.2', env: { 'secrets-manager': {} }, phases: {} }, null, 2)),
    ).rejects.toThrow('secrets-manager');
  });

  it('fails when the buildspec is not in the template', async () => {
    await expect(project('buildspec.yml')).rejects.toThrow('must be inline in the template');
  });
});
