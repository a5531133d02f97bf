import { afterEach, describe, expect, test } from '@jest/globals';
import { modules } from '../../../cli/board/application/modules.ts';
import { stages } from '../../../cli/board/deployment/stages.ts';
import type { Deployment } from '../../../cli/deployment/deployments.ts';
import { recordEnding } from '../../../lambdas/domain/deployment/record-ending.ts';
import { releaseEnvironment } from '../../../lambdas/domain/deployment/release-environment.ts';
import { CLIENT, JANE, PipelineWorld, STAFF } from '../../api/pipeline-world.ts';
import type { TestApi } from '../../api/test-api.ts';
import { commitOf } from '../../harness/builders.ts';
import { readable } from '../../pages/test-page.ts';
import { analysisOf, BOARD_STATES, failed, planned, released, withPast } from './board-states.ts';
import { BoardWorld } from './board-world.ts';

/** What the pages say. */

const worlds: BoardWorld<TestApi>[] = [];
afterEach(async () => {
  for (const world of worlds.splice(0)) await world.stop();
});

const APP = '/applications/my-app';

async function around<Api extends TestApi>(api: Api): Promise<BoardWorld<Api>> {
  const world = await BoardWorld.around(api);
  worlds.push(world);
  return world;
}

async function wordsOf(world: BoardWorld<TestApi>, path: string): Promise<string> {
  const { status, text } = await world.ask(path);
  expect(status).toBe(200);
  return readable(text);
}

async function inState(name: string): Promise<{ world: BoardWorld<TestApi>; words: string }> {
  const made = await BOARD_STATES[name]?.();
  if (!made) throw new Error(`nobody makes the state ${name}`);
  worlds.push(made.world);
  return { world: made.world, words: await wordsOf(made.world, made.path) };
}

async function withApprovers(): Promise<PipelineWorld> {
  const api = await PipelineWorld.create();
  await api.approver(STAFF, 'staff', [JANE]);
  await api.approver(CLIENT, 'client');
  return api;
}

describe('all applications', () => {
  test('says what runs where, what is under way, who is waited for since when, what failed, and holds', async () => {
    const { words } = await inState('all applications');
    expect(words).toContain('5 Applications 1 Failed 1 Waiting for people 1 Under way 1 On hold');
    expect(words).toContain('Waiting stage1 release 7 waits for staff , 0 of 1 approval, for 2 h');
    expect(words).toContain('On hold prod1 for 2 h : Freeze until the sale is over (staff@example.com)');
    expect(words).toContain('Failed dev1 the last deployment failed , 2 h ago');
    expect(words).toContain('Under way dev1 release 1 is planning, for 2 h');
    // What failed comes first, then what waits; what is quiet comes last, by name.
    const order = [...words.matchAll(/ (checkout|my-app|search|billing|reports) (?:acme|globex) /g)].map(
      ([, name]) => name,
    );
    expect(order).toEqual(['checkout', 'my-app', 'search', 'billing', 'reports']);
  });

  test.each([
    ['?show=held', ['my-app']],
    ['?show=failed', ['checkout']],
    ['?show=waiting&q=ACME', ['my-app']],
    ['?q=globex', ['search', 'reports']],
    ['?show=nonsense', ['checkout', 'my-app', 'search', 'billing', 'reports']],
    ['?q=%3Cscript%3E', []],
  ])('shows with %s only %j', async (query, names) => {
    const { world } = await inState('all applications');
    const { text } = await world.ask(`/${query}`);
    expect([...text.matchAll(/<li id="app-([a-z-]+)"/g)].map(([, name]) => name)).toEqual(names);
    expect(text).not.toContain('<script>');
  });

  test('says what to do where there is none', async () => {
    const { words } = await inState('an empty installation');
    expect(words).toContain('No application is registered yet Give stagegate init in a clone of a config repository.');
  });

  test('an application of which a record cannot be read stands out, and is not left out', async () => {
    const api = await withApprovers();
    await released(api, 1);
    api.store.corrupt('environmentState', { application: 'my-app', environment: 'dev1' }, { position: 'nowhere' });
    const words = await wordsOf(await around(api), '/');
    expect(words).toContain('1 record cannot be read Not everything is shown.');
    expect(words).toContain('my-app acme a record cannot be read');
  });
});

