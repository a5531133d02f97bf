import { execFile, execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { runObjectKey } from '../../lambdas/domain/contract/run-objects.ts';
import { startHttpsServer } from '../harness/https-server.ts';
import { createGitRepository } from '../local/codebuild/git-repository.ts';
import { planFailureOf } from './build-runs.ts';
import { DIRECTORY, ProgramRun } from './program-runs.ts';

/** Tests plans of a tree that was kept, when neither the commit nor the repositories of its modules exist any more. */

const KEPT = 'kept/shop-dev1-1-abcdef/0123456789abcdef0123456789abcdef/tree.tar.gz';
const OWN_BACKEND = 'terraform {\n  backend "s3" {\n    bucket = "theirs"\n    key    = "theirs/state"\n  }\n}\n';
const resource = 'resource "terraform_data" "one" {}\n';
const sha256Of = (bytes: Buffer) => createHash('sha256').update(bytes).digest('hex');

let run: ProgramRun;
afterEach(() => run.remove());

const treeIn = (from: ProgramRun): Buffer => {
  const key = [...from.artifacts.objects.keys()].find((name) => name.endsWith('/plan/tree.tar.gz')) ?? '';
  return from.artifacts.objects.get(key) ?? Buffer.alloc(0);
};

/** Plans the checkout, keeps its tree, and takes away the checkout and everything else that the plan left. */
async function keep(): Promise<Buffer> {
  const { result, log } = await run.plan();
  if (!result?.ok) throw new Error(`the plan failed: ${JSON.stringify(result)}\n${log}`);
  const tree = treeIn(run);
  run.artifacts.objects.clear();
  run.artifacts.objects.set(KEPT, tree);
  rmSync(run.checkout, { recursive: true });
  return tree;
}

const planKept = (sha256: string, more = {}) =>
  run.plan({
    STAGEGATE_KEPT_TREE: JSON.stringify({ key: KEPT, versionId: 'v1', sha256 }),
    STAGEGATE_OPERATION: 'destroy',
    ...more,
  });

describe('a kept tree', () => {
  it.each([
    ['without a backend', { 'main.tf': resource }],
    ['with its own', { 'main.tf': `${OWN_BACKEND}${resource}` }],
    ['with files and modules outside of the directory', { 'main.tf': resource, '../../shared/x.txt': 'x' }],
  ])('of a directory %s is planned as it was, and stored anew, byte by byte', async (_, files) => {
    run = new ProgramRun(
      Object.fromEntries(Object.entries(files).map(([name, text]) => [join(DIRECTORY, name), text])),
    );
    const tree = await keep();
    const seen: string[] = [];
    const { plan } = run.steps;
    run.steps.plan = (step) => {
      seen.push(...step.arguments);
      return plan?.(step) ?? {};
    };
    const { result } = await planKept(sha256Of(tree));
    expect(result).toMatchObject({ ok: true, operation: 'destroy' });
    expect(seen).toContain('-destroy');
    expect(sha256Of(treeIn(run))).toBe(sha256Of(tree));
  });

  it('gets the values and the place of the state that the environment has today', async () => {
    run = new ProgramRun({ [`${DIRECTORY}/main.tf`]: `variable "size" {}\n${resource}` });
    const variables = (value: number) => ({
      STAGEGATE_VARIABLES: JSON.stringify({ size: { value, mode: 'required' } }),
    });
    const { result } = await run.plan(variables(1));
    expect(result).toMatchObject({ ok: true });
    const tree = treeIn(run);
    run.artifacts.objects.clear();
    run.artifacts.objects.set(KEPT, tree);
    rmSync(run.checkout, { recursive: true });
    const read: string[] = [];
    const { init } = run.steps;
    run.steps.init = (step) => {
      read.push(readFileSync(join(run.base, 'variables.tfvars.json'), 'utf8'), step.arguments.join(' '));
      return init?.(step) ?? {};
    };
    await planKept(sha256Of(tree), { ...variables(2), STAGEGATE_STATE_KEY: 'moved/state' });
    expect(JSON.parse(read[0] ?? '')).toEqual({ size: 2 });
    expect(read[1]).toContain('-backend-config=key=moved/state');
  });

  it('is judged as any configuration: what is refused today is refused in it', async () => {
    run = new ProgramRun({ [`${DIRECTORY}/main.tf`]: resource });
    const tree = await keep();
    const required = { STAGEGATE_VARIABLES: JSON.stringify({ size: { value: 1, mode: 'required' } }) };
    expect(planFailureOf((await planKept(sha256Of(tree), required)).result)).toMatchObject({ phase: 'variables' });
  });

  it('that has other bytes than those that were kept is not unpacked', async () => {
    run = new ProgramRun({ [`${DIRECTORY}/main.tf`]: resource });
    await keep();
    const calls = run.commands.length;
    const { result } = await planKept('f'.repeat(64));
    expect(planFailureOf(result)).toMatchObject({ phase: 'checkout', reason: 'digest-mismatch' });
    expect(run.commands).toHaveLength(calls);
  });

  it('that is gone ends the plan before anything runs', async () => {
    run = new ProgramRun({ [`${DIRECTORY}/main.tf`]: resource });
    const tree = await keep();
    run.artifacts.objects.clear();
    const calls = run.commands.length;
    const { result } = await planKept(sha256Of(tree));
    expect(planFailureOf(result)).toMatchObject({ phase: 'checkout', reason: 'artifact-store' });
    expect(run.commands).toHaveLength(calls);
  });

  it('without the directory that the environment has today says so', async () => {
    run = new ProgramRun({ [`${DIRECTORY}/main.tf`]: resource });
    const tree = await keep();
    const { result } = await planKept(sha256Of(tree), { STAGEGATE_DIRECTORY: 'apps/shop/other' });
    expect(planFailureOf(result)).toMatchObject({
      phase: 'checkout',
      message: 'the directory "apps/shop/other" does not exist in commit abc',
    });
  });
});

describe('modules of a kept tree', () => {
  const URL_OF_GIT = 'https://git.example/modules.git';
  const call = (name: string, source: string, more = '') => `module "${name}" {\n  source = "${source}"\n${more}}\n`;
  let directory: string;
  let close: (() => Promise<unknown>)[];
  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'stagegate-kept-'));
    close = [];
  });
  afterEach(async () => {
    for (const stop of close) await stop();
    rmSync(directory, { recursive: true, force: true });
  });

  it('are not fetched: git, an archive and a registry may all be gone', async () => {
    const shared = createGitRepository();
    shared.commit({ 'web/main.tf': `${resource}${call('logs', './logs')}`, 'web/logs/main.tf': resource });
    shared.git('tag', 'v1');
    const requests: string[] = [];
    const server = createServer((request, response) => {
      requests.push(request.url ?? '');
      response.end(execFileSync('git', ['-C', shared.directory, 'archive', '--format=tar.gz', 'v1']));
    });
    await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve));
    const address = server.address();
    const archive = `http://127.0.0.1:${typeof address === 'object' ? address?.port : 0}/web.tar.gz`;
    close.push(() => new Promise((resolve) => server.close(resolve)));
    const registry = await startHttpsServer(directory, (request, response) => {
      requests.push(request.url ?? '');
      response.setHeader('Content-Type', 'application/json');
      if (request.url === '/.well-known/terraform.json') response.end('{"modules.v1":"/v1/"}');
      else if (request.url?.endsWith('/versions')) response.end('{"modules":[{"versions":[{"version":"1.2.0"}]}]}');
      else response.writeHead(204, { 'X-Terraform-Get': archive }).end();
    });
    close.push(() => registry.stop());
    const host = new URL(registry.url).host;
    run = new ProgramRun({
      [`${DIRECTORY}/main.tf`]: [
        call('tag', `git::${URL_OF_GIT}//web?ref=v1`),
        call('branch', `git::${URL_OF_GIT}//web?ref=main`),
        call('archive', `${archive}//web`),
        call('registry', `${host}/acme/web/aws//web`, '  version = "~> 1.0"\n'),
        call('local', '../../../modules/web'),
      ].join(''),
      'modules/web/main.tf': call('inner', `git::${URL_OF_GIT}//web/logs?ref=v1`),
    });
    const { init } = run.steps;
    run.steps.init = async (step) => {
      await promisify(execFile)('terraform', ['init', '-backend=false', '-input=false', '-no-color'], {
        cwd: step.directory,
        env: {
          ...process.env,
          GIT_CONFIG_COUNT: '1',
          GIT_CONFIG_KEY_0: `url.${shared.directory}.insteadOf`,
          GIT_CONFIG_VALUE_0: URL_OF_GIT,
          GIT_TERMINAL_PROMPT: '0',
          CHECKPOINT_DISABLE: '1',
          SSL_CERT_FILE: registry.environment.NODE_EXTRA_CA_CERTS,
        },
      });
      return (await init?.(step)) ?? {};
    };
    const tree = await keep();
    shared.remove();
    const before = requests.length;
    expect(before).toBeGreaterThan(0);
    const { result, log } = await planKept(sha256Of(tree), { STAGEGATE_OPERATION: 'rollback' });
    expect({ result, log }).toMatchObject({ result: { ok: true, operation: 'rollback' } });
    expect(requests).toHaveLength(before);
    expect(sha256Of(treeIn(run))).toBe(sha256Of(tree));
    const identities = run.artifacts.objects.get(runObjectKey(run.prefix, 'identities'))?.toString() ?? '';
    for (const name of ['tag', 'branch', 'archive', 'registry', 'local'])
      expect(identities).toContain(`"module.${name}"`);
  });
});
