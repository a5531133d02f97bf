import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import * as z from 'zod';
import { analyzeFile } from '../../scripts/analyze-file.ts';
import { deliverToWebhook } from '../e2e/github-webhook.ts';
import { TestCloud } from '../e2e/test-cloud.ts';
import { pushPayload } from '../harness/github-payloads.ts';
import { createGitRepository, type GitRepository } from '../local/codebuild/git-repository.ts';
import { runHere } from '../scripts/commands.ts';
import { CaseApplication } from './case-application.ts';
import { engineThatWrites, WHILE_PLANNING } from './engine-that-writes.ts';
import { planInTwoRegions } from './plan-in-two-regions.ts';
import { CASES, caseNamed } from './read-cases.ts';

/**
 * Cases of other teams' config repositories, in one local cloud with real Terraform. They run at the same time, each
 * with an application, a branch and a state of its own. More inputs of each kind are tested where the rule is.
 */

const MODULES = 'https://git.example.com/modules.git';

let folder: string;
let modules: GitRepository;
let cloud: TestCloud;

/** Cases that a suite about their rule answers. */
const ELSEWHERE: Readonly<Record<string, string>> = {
  'version-that-ran-nowhere': 'test/e2e/proven-before.suite.ts',
};
const answered: string[] = [];

const HeardSchema = z.looseObject({ heard: z.looseObject({ branches: z.array(z.unknown()) }) });

/** Answers a case at the same time as others. */
function answer(name: string, check: () => Promise<void>): void {
  answered.push(name);
  test.concurrent(name, check);
}

/** Answers a case while no other case is answered. */
function alone(name: string, check: () => Promise<void>): void {
  answered.push(name);
  test(name, check);
}

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'stagegate-cases-'));
  modules = createGitRepository();
  engineThatWrites(folder);
  cloud = await TestCloud.start({
    engineDirectory: folder,
    environment: {
      GIT_CONFIG_COUNT: '1',
      GIT_CONFIG_KEY_0: `url.${modules.directory}.insteadOf`,
      GIT_CONFIG_VALUE_0: MODULES,
    },
  });
});
afterAll(async () => {
  await cloud?.stop();
  modules?.remove();
  rmSync(folder, { recursive: true, force: true });
});

const commitsOf = (name: string): [Files, Files] => {
  const [first = {}, second = {}] = caseNamed(name).commits;
  return [first, second];
};
type Files = Readonly<Record<string, string>>;

const output = (value: string): string => `output "common" {\n  value = "${value}"\n}\n`;

async function succeeds(name: string, application: string): Promise<void> {
  const app = await CaseApplication.register(cloud, application);
  expect(await app.deploy(commitsOf(name)[0])).toMatchObject({ status: 'succeeded' });
}

/** The deployment fails, and nothing that people can read has the secret. */
async function tells(name: string, application: string, secret: string): Promise<void> {
  const app = await CaseApplication.register(cloud, application);
  const { 'apps/web/dev1/main.tf': main } = commitsOf('secret-behind-an-unparsed-number')[0];
  const files: Files = { ...commitsOf(name)[0], 'apps/web/dev1/main.tf': main ?? '' };
  expect(files['apps/web/dev1/terraform.tfvars']).toContain(secret);
  const failed = await app.deploy(files);
  expect(failed).toMatchObject({ status: 'failed' });
  const told = await app.told(failed.id);
  expect(told).toContain('Invalid function argument');
  expect(told).not.toContain(secret);
}

answer('submodule-becomes-empty-directory', async () => {
  const app = await CaseApplication.register(cloud, 'submodule');
  const [first, second] = commitsOf('submodule-becomes-empty-directory');
  const submodule = app.commit(first);
  expect(await app.release(submodule)).toMatchObject({ status: 'succeeded' });
  expect(Object.keys(second)).toEqual(['modules/vpc']);
  const failed = await app.deploy({ 'modules/vpc/main.tf': null, 'modules/vpc': { submodule } });
  expect(failed).toMatchObject({ status: 'failed', error: { reason: 'checkout-failed' } });
  expect(failed.error?.message).toMatch(/"modules\/vpc" is a submodule/);
  expect(await app.resourcesIn(`apps/${app.name}/dev1/terraform.tfstate`)).toBe(1);
});

