import { execFile, execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type RequestListener } from 'node:http';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { ObjectExistsError } from '../../buildspecs/program/artifacts/artifacts.ts';
import {
  type ModuleIdentities,
  ModuleIdentitiesSchema,
  type ModuleIdentity,
} from '../../lambdas/domain/contract/module-identities.ts';
import { type RunObject, runObjectKey } from '../../lambdas/domain/contract/run-objects.ts';
import { startHttpsServer } from '../harness/https-server.ts';
import { buildsOutsideOfJest } from '../harness/outside-of-jest.ts';
import { createGitRepository, type GitRepository } from '../local/codebuild/git-repository.ts';
import { artifactBucket, type BuildCloud, openBuildCloud } from '../local/codebuild/open-build-cloud.ts';
import { environmentOf, inspect, plan, plannedOf, type Run } from './build-runs.ts';
import { DIRECTORY, ProgramRun } from './program-runs.ts';

/** Tests the identities of modules that Terraform itself has installed. */

const GIT_URL = 'https://git.example/modules.git';
const call = (name: string, source: string, more = '') => `module "${name}" {\n  source = "${source}"\n${more}}\n`;
const resource = 'resource "terraform_data" "one" {}\n';
/** A module with another one in it, a program and files that git and engines treat in special ways. */
const WEB = {
  'main.tf': `${resource}${call('logs', './logs')}`,
  'logs/main.tf': resource,
  'logs/.hidden': 'x',
  '.gitattributes': '* text=auto\n',
  'files/run.sh': '#!/bin/sh\n',
  'files/empty': '',
};
const inFolder = (folder: string, files: Readonly<Record<string, string>>) =>
  Object.fromEntries(Object.entries(files).map(([name, text]) => [`${folder}/${name}`, text]));

const modulesIn = (identities: unknown): readonly ModuleIdentity[] => {
  const parsed = ModuleIdentitiesSchema.parse(identities);
  if ('tooMany' in parsed) throw new Error(`there are too many: ${parsed.tooMany}`);
  return parsed.modules;
};

/** Commits a file with the executable bit, which `commit` alone does not set. */
function commitExecutable(repository: GitRepository, files: Readonly<Record<string, string>>, executable: string) {
  for (const name of Object.keys(files)) mkdirSync(join(repository.directory, name, '..'), { recursive: true });
  writeFileSync(join(repository.directory, executable), files[executable] ?? '');
  chmodSync(join(repository.directory, executable), 0o755);
  const { [executable]: _, ...others } = files;
  return repository.commit(others);
}