describe('an application', () => {
  test('says what is under way stage by stage, who is asked, and how long there is', async () => {
    const { words } = await inState('a waiting gate');
    expect(words).toContain(
      'Release 7 Raise the memory of the worker Asked for (done) 3 h ago Plan (done) 1 to create, 3 to change, 3 to destroy Approval by staff (now) 0 of 1 approval, open for 3 h , 6 days left asks staff@example.com Apply (to come)',
    );
    expect(words).toContain('waf 1.0.2 lifted by staff');
    expect(words).toContain('2 of 3 proven');
    expect(words).toContain('Cost $185.98 a month');
    expect(words).toContain('Deployments 5 5 in 90 days Lead time 17 h');
    expect(words).toContain(
      '6 days of the last 90 on which production was deployed to or a change failed, oldest first: lead times from 8 h to 21 h; 1 change failed.',
    );
    expect(words).toContain('pr-41 by ada (role Admins), 3 h ago Succeeded 0000000 based on dev1 1 day left $185.98');
  });

  test('shows what happened between two questions, although nothing in the pipeline differs', async () => {
    const api = await withApprovers();
    await released(api, 1);
    const world = await around(api);
    await wordsOf(world, APP);
    const id = await released(api, 2, false);
    await api.end(id, 'blocked');
    world.pass();
    const words = await wordsOf(world, APP);
    expect(words).toContain('✗ blocked');
    expect(words).toContain('Release 2 : blocked');
  });

  test('shows a rollback that was canceled between two questions', async () => {
    const api = await withApprovers();
    for (const number of [1, 2]) await released(api, number);
    const world = await around(api);
    await wordsOf(world, APP);
    await api.end(await api.deploy('dev1', 1, 'rollback'), 'canceled');
    world.pass();
    expect(await wordsOf(world, APP)).toContain('Rollback to release 1 : canceled');
  });

  test('compares each production environment with staging, as they are', async () => {
    const api = await consisting();
    const words = await wordsOf(await around(api), APP);
    expect(words).toContain(
      'prod1 compared with stage1 stage1, where releases are tried out, differs from what prod1 runs:',
    );
    expect(words).toContain('module.web 2.0.0 https://git.example.com/web 1.0.0');
  });

  test('names the message of a release that is older than the listed ones', async () => {
    const api = await withApprovers();
    await released(api, 1);
    await api.succeed(1, 'stage1');
    for (let number = 2; number <= 32; number += 1) await api.end(await api.release(number));
    const words = await wordsOf(await around(api), APP);
    expect(words).toContain('stage1 staging Release 1 passed through');
    expect(words).not.toContain('No commit message');
  });

  test('offers to promote what has succeeded in the environment before, unless it is here or on its way', async () => {
    const api = await withApprovers();
    await released(api, 1);
    const world = await around(api);
    expect(await wordsOf(world, APP)).toContain('Promote release 1 to stage1');
    const id = await api.deploy('stage1', 1);
    world.pass();
    expect(await wordsOf(world, APP)).not.toContain('Promote release');
    await api.end(id, 'blocked');
    world.pass();
    const words = await wordsOf(world, APP);
    expect(words).toContain('Promote release 1 to stage1');
    expect(words).not.toContain('to prod1');
  });

  test('offers to roll back exactly where there is something to go back to', async () => {
    const past = await withPast();
    expect(await wordsOf(await around(past), APP)).toContain('Roll back prod1');
    const api = await withApprovers();
    await released(api, 1);
    expect(await wordsOf(await around(api), APP)).not.toContain('Roll back');
  });

  test('a failure stays in sight when a newer deployment was dropped', async () => {
    const api = await withApprovers();
    await released(api, 1);
    await failed(api, await released(api, 2, false));
    const dropped = await released(api, 3, false);
    await api.end(dropped, 'superseded');
    const words = await wordsOf(await around(api), APP);
    expect(words).toContain(
      'Release 2 : failed Terraform could not apply the plan: creating the database instance failed',
    );
  });

  test('a failed ephemeral environment leads to the deployment that says why', async () => {
    const api = await withApprovers();
    await api.post(`${APP}/ephemeral-environments`, { name: 'pr-7', commit: commitOf(1) });
    const state = await api.store.get('environmentState', { application: 'my-app', environment: 'pr-7' });
    const id = state?.holder?.deploymentId ?? '';
    await recordEnding(api.services, id, 'failed');
    await releaseEnvironment(api.services, id);
    const world = await around(api);
    expect((await world.ask(APP)).text).toContain(`/environments/pr-7/deployments/${id}"`);
    expect(await wordsOf(world, `${APP}/environments/pr-7/deployments/${id}`)).toContain('Why it failed');
  });

  test('says that not everything is shown where a record cannot be read', async () => {
    const api = await withApprovers();
    await released(api, 1);
    api.store.corrupt('approver', { application: 'my-app', email: CLIENT }, { gates: 'everything' });
    const world = await around(api);
    for (const _ of [1, 2]) {
      expect(await wordsOf(world, APP)).toContain('1 record cannot be read Not everything is shown.');
      world.pass();
    }
  });

  test('what is not there is said to be, by name', async () => {
    const world = await around(await withApprovers());
    const { status, text } = await world.ask('/applications/no-such-app');
    expect(status).toBe(404);
    expect(readable(text)).toContain('no-such-app');
  });
});

