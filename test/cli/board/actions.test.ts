import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { CLIENT, JANE, STAFF } from '../../api/pipeline-world.ts';
import { readable } from '../../pages/test-page.ts';
import { BASE, BoardWorld } from './board-world.ts';

/** Promote, roll back, hold and cancel: each asks first, names what it will do, and is done once. */

let world: BoardWorld;
beforeEach(async () => {
  world = await BoardWorld.create();
  const { api } = world;
  await api.approver(STAFF, 'staff', [JANE]);
  await api.approver(CLIENT, 'client');
  await api.end(await api.release(1));
  await api.succeed(1, 'stage1', 'prod1');
  await api.end(await api.release(2));
  await api.succeed(2, 'stage1');
});
afterEach(() => world.stop());

const APP = '/applications/my-app';
const KEY = '5f0c9d4e-0c1f-4a3e-9b57-0d5a7c1f2b11';
const inEnvironment = async (name: string) => (await world.api.get(`${APP}/environments/${name}`)).body;
const send = (path: string, form: Record<string, string>) =>
  world.ask(path, { method: 'POST', form: { key: KEY, ...form } });

const PROMOTE = `${APP}/environments/prod1/promote`;

describe('promote', () => {
  test('says what it will do, and does nothing before the form is sent', async () => {
    const { status, text } = await world.ask(`${PROMOTE}?release=2`);
    expect(status).toBe(200);
    const words = readable(text);
    expect(words).toContain('Promote release 2 to prod1?');
    expect(words).toContain('Release 2: Change');
    expect(words).toContain('prod1 is in the account 222222222222 , eu-west-1. It runs release 1 now.');
    expect(words).toContain('Nothing is changed before staff (1) and client (1) approved the plan.');
    expect(words).toContain('To go on, type prod1 (this is production)');
    expect((await inEnvironment('prod1')).currentDeployment).toBeNull();
  });

  test('deploys exactly the release that was shown, once, and shows the deployment', async () => {
    const form = { release: '2', 'typed-name': 'prod1' };
    const [one, other] = await Promise.all([send(PROMOTE, form), send(PROMOTE, form)]);
    const { current, history } = await inEnvironment('prod1');
    expect(current).toMatchObject({ release: 2, operation: 'deploy', automatic: false });
    expect(history).toHaveLength(2);
    const location = `${BASE}${APP}/environments/prod1/deployments/${current.id}`;
    for (const { status, headers } of [one, other]) expect([status, headers.location]).toEqual([303, location]);
    expect((await send(PROMOTE, form)).headers.location).toBe(location);
    expect(await inEnvironment('prod1')).toMatchObject({ queuedDeployments: [] });
  });

  test.each(['', 'prod', 'PROD1', 'stage1'])('does nothing in production if %j is typed', async (typed) => {
    const { status, text } = await send(PROMOTE, { release: '2', 'typed-name': typed });
    expect(status).toBe(422);
    expect(readable(text)).toContain('Nothing was changed');
    expect(text).toContain('role="alert"');
    expect((await inEnvironment('prod1')).currentDeployment).toBeNull();
  });

  test('needs no name outside of production', async () => {
    await world.api.end(await world.api.release(3));
    expect((await send(`${APP}/environments/stage1/promote`, { release: '3' })).status).toBe(303);
  });

  test('shows what the API refuses, with a next step', async () => {
    await world.api.end(await world.api.release(3));
    const { status, text } = await send(PROMOTE, { release: '3', 'typed-name': 'prod1' });
    expect(status).toBe(422);
    const words = readable(text);
    expect(words).toContain('Nothing was changed The release has not succeeded in the environment before');
    expect(words).toContain('Promote the release to the environment before first');
    expect((await inEnvironment('prod1')).currentDeployment).toBeNull();
  });

  test.each(['', '0', '-1', '1.5', 'x', '99999999999', '1;2'])('release %j is none', async (release) => {
    const asked = await world.ask(`${PROMOTE}?release=${encodeURIComponent(release)}`);
    expect(asked.status).toBe(422);
    expect(readable(asked.text)).toContain('is no number of a release');
    expect((await send(PROMOTE, { release, 'typed-name': 'prod1' })).status).toBe(422);
  });

  test('a release that does not exist is said to', async () => {
    expect((await world.ask(`${PROMOTE}?release=9`)).status).toBe(404);
  });

  test.each(['', 'no-uuid'])('a form without its key (%j) does nothing', async (key) => {
    expect((await send(PROMOTE, { key, release: '2', 'typed-name': 'prod1' })).status).toBe(422);
    expect((await inEnvironment('prod1')).currentDeployment).toBeNull();
  });

  test('if no answer comes, it is sent again under the same key, and done once', async () => {
    const { served } = world;
    const isPromotion = (path: string) => path.endsWith('/promotions');
    let cuts = 0;
    served.after = async (_method, path) => {
      if (!isPromotion(path)) return false;
      cuts += 1;
      return cuts <= 5;
    };
    const form = { release: '2', 'typed-name': 'prod1' };
    const first = await send(PROMOTE, form);
    expect(first.status).toBe(503);
    expect(readable(first.text)).toContain('You can send it again: it is done once, however often it is sent.');
    expect(first.text).toContain(`name="key" value="${KEY}"`);
    expect((await send(PROMOTE, form)).status).toBe(303);
    const keys = served.requests.filter(({ path }) => isPromotion(path)).map(({ key }) => key);
    expect(new Set(keys)).toEqual(new Set([KEY]));
    expect((await inEnvironment('prod1')).history).toHaveLength(2);
  });
});