describe('a module from anywhere', () => {
  let directory: string;
  let shared: GitRepository;
  let run: ProgramRun;
  let url: string;
  let close: (() => Promise<unknown>)[];
  /** What Terraform is told of this machine. */
  let environment: Record<string, string>;

  beforeEach(async () => {
    directory = mkdtempSync(join(tmpdir(), 'stagegate-sources-'));
    shared = createGitRepository();
    close = [];
    const serve: RequestListener = (request, response) => {
      const format = /\.(tar\.gz|zip)$/.exec(request.url ?? '')?.[1];
      if (!format) response.writeHead(404).end();
      else response.end(execFileSync('git', ['-C', shared.directory, 'archive', `--format=${format}`, 'v1']));
    };
    const server = createServer(serve);
    await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve));
    const address = server.address();
    if (typeof address !== 'object' || address === null) throw new Error('the server has no port');
    url = `http://127.0.0.1:${address.port}`;
    close.push(() => new Promise((resolve) => server.close(resolve)));
    environment = {
      GIT_CONFIG_COUNT: '1',
      GIT_CONFIG_KEY_0: `url.${shared.directory}.insteadOf`,
      GIT_CONFIG_VALUE_0: GIT_URL,
      CHECKPOINT_DISABLE: '1',
    };
    run = new ProgramRun({});
    const { init } = run.steps;
    run.steps.init = async (step) => {
      const variables = { ...process.env, ...environment };
      await promisify(execFile)('terraform', ['init', '-backend=false', '-input=false', '-no-color'], {
        cwd: step.directory,
        env: variables,
      });
      return (await init?.(step)) ?? {};
    };
  });
  afterEach(async () => {
    run.remove();
    shared.remove();
    for (const stop of close) await stop();
    rmSync(directory, { recursive: true, force: true });
  });

  /** Starts a registry whose module `acme/web/aws` 1.2.0 is an archive. */
  async function startRegistry(): Promise<string> {
    const registry = await startHttpsServer(directory, (request, response) => {
      response.setHeader('Content-Type', 'application/json');
      if (request.url === '/.well-known/terraform.json') response.end('{"modules.v1":"/v1/"}');
      else if (request.url?.endsWith('/versions')) response.end('{"modules":[{"versions":[{"version":"1.2.0"}]}]}');
      else response.writeHead(204, { 'X-Terraform-Get': `${url}/web.tar.gz` }).end();
    });
    close.push(() => registry.stop());
    environment.SSL_CERT_FILE = registry.environment.NODE_EXTRA_CA_CERTS;
    return new URL(registry.url).host;
  }

  async function identitiesOf(...calls: readonly string[]): Promise<readonly ModuleIdentity[]> {
    run.write({ [`${DIRECTORY}/main.tf`]: calls.join('') });
    const { result, log } = await run.plan();
    if (!result?.ok) throw new Error(`the plan failed: ${JSON.stringify(result)}\n${log}`);
    return modulesIn(run.artifacts.json('identities'));
  }

  it('has one identity: by local path, link, tag, branch, archive and registry, alone or a second time', async () => {
    const commit = commitExecutable(shared, inFolder('modules/web', WEB), 'modules/web/files/run.sh');
    shared.git('tag', 'v1');
    run.write({ ...inFolder('modules/web', WEB), 'modules/link': { link: 'web' } });
    chmodSync(join(run.checkout, 'modules/web/files/run.sh'), 0o744);
    const host = await startRegistry();
    const sources = {
      local: '../../../modules/web',
      linked: '../../../modules/link',
      tag: `git::${GIT_URL}//modules/web?ref=v1`,
      tag_again: `git::${GIT_URL}//modules/web?ref=v1`,
      branch: `git::${GIT_URL}//modules/web?ref=main`,
      commit: `git::${GIT_URL}//modules/web?ref=${commit}`,
      tar: `${url}/web.tar.gz//modules/web`,
      zip: `${url}/web.zip//modules/web`,
    };
    const modules = await identitiesOf(
      ...Object.entries(sources).map(([name, source]) => call(name, source)),
      call('registry', `${host}/acme/web/aws//modules/web`, '  version = "1.2.0"\n'),
    );
    const names = [...Object.keys(sources), 'registry'];
    const addresses = names.flatMap((name) => [`module.${name}`, `module.${name}.module.logs`]);
    expect(modules.map((module) => module.call).sort()).toEqual([...addresses].sort());
    const identitiesBelow = (end: RegExp) =>
      new Set(modules.filter((module) => end.test(module.call)).map(({ identity }) => identity));
    const [web, logs] = [identitiesBelow(/^module\.\w+$/), identitiesBelow(/\.logs$/)];
    expect([web.size, logs.size, new Set([...web, ...logs]).size]).toEqual([1, 1, 2]);
    const known = modules.filter((module) => module.commit !== undefined).map((module) => module.call);
    expect(known.sort()).toEqual(
      ['branch', 'commit', 'tag', 'tag_again']
        .flatMap((name) => [`module.${name}`, `module.${name}.module.logs`])
        .sort(),
    );
    expect(new Set(modules.flatMap((module) => module.commit ?? []))).toEqual(new Set([commit]));
    expect(modules.filter((module) => module.readsOutside)).toEqual([]);
  });

  it('has another identity where only a bit, a byte or a name differs', async () => {
    shared.commit(inFolder('modules/web', WEB));
    shared.git('tag', 'plain');
    commitExecutable(shared, inFolder('modules/web', WEB), 'modules/web/files/run.sh');
    shared.git('tag', 'executable');
    shared.commit({ 'modules/web/files/empty': '\n' });
    shared.git('tag', 'byte');
    shared.git('mv', 'modules/web/files/empty', 'modules/web/files/other');
    shared.commit({});
    shared.git('tag', 'name');
    const tags = ['plain', 'executable', 'byte', 'name'];
    const modules = await identitiesOf(...tags.map((tag) => call(tag, `git::${GIT_URL}//modules/web?ref=${tag}`)));
    const own = modules.filter(({ call }) => !call.endsWith('.logs'));
    expect(new Set(own.map(({ identity }) => identity)).size).toBe(4);
    const nested = modules.filter(({ call }) => call.endsWith('.logs'));
    expect([nested.length, new Set(nested.map(({ identity }) => identity)).size]).toEqual([4, 1]);
  });

  it('has another identity from an archive if it has links, which Terraform unpacks as files', async () => {
    shared.commit({ 'web/main.tf': resource, 'web/link': { link: 'main.tf' } });
    shared.git('tag', 'v1');
    const modules = await identitiesOf(
      call('tag', `git::${GIT_URL}//web?ref=v1`),
      call('tar', `${url}/web.tar.gz//web`),
    );
    expect(new Set(modules.map(({ identity }) => identity)).size).toBe(2);
  });

  it('is noted if it reads files of the config repository', async () => {
    run.write({
      'modules/web/main.tf': `locals {\n  x = file("$\{path.module}/../shared.txt")\n}\n`,
      'modules/shared.txt': 'x',
    });
    const [web] = await identitiesOf(call('web', '../../../modules/web'));
    expect(web).toMatchObject({ call: 'module.web', readsOutside: true });
  });

  it('is not one of a test, which Terraform also installs', async () => {
    run.write({
      [`${DIRECTORY}/tests/main.tftest.hcl`]: 'run "one" {\n  module {\n    source = "./prepare"\n  }\n}\n',
      [`${DIRECTORY}/prepare/main.tf`]: resource,
      'modules/web/main.tf': resource,
    });
    const modules = await identitiesOf(call('web', '../../../modules/web'));
    expect(JSON.stringify(run.artifacts.json('modules'))).toContain('test.tests.main.one');
    expect(modules.map((module) => module.call)).toEqual(['module.web']);
  });

  it('keeps the identity that was stored before code of the repository ran, whatever that code does', async () => {
    run.write({ 'modules/web/main.tf': resource });
    const main = call('web', '../../../modules/web');
    const first = await identitiesOf(main);
    const stored: (RunObject | string)[] = [];
    const forged: ModuleIdentities = { modules: [{ call: 'module.web', identity: 'f'.repeat(64) }] };
    const { plan: planStep } = run.steps;
    run.artifacts.objects.clear();
    run.steps.plan = async (step) => {
      writeFileSync(join(step.directory, '../../../modules/web/main.tf'), '# changed\n');
      await run.artifacts.put('identities', JSON.stringify(forged)).catch((error: unknown) => {
        if (!(error instanceof ObjectExistsError)) throw error;
        stored.push(error.name);
      });
      return (await planStep?.(step)) ?? {};
    };
    const { result } = await run.plan();
    expect(result).toMatchObject({ ok: false, reason: 'tree-changed' });
    expect(stored).toEqual(['ObjectExistsError']);
    expect(modulesIn(run.artifacts.json('identities'))).toEqual(first);
  });

  it('ends the plan before any code of the repository runs if its identity cannot be stored', async () => {
    run.artifacts.broken.set('identities', 'AccessDenied');
    run.write({ [`${DIRECTORY}/main.tf`]: resource });
    const { result } = await run.plan();
    expect(result).toMatchObject({ ok: false, phase: 'upload', reason: 'artifact-store' });
    expect(run.commands).toEqual(['init']);
  });
});