describe('a deployment', () => {
  test('that failed says the cause first, then what was changed and where to look', async () => {
    const { words } = await inState('a failed deployment');
    const at = (part: string) => words.indexOf(part);
    expect(at('Why it failed Terraform could not apply the plan')).toBeGreaterThan(0);
    expect(at('Why it failed')).toBeLessThan(at('Blast radius'));
    expect(words).toContain(
      'creating RDS DB Instance (my-app-prod1): InsufficientDBInstanceCapacity module.web.aws_db_instance.this, main.tf:42',
    );
    expect(words).toContain('A part of the plan was applied. The next deployment plans what is left.');
    expect(words).toContain('It happened in the state Apply . Logs of the builds The execution');
  });

  test('that is blocked says what blocks it', async () => {
    const { words } = await inState('a blocked plan');
    expect(words).toContain(
      'module.web. aws_s3_bucket.assets would be deleted, and it holds data (staff can lift this for one use)',
    );
    expect(words).toContain('Plan (ended here)');
  });

  test('is shown only in its own environment', async () => {
    const api = await withApprovers();
    const id = await released(api, 1);
    const world = await around(api);
    expect((await world.ask(`${APP}/environments/dev1/deployments/${id}`)).status).toBe(200);
    expect((await world.ask(`${APP}/environments/prod1/deployments/${id}`)).status).toBe(404);
  });

  test('in production compares what production becomes, while it can still become that', async () => {
    const api = await consisting();
    const id = await api.deploy('prod1', 2);
    await planned(api, id, analysisOf('03-resize-database', 'production'));
    await consistsOf(api, id, '2.0.0');
    const world = await around(api);
    const path = `${APP}/environments/prod1/deployments/${id}`;
    expect(await wordsOf(world, path)).toContain('Compared with stage1 No difference in what was compared.');
    const stage1 = await api.store.get('environmentState', { application: 'my-app', environment: 'stage1' });
    await consistsOf(api, stage1?.deployed?.deploymentId ?? '', '3.0.0');
    world.pass(40_000);
    expect(await wordsOf(world, path)).toContain('stage1 runs prod1 becomes module.web 3.0.0');
    await api.end(id, 'canceled');
    world.pass(40_000);
    expect(await wordsOf(world, path)).not.toContain('Compared with stage1');
  });

  test('in an ephemeral environment has no words of a commit, and says nothing of them', async () => {
    const api = await withApprovers();
    await api.post(`${APP}/ephemeral-environments`, { name: 'pr-7', commit: commitOf(1) });
    const state = await api.store.get('environmentState', { application: 'my-app', environment: 'pr-7' });
    const words = await wordsOf(
      await around(api),
      `${APP}/environments/pr-7/deployments/${state?.holder?.deploymentId}`,
    );
    expect(words).not.toContain('No commit message');
  });
});

/** An application whose stage1 runs another version of a module than prod1. */
async function consisting(): Promise<PipelineWorld> {
  const api = await withApprovers();
  await released(api, 1);
  await api.succeed(1, 'stage1', 'prod1');
  await released(api, 2);
  await api.succeed(2, 'stage1');
  for (const [environment, version] of [
    ['stage1', '2.0.0'],
    ['prod1', '1.0.0'],
  ] as const) {
    const state = await api.store.get('environmentState', { application: 'my-app', environment });
    await consistsOf(api, state?.deployed?.deploymentId ?? '', version);
  }
  return api;
}

const consistsOf = (api: PipelineWorld, deploymentId: string, version: string) =>
  api.write('configuration', {
    deploymentId,
    modules: [{ call: 'module.web', source: 'https://git.example.com/web', version, arguments: [] }],
    variables: [],
    rootResources: [],
  });

