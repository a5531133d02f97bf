import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { applyPrefix } from '../../lambdas/domain/build/run-prefix.ts';
import { consumePlan } from '../../lambdas/domain/deployment/consume-plan.ts';
import { CLIENT, JANE, type Name, STAFF } from '../api/pipeline-world.ts';
import { anAnalysis } from '../harness/analysis-builder.ts';
import { commitOf } from '../harness/builders.ts';
import { CommandLineWorld } from './command-line-world.ts';

let world: CommandLineWorld;
beforeEach(async () => {
  world = await CommandLineWorld.create();
  await world.api.approver(STAFF, 'staff', [JANE]);
  await world.api.approver(CLIENT, 'client');
});
afterEach(() => world.stop());

/** A deployment of release 1 that waits at the gate of the staff, with an analysis. */
async function waiting(environment: Name, round = 1): Promise<string> {
  const { api } = world;
  const id = await api.deploy(environment, 1);
  const analysis = await api.artifacts.putJson(`analysis/${id}/${round}.json`, anAnalysis());
  await api.plan(id, { analysis, gates: [{ gate: 'staff', required: 1 }] });
  await api.openGate(id, 'staff');
  return id;
}

const statusOf = async (environment: Name, id: string) =>
  (await world.api.get(`/applications/my-app/environments/${environment}/deployments/${id}`)).body.gates[0].status;

describe('a decision', () => {
  test('shows the plan, asks, and is about exactly that plan', async () => {
    await world.api.end(await world.api.release(1));
    const id = await waiting('stage1');
    world.typed = ['y'];
    const { code, stdout, stderr } = await world.run(`approve stage1 --comment fine --as ${JANE}`);
    expect([code, stdout]).toEqual([0, 'Approved for staff. stage1: release 1 is approved\n']);
    expect(stderr).toContain('release 1 in stage1, gate staff, asked for by');
    expect(stderr).toContain('Blast radius');
    expect(world.asked).toEqual(['Approve this for staff in stage1 of my-app? [y/N] ']);
    expect(await statusOf('stage1', id)).toBe('approved');
  });

  test('with another answer than yes nothing is decided', async () => {
    await world.api.end(await world.api.release(1));
    const id = await waiting('stage1');
    world.typed = ['yes please'];
    const { code, stderr } = await world.run(`reject stage1 --as ${JANE}`);
    expect([code, stderr.endsWith('stagegate: Nothing was changed.\n')]).toEqual([7, true]);
    expect(await statusOf('stage1', id)).toBe('open');
  });

  test('about production needs --yes without a terminal', async () => {
    await world.api.end(await world.api.release(1));
    await world.api.succeed(1, 'stage1');
    const id = await waiting('prod1');
    const { code, stderr } = await world.run(`approve prod1 --as ${JANE}`);
    expect([code, await statusOf('prod1', id)]).toEqual([7, 'open']);
    expect(stderr).toContain('Give the same command with --yes.');
    expect((await world.run(`approve prod1 --yes --as ${JANE}`)).code).toBe(0);
    expect(await statusOf('prod1', id)).toBe('approved');
  });

  test('is refused if the plan was made again after it was shown', async () => {
    await world.api.end(await world.api.release(1));
    const id = await waiting('stage1');
    world.typed = ['y'];
    const shown = await world.run('plan stage1 --json');
    const { planDigest } = JSON.parse(shown.stdout);
    const wrong = await world.run(`approve stage1 --digest ${'0'.repeat(64)} --as ${JANE}`);
    expect([wrong.code, world.asked]).toEqual([3, []]);
    expect(wrong.stderr).toContain(planDigest);
    expect(await statusOf('stage1', id)).toBe('open');
    expect((await world.run(`approve stage1 --digest ${planDigest} --as ${JANE}`)).code).toBe(0);
  });

  test('by somebody who is no approver is refused with the next step', async () => {
    await world.api.end(await world.api.release(1));
    await waiting('stage1');
    const { code, stderr } = await world.run('approve stage1');
    expect(code).toBe(8);
    expect(stderr).toContain('The caller is not an approver of this gate');
    expect(stderr).toContain('An administrator registers approvers');
  });

  test('where nothing waits says what is going on instead', async () => {
    await world.api.release(1);
    const { code, stderr } = await world.run('approve dev1');
    expect(code).toBe(3);
    expect(stderr).toContain('no gate of dev1 is open: release 1 is planning');
  });
});