describe('builds', () => {
  let cloud: BuildCloud;
  let programs: string;
  const path = process.env.PATH;
  beforeAll(async () => {
    // Terraform behind a script that adds files to module directories during a plan, as code of a repository may.
    programs = mkdtempSync(join(tmpdir(), 'stagegate-adding-'));
    const engine = execFileSync('bash', ['-c', 'command -v terraform'], { encoding: 'utf8' }).trim();
    writeFileSync(
      join(programs, 'terraform'),
      `#!/bin/sh\nif [ "$1" = plan ] && [ -d ../../../modules/adding ]; then echo new > ../../../modules/adding/package.zip; fi\nexec '${engine}' "$@"\n`,
    );
    chmodSync(join(programs, 'terraform'), 0o755);
    process.env.PATH = `${programs}${delimiter}${path}`;
    cloud = await openBuildCloud({ standIn: await buildsOutsideOfJest() });
  });
  afterAll(async () => {
    await cloud.close();
    process.env.PATH = path;
    rmSync(programs, { recursive: true, force: true });
  });

  const read = (run: Run, object: RunObject) => cloud.readJson(artifactBucket, runObjectKey(run.prefix, object));

  function newEnvironment(name: string, files: Readonly<Record<string, string | { link: string }>>) {
    const environment = environmentOf(name);
    cloud.addEnvironment(environment);
    return { environment, commit: cloud.repository.commit(files) };
  }

  it('store the same identities from the same tree, and these do not have what the plan added', async () => {
    const main = `${call('adding', '../../../modules/adding')}${call('linked', '../../../modules/linked')}`;
    const kept = 'resource "terraform_data" "kept" {\n  lifecycle {\n    prevent_destroy = true\n  }\n}\n';
    const { environment, commit } = newEnvironment('adding', {
      ...inFolder('modules/adding', WEB),
      'modules/linked': { link: 'adding' },
      'apps/shop/adding/main.tf': `${kept}${main}`,
    });
    const planned = await plan(cloud, environment, commit);
    expect(plannedOf(planned).added).toEqual({ count: 1, paths: ['modules/adding/package.zip'] });
    const inspected = await inspect(cloud, planned);
    expect(inspected.result).toMatchObject({ ok: true, added: { count: 1 } });
    const modules = modulesIn(await read(planned, 'identities'));
    expect(modulesIn(await read(planned, 'inspectedIdentities'))).toEqual(modules);
    for (const object of ['identities', 'inspectedIdentities'] as const)
      expect(ModuleIdentitiesSchema.parse(await read(planned, object)).undestroyed).toMatchObject([
        { address: 'terraform_data.kept', setting: 'prevent_destroy', file: 'apps/shop/adding/main.tf', line: 3 },
      ]);
    const sha256 = (text: string) => createHash('sha256').update(text).digest('hex');
    // Computed here without the code of the build, as the documentation describes.
    const entries = Object.entries(WEB)
      .filter(([name]) => !/(?:^|\/)\./.test(name))
      .sort(([one], [other]) => (one < other ? -1 : 1))
      .map(([name, text]) => `file\0${name}\0${sha256(text)}\0`);
    const identity = sha256(`stagegate-module-1\0${entries.join('')}`);
    expect(modules.find((module) => module.call === 'module.adding')).toEqual({ call: 'module.adding', identity });
    expect(modules.find((module) => module.call === 'module.linked')).toEqual({ call: 'module.linked', identity });
  });

  it('store the same identities for a commit that does not touch the module', async () => {
    const { environment, commit } = newEnvironment('still', {
      'modules/still/main.tf': resource,
      'apps/shop/still/main.tf': call('still', '../../../modules/still'),
    });
    const first = await read(await plan(cloud, environment, commit), 'identities');
    const next = cloud.repository.commit({ 'modules/other/main.tf': resource, 'apps/shop/still/more.tf': resource });
    const second = await read(await plan(cloud, environment, next), 'identities');
    expect(modulesIn(first)).toHaveLength(1);
    expect(second).toEqual(first);
    const touched = cloud.repository.commit({ 'modules/still/README.md': 'new' });
    expect(await read(await plan(cloud, environment, touched), 'identities')).not.toEqual(first);
  });

  it('store none for a destruction', async () => {
    const { environment, commit } = newEnvironment('ending', {
      'modules/ending/main.tf': resource,
      'apps/shop/ending/main.tf': call('ending', '../../../modules/ending'),
    });
    const planned = await plan(cloud, environment, commit, { STAGEGATE_OPERATION: 'destroy' });
    plannedOf(planned);
    const inspected = await inspect(cloud, planned);
    expect(inspected.result).toMatchObject({ ok: true, operation: 'destroy' });
    expect([await read(planned, 'identities'), await read(planned, 'inspectedIdentities')]).toEqual([
      undefined,
      undefined,
    ]);
  });
});
