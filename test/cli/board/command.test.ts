import { once } from 'node:events';
import { createServer } from 'node:http';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { CommandLineWorld } from '../command-line-world.ts';

let world: CommandLineWorld;
beforeEach(async () => {
  world = await CommandLineWorld.create();
});
afterEach(() => world.stop());

test('prints the address, serves the board to who has it, and ends with Ctrl-C', async () => {
  world.typed = [];
  const running = world.give(['board', '--json']);
  const url = await world.printed(/"url": "(.+)"/);
  expect(url).toMatch(/^http:\/\/127\.0\.0\.1:\d+\/[\w-]{16}\/start\?secret=[\w-]{43}$/);
  // The arguments of a browser can be read by other people of the machine.
  expect(world.opened).toEqual([]);
  const started = await fetch(url, { redirect: 'manual' });
  const cookie = started.headers.get('set-cookie')?.split(';')[0] ?? '';
  const page = await fetch(new URL(started.headers.get('location') ?? '', url), { headers: { cookie } });
  expect(await page.text()).toContain('my-app');
  expect((await fetch(new URL('/', url))).status).toBe(403);
  world.interruption.abort();
  expect((await running).code).toBe(0);
  await expect(fetch(url)).rejects.toThrow();
});

test('two boards have addresses and cookies of their own', async () => {
  const runs = [world.give(['board']), world.give(['board'])];
  const one = await world.printed(/(http:\S+)/);
  const other = await world.printed(/(http:\S+)/, 1);
  const startedOf = async (url: string) => {
    const { headers } = await fetch(url, { redirect: 'manual' });
    const [name = '', path = ''] = (headers.get('set-cookie') ?? '').split(/=|;/);
    return { port: new URL(url).port, base: new URL(url).pathname, name, path };
  };
  const [first, second] = await Promise.all([startedOf(one), startedOf(other)]);
  expect(first.port).not.toBe(second.port);
  expect(first.base).not.toBe(second.base);
  expect(first.name).not.toBe(second.name);
  world.interruption.abort();
  await Promise.all(runs);
});

test.each(['0x10', '0', '-1', 'x', '1.5', '70000'])('--port %s is refused before anything is served', async (port) => {
  const { code, stdout, stderr } = await world.give(['board', '--port', port]);
  expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
  expect(stderr).toMatch(/port/);
});

test('a port that is taken is said to be', async () => {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  const port = typeof address === 'object' && address ? address.port : 0;
  try {
    const { code, stderr } = await world.give(['board', '--port', String(port)]);
    expect(code).toBe(2);
    expect(stderr).toContain(`port ${port}: listen EADDRINUSE`);
    expect(stderr).toContain('Give another with --port');
  } finally {
    server.close();
  }
});

test('what somebody sends too much of is not read', async () => {
  const running = world.give(['board']);
  const url = await world.printed(/(http:\S+)/);
  const answer = await fetch(url, { method: 'POST', body: 'x'.repeat(70_000) });
  expect(answer.status).toBe(413);
  world.interruption.abort();
  await running;
});