test('text from repositories cannot move the cursor', async () => {
  await world.api.end(await world.api.release(1));
  const { api } = world;
  const id = await api.deploy('stage1', 1);
  const analysis = { ...anAnalysis(), notices: ['a\u001b[2J\u202eb'] };
  const kept = await api.artifacts.putJson(`analysis/${id}/1.json`, analysis);
  await api.plan(id, { analysis: kept });
  const { stdout } = await world.run('plan stage1');
  expect(stdout).toContain('a [2J b');
  const { stdout: json } = await world.run('plan stage1 --json');
  expect(JSON.parse(json).notices).toEqual(['a\u001b[2J\u202eb']);
});

test('text of other people cannot move the cursor in an error', async () => {
  await world.api.end(await world.api.release(1));
  const id = await waiting('stage1');
  await world.api.end(id, 'rejected');
  const ended = await world.api.store.get('deployment', { id });
  if (ended?.status !== 'rejected') throw new Error(`it is ${ended?.status}`);
  const message = 'she said no: no\u001b[2Jway\u202e';
  await world.api.write('deployment', { ...ended, error: { ...ended.error, message } });
  const { code, stderr } = await world.run(`approve stage1 --deployment ${id}`);
  expect(code).toBe(3);
  expect(stderr).toContain('said no: no [2Jway');
  expect(stderr).not.toContain('\u001b');
  expect(stderr).not.toContain('\u202e');
  const detail = 'a\u001b[2Jb';
  const problem = { type: 'urn:stagegate:problem:internal', title: 'Oops', status: 500, detail };
  world.served.instead.push({ status: 500, body: JSON.stringify(problem) });
  expect((await world.run('status my-app')).stderr).toContain('stagegate: Oops: a [2Jb\n');
});

describe('without --release, a rollback', () => {
  beforeEach(async () => {
    for (const number of [1, 2]) await world.api.end(await world.api.release(number));
  });

  /** Ends the deployment of a new release as failed, after its apply has begun or before. */
  async function fails(number: number, hasBegun: boolean): Promise<void> {
    const { api } = world;
    const id = await api.release(number);
    await api.plan(id, { digest: commitOf(number).padEnd(64, '0') });
    if (hasBegun) {
      await consumePlan({ ...api.services, applies: 'allowed' }, id, { canWait: true });
      const deployment = await api.store.get('deployment', { id });
      if (deployment) await api.artifacts.putJson(`${applyPrefix(deployment)}apply/started.json`, {});
    }
    await api.end(id, 'failed');
  }

  test.each([
    ['a deployment that failed half way goes back to what was there before it', [true], 2],
    ['one that failed before it changed anything goes back one release', [false], 1],
    ['one that failed half way and one that changed nothing goes back to what was there before both', [true, false], 2],
  ])('after %s', async (_, failures, expected) => {
    for (const [index, hasBegun] of failures.entries()) await fails(3 + index, hasBegun);
    const { code, stdout } = await world.run('rollback dev1');
    expect(code).toBe(0);
    expect(stdout).toContain(`rollback to release ${expected} is planning`);
  });
});

describe('in production', () => {
  test.each([
    ['hold prod1 --reason freeze', 'Hold prod1 of my-app? That is production. [y/N] '],
    ['lift prod1', 'Lift the hold of prod1 of my-app? That is production. [y/N] '],
    ['promote prod1', 'Promote release 2 to prod1 of my-app? That is production. [y/N] '],
    ['promote prod1 --release 1', 'Promote release 1 to prod1 of my-app? That is production. [y/N] '],
    ['rollback prod1', 'Roll prod1 of my-app back to release 1? That is production. [y/N] '],
  ])('%s asks, and refuses without a terminal', async (line, question) => {
    const { api } = world;
    await api.end(await api.release(1));
    await api.succeed(1, 'stage1', 'prod1');
    await api.end(await api.release(2));
    await api.succeed(2, 'stage1', ...(line.startsWith('rollback') ? (['prod1'] as const) : []));
    const before = JSON.stringify((await api.get('/applications/my-app/environments/prod1')).body);
    expect((await world.run(line)).code).toBe(7);
    world.typed = ['n'];
    expect((await world.run(line)).code).toBe(7);
    expect(world.asked).toEqual([question]);
    expect(JSON.stringify((await api.get('/applications/my-app/environments/prod1')).body)).toBe(before);
    world.typed = undefined;
    const { code, stderr } = await world.run(`${line} --yes`);
    expect([code, stderr]).toEqual([0, '']);
  });
});
