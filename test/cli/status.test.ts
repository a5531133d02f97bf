import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { APPLICATION, JANE, STAFF } from '../api/pipeline-world.ts';
import { readDocument } from '../docs/documents.ts';
import { CommandLineWorld } from './command-line-world.ts';

let world: CommandLineWorld;
beforeEach(async () => {
  world = await CommandLineWorld.create();
});
afterEach(() => world.stop());

test('the pipeline is a table: what is deployed, what is under way, what waits for whom, and holds', async () => {
  const { api } = world;
  await api.approver(STAFF, 'staff', [JANE]);
  await api.end(await api.release(1));
  const id = await api.deploy('stage1', 1);
  await api.plan(id, { gates: [{ gate: 'staff', required: 1 }] });
  await api.openGate(id, 'staff');
  await api.patch('/applications/my-app/environments/prod1', { hold: true, reason: 'freeze' }, JANE);
  api.surroundings.advance(20 * 60);
  const { code, stdout, stderr } = await world.run('status');
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  expect(readDocument('docs/cli.md')).toContain(`$ stagegate status\n${stdout}`);
  expect(stdout.split('\n')).toEqual([
    'my-app: no push was seen yet',
    '',
    'ENVIRONMENT  STAGE        DEPLOYED                                NOW',
    'dev1         development  release 1 (passed through), 20 min ago  -',
    'stage1       staging      nothing                                 release 1 waits for staff (0 of 1, 20 min)',
    'prod1        production   nothing                                 on hold for 20 min: freeze (staff@example.com)',
    '',
  ]);
});

test('with --json it is the same as data', async () => {
  const { stdout } = await world.run('status my-app --json');
  expect(JSON.parse(stdout)).toMatchObject({ application: 'my-app', environments: [{ name: 'dev1' }, {}, {}] });
});

test('an application that does not exist is told with a next step, and has an exit code of its own', async () => {
  const { code, stdout, stderr } = await world.run('status no-such-app');
  expect({ code, stdout }).toEqual({ code: 4, stdout: '' });
  expect(stderr).toContain('no-such-app');
  expect(stderr).toContain('`stagegate status` shows what there is');
});

test('without an application, where there are several, each has a line with what runs and who is waited for', async () => {
  const { api } = world;
  await api.put('/applications/other', APPLICATION);
  await api.approver(STAFF, 'staff', [JANE]);
  await api.end(await api.release(1));
  const id = await api.deploy('stage1', 1);
  await api.plan(id, { gates: [{ gate: 'staff', required: 1 }] });
  await api.openGate(id, 'staff');
  await api.patch('/applications/my-app/environments/prod1', { hold: true, reason: 'a freeze' }, JANE);
  api.surroundings.advance(20 * 60);
  const { code, stdout } = await world.run('status');
  expect(code).toBe(0);
  expect(stdout.split('\n')).toEqual([
    'APPLICATION  DEPLOYED                     TO PRODUCTION IN 30 DAYS  NOW',
    'my-app       dev1 1 · stage1 - · prod1 -  0                         stage1: release 1 waits for staff (0 of 1, 20 min); prod1: on hold for 20 min (a freeze)',
    'other        dev1 - · stage1 - · prod1 -  0                         -',
    '',
  ]);
  const data = JSON.parse((await world.run('status --all --json')).stdout);
  expect(data).toMatchObject({ applications: [{ name: 'my-app', summary: {} }, { name: 'other' }], skipped: 0 });
});
