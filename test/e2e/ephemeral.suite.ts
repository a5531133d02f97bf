import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PutEventsCommand } from '@aws-sdk/client-eventbridge';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import * as z from 'zod';
import { sharedCloud } from './shared-cloud.ts';
import { TestApplication, type TestCloud } from './test-cloud.ts';

/**
 * Environments of branches with the synthesized template and real builds: they are made, follow their branch, are
 * ended, and the tests check what is left.
 */

const BUCKET = 'stagegate-state-111111111111-eu-west-1';
const REPOSITORY = 'https://git.example.com/config.git';
const SECOND = 1 / 3600;

let cloud: TestCloud;
let folder: string;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'stagegate-ephemeral-'));
  cloud = await sharedCloud('terraform');
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const ViewSchema = z.object({
  name: z.string(),
  status: z.string(),
  commit: z.string().nullable(),
  closing: z.object({ cause: z.string(), attempts: z.number().nullable() }).nullable(),
  outputs: z.record(z.string(), z.object({ value: z.json() })),
});
type View = z.infer<typeof ViewSchema>;
const HistorySchema = z.object({ items: z.array(z.object({ operation: z.string(), status: z.string() })) });

/** Makes a directory with a variable for the name of the environment. */
const directory = (value: string, more = '') => `
terraform {
  required_version = ">= 1.10"
}
variable "environment" {
  type = string
}
resource "terraform_data" "service" {
  input = "\${var.environment} ${value}"
${more}}
output "service" {
  value = terraform_data.service.output
}
`;

/** Makes an application whose dev1 has succeeded, so that it can be the base of others. */
async function applicationNamed(name: string, more = ''): Promise<TestApplication> {
  const app = new TestApplication(cloud, name);
  await app.register({ policy: { development: { autoPromote: false } } });
  const path = `apps/${name}/dev1`;
  app.push('one', {
    [`${path}/main.tf`]: directory('one', more),
    [`${path}/terraform.tfvars`]: 'environment = "dev1"\n',
  });
  await app.reaches('dev1', 1, 'succeeded');
  return app;
}

/** Commits on a branch; makes the branch from main if it does not exist. */
function commitTo(branch: string, app: TestApplication, value: string): string {
  return cloud.repository.commitTo(branch, `${branch}: ${value}`, {
    [`apps/${app.name}/dev1/main.tf`]: directory(value),
  });
}

const all = (app: TestApplication) => `${app.path}/ephemeral-environments`;
const make = (app: TestApplication, name: string, facts: object) =>
  cloud.expect(202, 'POST', all(app), { name, ...facts });
const view = async (app: TestApplication, name: string) =>
  ViewSchema.parse(await cloud.expect(200, 'GET', `${all(app)}/${name}`));
const history = async (app: TestApplication, name: string) => {
  const path = `${app.path}/environments/${name}/deployments`;
  const { items } = HistorySchema.parse(await cloud.expect(200, 'GET', path));
  return items.map(({ operation, status }) => `${operation} ${status}`);
};
const until = (app: TestApplication, name: string, isWanted: (view: View) => boolean) =>
  cloud.poll(`${app.name}/${name}`, async () => {
    const now = await view(app, name);
    return isWanted(now) ? now : undefined;
  });
const reaches = (app: TestApplication, name: string, status: string) =>
  until(app, name, (each) => {
    if (each.status !== status && ['failed', 'stuck', 'closed'].includes(each.status))
      throw new Error(`${name} is ${each.status}, not ${status}`);
    return each.status === status;
  });

const sweep = () => cloud.strike('stagegate-sweep');
const stateKey = (app: TestApplication, name: string) => `ephemeral/${app.name}/${name}/terraform.tfstate`;

async function resourcesIn(key: string): Promise<number> {
  const { store } = cloud.local.s3;
  const [current] = store.versionsOf(BUCKET, key);
  if (!current) throw new Error(`there is no state at ${key}`);
  const StateSchema = z.object({ resources: z.array(z.unknown()) });
  return StateSchema.parse(JSON.parse((await store.read(current)).toString('utf8'))).resources.length;
}

/** Returns every version of every object below a prefix of the bucket, byte for byte. */
async function bytesBelow(prefix: string): Promise<Record<string, string[]>> {
  const { store } = cloud.local.s3;
  const entries = store.listKeys(BUCKET, prefix).map(async ([key, versions]) => {
    const contents = versions.map(async (version) =>
      version.file === undefined ? 'deleted' : `${version.versionId} ${(await store.read(version)).toString('base64')}`,
    );
    return [key, await Promise.all(contents)] as const;
  });
  return Object.fromEntries(await Promise.all(entries));
}