answer('partial-backend-in-a-file', async () => {
  const app = await CaseApplication.register(cloud, 'partial-backend');
  const [files] = commitsOf('partial-backend-in-a-file');
  const commit = app.commit(files);
  const failed = await app.release(commit);
  expect(failed).toMatchObject({ status: 'failed', error: { reason: 'backend-failed' } });
  expect(failed.error?.message).toMatch(/dev1\.s3\.tfbackend.*backendConfigFile/);
  expect(await app.resourcesIn(`apps/${app.name}/dev1/terraform.tfstate`)).toBeUndefined();
  await app.free();
  await app.configure({ backendConfigFile: 'dev1.s3.tfbackend' });
  expect(await app.release(commit)).toMatchObject({ status: 'succeeded' });
  expect(await app.resourcesIn('infra/web/dev1.tfstate', 'acme-terraform-state')).toBe(1);
  expect(await app.resourcesIn(`apps/${app.name}/dev1/terraform.tfstate`)).toBeUndefined();
});

// The stand-in writes the file in the place of the provider, which no build can install without the internet.
answer('archive-below-dot-terraform', async () => {
  const app = await CaseApplication.register(cloud, 'archive');
  const [files] = commitsOf('archive-below-dot-terraform');
  const path = '.terraform/archive_files/fn.zip';
  expect(files['apps/fn/dev1/main.tf']).toContain(`"\${path.root}/${path}"`);
  const upload = [
    'resource "terraform_data" "upload" {',
    '  provisioner "local-exec" {',
    `    command = "test -s '\${path.root}/${path}'"`,
    '  }',
    '}',
  ];
  const write = `mkdir -p .terraform/archive_files && echo zip > ${path}\n`;
  const deployed = await app.deploy({
    'apps/fn/dev1/main.tf': `${upload.join('\n')}\n`,
    [`apps/fn/dev1/${WHILE_PLANNING}`]: write,
  });
  expect(deployed).toMatchObject({ status: 'succeeded' });
});

answer('modes-of-module-files', async () => {
  const app = await CaseApplication.register(cloud, 'modes');
  const [files] = commitsOf('modes-of-module-files');
  modules.commit({ 'fn/main.tf': files['(module) fn/main.tf'] ?? '', 'fn/src/index.py': 'print(1)\n' });
  modules.git('tag', 'fn-v1.0.0');
  const source = files['apps/fn/dev1/main.tf']?.replace(/git::<[^>]*>/, `git::${MODULES}`) ?? '';
  expect(await app.deploy({ 'apps/fn/dev1/main.tf': source })).toMatchObject({ status: 'succeeded' });
});

answer('shared-module-below-apps', async () => {
  const app = await CaseApplication.register(cloud, 'shared-module', { isPushed: true });
  const [first, second] = commitsOf('shared-module-below-apps');
  const link = 'apps/web/dev1/common.tf';
  // Its deployment takes longer than the local host needs to see the branch, from which the next push begins.
  await app.deploy({ ...first, 'apps/_common/common.tf': output('one'), [link]: { link: '../../_common/common.tf' } });
  await app.succeeds(app.commit(second));
  await app.succeeds(app.commit({ 'apps/_common/common.tf': output('two') }));
});

answer('dynamodb-table-in-backend', async () => {
  const app = await CaseApplication.register(cloud, 'lock-table');
  const [files] = commitsOf('dynamodb-table-in-backend');
  const failed = await app.deploy(files);
  expect(failed).toMatchObject({ status: 'failed', error: { reason: 'backend-failed' } });
  expect(failed.error?.message).toMatch(/backend\.tf:6.*"dynamodb_table".*remove the line.*LockTable/);
  expect(await app.resourcesIn('web/dev1.tfstate', 'acme-terraform-state')).toBeUndefined();
  expect(await app.resourcesIn('web/dev1.tfstate.tflock', 'acme-terraform-state')).toBeUndefined();
});

answer('numbers-in-scientific-notation', () => succeeds('numbers-in-scientific-notation', 'scientific'));
answer('parenthesised-key-after-a-bare-value', () => succeeds('parenthesised-key-after-a-bare-value', 'parenthesised'));
answer('secret-behind-an-unparsed-number', () =>
  tells('secret-behind-an-unparsed-number', 'behind-a-number', 'hunter2'),
);
answer('secret-with-an-escape', () => tells('secret-with-an-escape', 'with-an-escape', 'hunter4'));
answer('backslash-in-a-file-name', () => succeeds('backslash-in-a-file-name', 'backslash'));
answer('line-break-in-a-file-name', () => succeeds('line-break-in-a-file-name', 'line-break'));