describe('the stages of a deployment', () => {
  const base = {
    application: 'my-app',
    environment: 'prod1',
    createdAt: '2026-11-23T09:00:00.000Z',
    passedThrough: false,
    planDigest: 'd'.repeat(64),
    changes: 'none',
    requestedBy: { principal: JANE, approver: STAFF },
    gates: [],
  };
  const scene = { base: '/b', now: new Date('2026-11-23T10:00:00.000Z') };
  const approver = (email: string, gate: 'staff' | 'client') => ({
    ...{ application: 'my-app', email, gates: [gate], principals: [], subscription: 'confirmed' as const },
    ...{ unsubscribeProtected: false, createdAt: base.createdAt },
  });
  const people = {
    stage: 'production' as const,
    approvers: [approver(STAFF, 'staff'), approver('other@example.com', 'staff'), approver(CLIENT, 'client')],
  };
  const gate = (name: 'staff' | 'client', status: Deployment['gates'][number]['status'], by: string[] = []) => ({
    ...{ gate: name, status, required: 1, rejections: [], voided: [] },
    approvals: by.map((each) => ({ by: each, via: 'link' as const, at: base.createdAt })),
  });
  const told = (facts: object) => {
    // The stages look at these facts of a deployment only.
    const deployment: Deployment = Object.assign({}, base, facts) as never;
    return readable(stages(scene, deployment, people).text).trim();
  };

  test.each([
    ['queued', { status: 'queued', planDigest: null }, ['now', 'to come', 'to come']],
    ['planning', { status: 'planning', planDigest: null }, ['done', 'now', 'to come']],
    ['planning again', { status: 'planning' }, ['done', 'now', 'to come']],
    ['applying', { status: 'applying' }, ['done', 'done', 'now']],
    ['banned', { status: 'planning', appliesBannedSince: base.createdAt }, ['done', 'done', 'now']],
    ['succeeded', { status: 'succeeded' }, ['done', 'done', 'done']],
    ['failed to plan', { status: 'failed', planDigest: null }, ['done', 'ended here', 'to come']],
    ['failed to apply', { status: 'failed' }, ['done', 'done', 'ended here']],
    ['blocked', { status: 'blocked' }, ['done', 'ended here', 'to come']],
    ['canceled in the queue', { status: 'canceled', planDigest: null }, ['ended here', 'to come', 'to come']],
  ])('of one that is %s', (_, facts, standings) => {
    const found = [...told(facts).matchAll(/\((done|now|to come|ended here)\)/g)].map(([, standing]) => standing);
    expect(found).toEqual(standings);
  });

  test.each([
    ['waits for the first', 'awaiting_approval', ['open', 'pending'], ['done', 'done', 'now', 'to come', 'to come']],
    ['waits for the second', 'awaiting_approval', ['approved', 'open'], ['done', 'done', 'done', 'now', 'to come']],
    [
      'is rejected by the second',
      'rejected',
      ['approved', 'rejected'],
      ['done', 'done', 'done', 'ended here', 'to come'],
    ],
    [
      'is blocked after all approvals',
      'blocked',
      ['approved', 'approved'],
      ['done', 'done', 'done', 'done', 'ended here'],
    ],
    [
      'is canceled at the first',
      'canceled',
      ['canceled', 'pending'],
      ['done', 'done', 'ended here', 'to come', 'to come'],
    ],
  ] as const)('of one with two gates that %s', (_, status, [staff, client], standings) => {
    const words = told({ status, gates: [gate('staff', staff), gate('client', client)] });
    const found = [...words.matchAll(/\((done|now|to come|ended here)\)/g)].map(([, standing]) => standing);
    expect(found).toEqual(standings);
  });

  test('ask nobody who asked for it, or who has approved already', () => {
    const words = told({ status: 'awaiting_approval', gates: [gate('staff', 'open'), gate('client', 'pending')] });
    expect(words).toContain('asks other@example.com');
    const later = { status: 'awaiting_approval', gates: [gate('staff', 'approved', [CLIENT]), gate('client', 'open')] };
    expect(told(later)).toContain('nobody is registered for client');
  });
});

describe('whether a module is proven', () => {
  const running = ['vpc', 'web'].map((name) => ({ call: `module.${name}`, source: name, version: '1.0.0' }));
  const proof = {
    ...{ previous: 'stage1', mode: 'block' as const, of: 2, proven: 2, notes: [], unproven: [], unprovenCount: 0 },
    ...{ lifted: [], liftedCount: 0, exempt: [], exemptCount: 0, lifts: [] },
  };
  const told = (facts: object) => readable(modules(running, { ...proof, ...facts }, false).text);

  test('is said of all only if all are', () => {
    expect(told({})).toBe(' vpc 1.0.0 ✓ proven web 1.0.0 ✓ proven ');
  });

  test.each([
    ['nothing could be compared', { of: 0, proven: 0, notes: ['stage1 has no ledger'] }],
    [
      'another call of the same content is named',
      { proven: 1, unprovenCount: 1, unproven: [{ subject: null, call: 'module.other', text: 't' }] },
    ],
    ['exempt calls are left out', { proven: 1, exemptCount: 9 }],
    ['something is not known', { notes: ['a module without an identity'] }],
  ])('is said of none while %s', (_, facts) => {
    expect(told(facts)).not.toContain('✓');
  });

  test('is told of what is named', () => {
    const facts = {
      ...{ proven: 0, unprovenCount: 1, unproven: [{ subject: null, call: 'module.vpc', text: 't' }] },
      ...{ exemptCount: 1, exempt: ['module.web'] },
    };
    expect(told(facts)).toContain('vpc 1.0.0 not proven web 1.0.0 exempt 0 of 2 proven');
  });
});