describe('an environment of a branch', () => {
  test('is told its name, lives its time and leaves an empty state; no other state changes by a byte', async () => {
    const app = await applicationNamed('brief');
    const others = await bytesBelow('apps/');
    const commit = commitTo('brief/x', app, 'two');
    await make(app, 'pr-1', { ref: 'brief/x', ttlHours: 1 });
    const running = await reaches(app, 'pr-1', 'succeeded');
    expect(running).toMatchObject({ commit, outputs: { service: { value: 'pr-1 two' } } });
    expect(await resourcesIn(stateKey(app, 'pr-1'))).toBe(1);
    await cloud.expect(200, 'PATCH', `${all(app)}/pr-1`, { ttlHours: 2 * SECOND });
    const closed = await reaches(app, 'pr-1', 'closed');
    expect(closed.closing).toMatchObject({ cause: 'expired' });
    expect(await resourcesIn(stateKey(app, 'pr-1'))).toBe(0);
    expect(await bytesBelow('apps/')).toEqual(others);
    expect(Object.keys(others)).toContain('apps/brief/dev1/terraform.tfstate');
    expect(cloud.local.scheduler.schedules().filter(({ Name }) => Name.startsWith('brief.'))).toEqual([]);
    expect(await history(app, 'pr-1')).toEqual(['destroy succeeded', 'deploy succeeded']);
  });

  test('follows its branch, and ends with it', async () => {
    const app = await applicationNamed('follow');
    commitTo('follow/x', app, 'two');
    await make(app, 'pr-1', { ref: 'follow/x', follow: true });
    await reaches(app, 'pr-1', 'succeeded');
    const next = commitTo('follow/x', app, 'three');
    const followed = await until(app, 'pr-1', ({ status, commit }) => status === 'succeeded' && commit === next);
    expect(followed.outputs).toMatchObject({ service: { value: 'pr-1 three' } });
    cloud.repository.git('branch', '--quiet', '-D', 'follow/x');
    expect((await reaches(app, 'pr-1', 'closed')).closing).toMatchObject({ cause: 'branch-deleted' });
    expect((await app.deployments('dev1')).map(({ release }) => release)).toEqual([1]);
  });

  test('ends when its pull request is closed', async () => {
    const app = await applicationNamed('pull');
    commitTo('pull/x', app, 'two');
    await make(app, 'pr-1', { ref: 'pull/x' });
    await reaches(app, 'pr-1', 'succeeded');
    const detail = { eventId: 'closed-1', repository: REPOSITORY, branch: 'pull/x', number: 1, merged: true };
    const entry = { Source: 'stagegate', DetailType: 'PullRequestClosed', Detail: JSON.stringify(detail) };
    await cloud.operator.events.send(new PutEventsCommand({ Entries: [{ ...entry, EventBusName: 'stagegate' }] }));
    expect((await reaches(app, 'pr-1', 'closed')).closing).toMatchObject({ cause: 'pull-request-closed' });
  });

  test('that nobody wakes the sweeper for ends all the same', async () => {
    const app = await applicationNamed('forgotten');
    commitTo('forgotten/x', app, 'two');
    await make(app, 'pr-1', { ref: 'forgotten/x', ttlHours: 1 });
    await reaches(app, 'pr-1', 'succeeded');
    const { accountId, door, scheduler } = cloud.local;
    const operator = { kind: 'operator', arn: `arn:aws:iam::${accountId}:user/operator`, accountId } as const;
    const [schedule] = scheduler.schedules().filter(({ Name }) => Name === 'forgotten.pr-1');
    const reference = { Name: schedule?.Name, GroupName: schedule?.GroupName };
    await door.call(operator, 'scheduler', 'DeleteSchedule', reference);
    const record = { pk: `APP#${app.name}`, sk: 'ENVIRONMENT#pr-1' };
    await cloud.changeRecord(record, (environment) => ({ ...environment, expiresAt: new Date().toISOString() }));
    await sweep();
    expect((await reaches(app, 'pr-1', 'closed')).closing).toMatchObject({ cause: 'expired' });
    expect(await resourcesIn(stateKey(app, 'pr-1'))).toBe(0);
  });

  test('whose destruction fails stays visible, and is destroyed again until nothing is left', async () => {
    const permit = join(folder, 'permit');
    const provisioner = `  provisioner "local-exec" {\n    when    = destroy\n    command = "test -f ${permit}"\n  }\n`;
    const app = await applicationNamed('stubborn', provisioner);
    await make(app, 'pr-1', { commit: cloud.repository.head() });
    await reaches(app, 'pr-1', 'succeeded');
    await cloud.expect(202, 'DELETE', `${all(app)}/pr-1`);
    const failures = async () => (await history(app, 'pr-1')).filter((each) => each === 'destroy failed').length;
    await cloud.poll('three failed attempts', async () => {
      await sweep();
      return (await failures()) >= 3 ? true : undefined;
    });
    const shown = await view(app, 'pr-1');
    expect(shown.closing).toMatchObject({ cause: 'requested' });
    expect(shown.closing?.attempts).toBeGreaterThanOrEqual(3);
    expect(await resourcesIn(stateKey(app, 'pr-1'))).toBe(1);
    expect(existsSync(permit)).toBe(false);
    writeFileSync(permit, '');
    await cloud.poll('the end', async () => {
      await sweep();
      return (await view(app, 'pr-1')).status === 'closed' ? true : undefined;
    });
    expect(await resourcesIn(stateKey(app, 'pr-1'))).toBe(0);
  });
});

describe('a regular environment', () => {
  test('is removed when it was destroyed, and its state address is free again', async () => {
    const app = await applicationNamed('leaving');
    const path = `${app.path}/environments/dev1`;
    expect(await cloud.call('DELETE', path)).toMatchObject({ status: 409 });
    await cloud.expect(202, 'POST', `${path}/deployments`, { operation: 'destroy', release: 1 });
    await cloud.poll('the destruction', async () =>
      (await history(app, 'dev1'))[0] === 'destroy succeeded' ? true : undefined,
    );
    await cloud.poll('a free environment', async () =>
      (await cloud.call('DELETE', path)).status === 204 ? true : undefined,
    );
    await cloud.expect(404, 'GET', path);
    expect(await resourcesIn('apps/leaving/dev1/terraform.tfstate')).toBe(0);
  });
});