describe('roll back', () => {
  const ROLLBACK = `${APP}/environments/stage1/rollback`;

  test('offers the older releases that succeeded there, and goes back to the chosen one', async () => {
    const words = readable((await world.ask(ROLLBACK)).text);
    expect(words).toContain('Roll stage1 back?');
    expect(words).toContain('release 1 succeeded here on 23 Nov 2026');
    expect(words).toContain('The environment is on hold afterwards');
    expect((await send(ROLLBACK, { release: '1' })).status).toBe(303);
    expect((await inEnvironment('stage1')).current).toMatchObject({ release: 1, operation: 'rollback' });
  });

  test('is not offered where nothing older succeeded', async () => {
    const { status, text } = await world.ask(`${APP}/environments/prod1/rollback`);
    expect(status).toBe(409);
    expect(readable(text)).toContain('nothing older succeeded in prod1 of my-app among its last deployments');
  });
});

describe('hold', () => {
  const HOLD = `${APP}/environments/prod1/hold`;

  test('asks why, and holds with these words', async () => {
    expect(readable((await world.ask(HOLD)).text)).toContain(
      'Hold prod1? What it does Nothing is deployed to prod1 by itself any more',
    );
    const reason = 'Freeze <until> the "sale" is over';
    const { status, headers } = await send(HOLD, { reason, 'typed-name': 'prod1' });
    expect([status, headers.location]).toEqual([303, `${BASE}${APP}`]);
    expect((await inEnvironment('prod1')).hold).toMatchObject({ reason });
    expect((await world.ask(APP)).text).toContain('Freeze &lt;until&gt; the &quot;sale&quot; is over');
  });

  test('does nothing without a reason, and keeps what was typed', async () => {
    const { status, text } = await send(HOLD, { reason: ' ', 'typed-name': 'prod1' });
    expect(status).toBe(422);
    expect(text).toContain('value="prod1"');
    expect((await inEnvironment('prod1')).hold).toBeNull();
  });

  test('is set once, however often and however soon the form is sent', async () => {
    const form = { reason: 'a freeze', 'typed-name': 'prod1' };
    const sent = await Promise.all([send(HOLD, form), send(HOLD, form), send(HOLD, form)]);
    expect(sent.map(({ status }) => status)).toEqual([303, 303, 303]);
    expect((await send(HOLD, form)).status).toBe(303);
    const { events } = await inEnvironment('prod1');
    expect(events.filter(({ type }: { type: string }) => type === 'held')).toHaveLength(1);
  });

  test('is set once when the answer is lost', async () => {
    let cuts = 0;
    world.served.after = async (method) => method === 'PATCH' && ++cuts <= 2;
    expect((await send(HOLD, { reason: 'a freeze', 'typed-name': 'prod1' })).status).toBe(303);
    const { events } = await inEnvironment('prod1');
    expect(events.filter(({ type }: { type: string }) => type === 'held')).toHaveLength(1);
  });

  test('does not replace the words of another hold', async () => {
    await world.api.patch(`${APP}/environments/prod1`, { hold: true, reason: 'a freeze' }, JANE);
    const { status, text } = await world.ask(HOLD);
    expect(status).toBe(409);
    expect(readable(text)).toContain('prod1 of my-app is on hold already: a freeze');
  });
});

