import { gunzipSync } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { BASE, BoardWorld, SECRET } from './board-world.ts';

/** Only the one who started the board sees it. */

let world: BoardWorld;
beforeEach(async () => {
  world = await BoardWorld.create();
});
afterEach(() => world.stop());

const OWN = 'http://127.0.0.1:4800';
const form = { key: '5f0c9d4e-0c1f-4a3e-9b57-0d5a7c1f2b11', reason: 'a freeze' };
const HOLD = '/applications/my-app/environments/dev1/hold';
const isHeld = async () => (await world.api.get('/applications/my-app/environments/dev1')).body.hold !== null;

describe('the start address', () => {
  test('turns its secret into a cookie that no script reads and no other site sends, and leaves the address', async () => {
    const { status, headers } = await world.ask(`/start?secret=${SECRET}`, { headers: { cookie: '' } });
    expect({ status, location: headers.location }).toEqual({ status: 303, location: `${BASE}/` });
    expect(headers['set-cookie']).toMatch(
      /^stagegate-board-[0-9a-f]{8}=[\w-]{43}; Path=\/b\/; HttpOnly; SameSite=Strict$/,
    );
    expect(headers['set-cookie']).not.toContain(SECRET);
    expect(headers['referrer-policy']).toBe('same-origin');
  });

  test.each(['', 'secret=', `secret=${SECRET.slice(1)}`, `secret=${SECRET}x`])(
    'lets nobody in with %j',
    async (query) => {
      const { status, headers, text } = await world.ask(`/start?${query}`, { headers: { cookie: '' } });
      expect(status).toBe(403);
      expect(headers).not.toHaveProperty('set-cookie');
      expect(text).toContain('This board is for the one who started it');
    },
  );

  test('is not opened by a form', async () => {
    expect((await world.ask(`/start?secret=${SECRET}`, { method: 'POST', headers: { cookie: '' } })).status).toBe(403);
  });
});

describe('without the cookie', () => {
  test.each(['/', '/board.css', '/board.js', '/applications/my-app', '/nowhere'])(
    '%s says nothing of what the board shows',
    async (path) => {
      const [name = '', value = ''] = (await world.cookie()).split('=');
      const cookies = ['', `${name}=`, `${name}=${SECRET}`, `other=${value}`, `${name}=${value}x`];
      for (const cookie of cookies) {
        const { status, text } = await world.ask(path, { headers: { cookie } });
        expect(status).toBe(403);
        expect(text).not.toContain('my-app');
      }
      expect(world.served.requests).toEqual([]);
    },
  );

  test('a form does nothing', async () => {
    expect((await world.ask(HOLD, { method: 'POST', form, headers: { cookie: '' } })).status).toBe(403);
    expect(await isHeld()).toBe(false);
  });
});