answer('prevent-destroy-in-a-preview', async () => {
  const app = await CaseApplication.register(cloud, 'prevented');
  const [files] = commitsOf('prevent-destroy-in-a-preview');
  expect(await app.deploy(files)).toMatchObject({ status: 'succeeded' });
  await app.makePreview('pr-1', app.branch);
  const blocked = await app.until('pr-1', ({ status }) => ['blocked', 'failed', 'succeeded'].includes(status));
  expect(blocked).toMatchObject({ status: 'blocked' });
  expect(blocked.error?.message).toMatch(/terraform_data\.db.*prevent_destroy/s);
  expect(await app.resourcesIn(`ephemeral/${app.name}/pr-1/terraform.tfstate`)).toBeUndefined();
});

answer('renamed-repository', async () => {
  expect(caseNamed('renamed-repository').steps).toContain('https://github.com/acme/infrastructure.git');
  await CaseApplication.register(cloud, 'renamed', {
    settings: { configRepository: { url: 'https://github.com/acme/acme-config.git' } },
  });
  const answer = await deliverToWebhook(cloud, pushPayload({ repository: 'acme/infrastructure' }));
  expect(answer).toMatchObject({ status: 200, body: { outcome: 'ignored' } });
  expect(JSON.stringify(answer.body)).toContain('github.com/acme/infrastructure');
});

answer('branch-that-nobody-has', async () => {
  expect(caseNamed('branch-that-nobody-has').steps).toContain('a repository whose branch is master');
  const url = 'https://github.com/acme/on-master.git';
  const body = (branch?: string) => ({
    client: 'acme',
    configRepository: { url, ...(branch !== undefined && { branch }) },
    pipeline: ['dev1'],
  });
  const path = '/applications/on-master';
  const refused = await cloud.expect(400, 'PUT', path, body('refs/heads/main'));
  expect(refused).toMatchObject({
    errors: [{ field: 'configRepository.branch', message: expect.stringContaining('write main') }],
  });
  await cloud.expect(201, 'PUT', path, body());
  const pushed = await deliverToWebhook(cloud, pushPayload({ repository: 'acme/on-master', ref: 'refs/heads/master' }));
  expect(pushed).toMatchObject({ status: 202, body: { outcome: 'published' } });
  const shown = await cloud.poll('the push to be known', async () => {
    const application = HeardSchema.parse(await cloud.expect(200, 'GET', path));
    return application.heard.branches.length > 0 ? application : undefined;
  });
  expect(shown).toMatchObject({
    heard: { branch: null, branches: [{ branch: 'master', by: 'webhook' }] },
    notices: [{ reason: 'branch-not-heard', message: expect.stringMatching(/the branch main .* named master$/) }],
  });
});

answer('two-regions-in-one-plan', async () => {
  expect(caseNamed('two-regions-in-one-plan').plan).toMatch(/^two aws_nat_gateway: one with region = us-east-1/);
  const file = join(folder, 'plan.json');
  writeFileSync(file, JSON.stringify(planInTwoRegions));
  const analyze = (...args: string[]) =>
    runHere((line) => analyzeFile(line, { width: undefined, hasColors: false }), folder, args);
  const { stdout } = await analyze(file, '--region', 'eu-west-1', '--json');
  expect(JSON.parse(stdout)).toMatchObject({ cost: { monthlyAfter: 74.7 } });
});

// Collects what no branch has any more, which would disturb commits that others make.
alone('commit-of-a-preview-is-gone', async () => {
  const app = await CaseApplication.register(cloud, 'gone');
  const [files] = commitsOf('commit-of-a-preview-is-gone');
  expect(await app.deploy(files)).toMatchObject({ status: 'succeeded' });
  const branch = 'feature/gone';
  const commit = app.commit({ 'apps/web/dev1/more.tf': output('preview') }, branch);
  await app.makePreview('pr-1', branch);
  expect(await app.previewReaches('pr-1', ['succeeded', 'failed'])).toMatchObject({ status: 'succeeded', commit });
  const { repository } = cloud;
  repository.git('branch', '--quiet', '-D', branch);
  repository.git('reflog', 'expire', '--expire=now', '--all');
  repository.git('gc', '--quiet', '--prune=now');
  expect(() => repository.git('cat-file', '-e', commit)).toThrow();
  await cloud.expect(202, 'DELETE', `${app.path}/ephemeral-environments/pr-1`);
  expect(await app.previewReaches('pr-1', ['closed', 'stuck'])).toMatchObject({ status: 'closed' });
  expect(await app.resourcesIn(`ephemeral/${app.name}/pr-1/terraform.tfstate`)).toBe(0);
});

test('every case has an answer', () => {
  expect([...answered, ...Object.keys(ELSEWHERE)].sort()).toEqual(CASES.map(({ name }) => name).sort());
});