describe('cancel', () => {
  test('says whose deployment it is, and stops exactly that one', async () => {
    const id = await world.api.deploy('prod1', 2, 'deploy', JANE);
    const path = `${APP}/environments/prod1/deployments/${id}/cancel`;
    const words = readable((await world.ask(path)).text);
    expect(words).toContain('Cancel release 2 in prod1?');
    expect(words).toContain(`${STAFF} asked for it. Now: release 2 is planning`);
    for (let sent = 0; sent < 2; sent += 1) expect((await send(path, { 'typed-name': 'prod1' })).status).toBe(303);
    expect((await inEnvironment('prod1')).current).toMatchObject({ id, cancelRequestedBy: expect.any(Object) });
  });

  test('is not possible once the deployment has ended', async () => {
    const { history } = await inEnvironment('stage1');
    const { status, text } = await world.ask(`${APP}/environments/stage1/deployments/${history[0].id}/cancel`);
    expect(status).toBe(409);
    expect(readable(text)).toContain('cannot be canceled any more: it is succeeded');
  });

  test('is never about a deployment of another environment', async () => {
    const id = await world.api.deploy('prod1', 2);
    const { status, text } = await send(`${APP}/environments/stage1/deployments/${id}/cancel`, {});
    expect(status).toBe(422);
    expect(readable(text)).toContain('Nothing was changed');
    expect((await inEnvironment('prod1')).current).not.toHaveProperty('cancelRequestedBy');
  });
});

test('while the API is away, nothing is sent, and what was typed can be sent again', async () => {
  world.served.insteadOfAll = { status: 503, body: '' };
  const { status, text } = await send(`${APP}/environments/dev1/hold`, { reason: 'a freeze' });
  expect(status).toBe(422);
  expect(readable(text)).toContain('Nothing was changed');
  expect(text).toContain('<input type="hidden" name="reason" value="a freeze">');
  expect(text).not.toContain(KEY);
  expect(world.served.requests.every(({ method }) => method === 'GET')).toBe(true);
});

test('a hold says what becomes of what is under way', async () => {
  const pushed = await world.api.deploy('prod1', 2, 'deploy', JANE);
  const asked = async () => readable((await world.ask(`${APP}/environments/prod1/hold`)).text);
  expect(await asked()).toContain(`release 2 is planning. ${STAFF} asked for it, so it goes on.`);
  await world.api.store.transact(async (transaction) => {
    const deployment = await transaction.get('deployment', { id: pushed });
    if (deployment) transaction.put('deployment', { ...deployment, automatic: true });
  });
  expect(await asked()).toContain('Nobody asked for it, so it is blocked before it changes anything.');
});

test('what was changed is seen at once', async () => {
  expect((await world.ask(APP)).text).not.toContain('On hold for');
  await send(`${APP}/environments/dev1/hold`, { reason: 'a freeze' });
  expect((await world.ask(APP)).text).toContain('On hold for');
});