describe('with the cookie', () => {
  test('its owner reads and acts', async () => {
    expect((await world.ask('/')).text).toContain('my-app');
    expect((await world.ask(HOLD, { method: 'POST', form })).status).toBe(303);
    expect(await isHeld()).toBe(true);
  });

  test.each([
    ['a name that a foreign DNS record points here', { host: 'evil.example:4800' }],
    ['no name', { host: '' }],
    ['a name that only begins like this machine', { host: '127.0.0.1.evil.example' }],
    ['another site', { 'sec-fetch-site': 'cross-site' }],
    ['a page on another port of this machine', { 'sec-fetch-site': 'same-site' }],
    ['another origin', { origin: 'https://evil.example' }],
    ['another port of this machine', { origin: 'http://127.0.0.1:4801' }],
    ['this machine by another name', { origin: 'http://localhost:4800' }],
    ['nowhere', { origin: 'null' }],
    ['this machine with another scheme', { origin: 'https://127.0.0.1:4800' }],
  ])('a request from %s neither reads nor acts', async (_, headers) => {
    const read = await world.ask('/', { headers });
    expect(read.status).toBe(403);
    expect(read.text).not.toContain('my-app');
    expect((await world.ask(HOLD, { method: 'POST', form, headers })).status).toBe(403);
    expect(await isHeld()).toBe(false);
    expect(world.served.requests).toEqual([]);
  });

  test('a form that does not say which page it comes from does nothing', async () => {
    const { status } = await world.board.respond({
      ...{ method: 'POST', path: `${BASE}${HOLD}`, query: new URLSearchParams() },
      headers: { host: '127.0.0.1:4800', cookie: await world.cookie() },
      body: Buffer.from(new URLSearchParams(form).toString()),
    });
    expect(status).toBe(403);
    expect(await isHeld()).toBe(false);
  });

  test('through a forwarded port, the board works under the address that the browser knows', async () => {
    const headers = { host: '127.0.0.1:9000', origin: 'http://127.0.0.1:9000', 'sec-fetch-site': 'same-origin' };
    expect((await world.ask(HOLD, { method: 'POST', form, headers })).status).toBe(303);
  });

  test.each(['PUT', 'DELETE', 'PATCH', 'OPTIONS', 'TRACE'])('%s does nothing', async (method) => {
    expect((await world.ask(HOLD, { method, form, headers: { origin: OWN } })).status).toBe(403);
    expect(await isHeld()).toBe(false);
  });

  test.each([
    '/applications/my-app/environments/dev1/hold/',
    '/applications//environments/dev1/hold',
    '//applications/my-app',
    '/applications/my-app/',
    '/applications/../start',
    '/applications/%2e%2e',
    '/applications/My-App',
    '/applications/my-app%2Fpipeline',
    '/applications/my-app/environments/dev1/lift',
    '/applications/my-app/environments/dev1/deployments/no-such-thing',
    '/health/details',
    '/__proto__',
  ])('%s is no page', async (path) => {
    for (const method of ['GET', 'POST'])
      expect((await world.ask(path, { method, ...(method === 'POST' && { form }) })).status).toBe(404);
    expect(world.served.requests).toEqual([]);
  });

  test('a page can only be looked at', async () => {
    expect((await world.ask('/applications/my-app', { method: 'POST', form })).status).toBe(404);
    expect((await world.ask('/', { method: 'POST', form })).status).toBe(404);
  });

  test('HEAD reads like GET', async () => {
    expect((await world.ask('/', { method: 'HEAD' })).status).toBe(200);
    expect((await world.ask(HOLD, { method: 'HEAD' })).status).toBe(200);
    expect(await isHeld()).toBe(false);
  });
});

test('every page says what it may load, where its forms go, and that nobody may keep or frame it', async () => {
  const { headers } = await world.ask('/');
  expect(headers['content-security-policy']?.split('; ')).toEqual([
    "default-src 'none'",
    `style-src ${OWN}/b/board.css`,
    `script-src ${OWN}/b/board.js`,
    `connect-src ${OWN}/b/`,
    `form-action ${OWN}/b/`,
    'img-src data:',
    "frame-ancestors 'none'",
    "base-uri 'none'",
  ]);
  expect(headers).toMatchObject({
    'cache-control': 'no-store',
    'x-content-type-options': 'nosniff',
    'x-frame-options': 'DENY',
    'cross-origin-resource-policy': 'same-origin',
    'cross-origin-opener-policy': 'same-origin',
  });
});

test('a host cannot write into the policy', async () => {
  const { status } = await world.ask('/', { headers: { host: '127.0.0.1:4800; script-src *' } });
  expect(status).toBe(403);
});

test('a page that has not changed is not sent again, and one that is sent is compressed', async () => {
  const { headers, body } = await world.ask('/', { headers: { 'accept-encoding': 'gzip, deflate, br' } });
  expect(headers).toMatchObject({ 'content-encoding': 'gzip', vary: 'accept-encoding' });
  expect(gunzipSync(Buffer.from(body)).toString()).toContain('my-app');
  const again = await world.ask('/', { headers: { 'if-none-match': headers.etag ?? '' } });
  expect([again.status, again.text]).toEqual([304, '']);
  await world.api.patch('/applications/my-app/environments/dev1', { hold: true, reason: 'a freeze' });
  world.pass();
  const changed = await world.ask('/', { headers: { 'if-none-match': headers.etag ?? '' } });
  expect([changed.status, changed.headers['content-encoding']]).toEqual([200, undefined]);
});
