import { afterEach, beforeEach, expect, jest, test } from '@jest/globals';
import { CommandLineWorld } from './command-line-world.ts';

let world: CommandLineWorld;
beforeEach(async () => {
  world = await CommandLineWorld.create();
});
afterEach(() => world.stop());

test('a POST is sent again with the same key, after as long as the answer says', async () => {
  const environment = { status: 200, body: JSON.stringify({ stage: 'development', deployed: null, history: [] }) };
  const busy = { status: 503, headers: { 'retry-after': '7' }, body: '{"message":"Service Unavailable"}' };
  world.served.instead.push(environment, busy, { status: 429 });
  const { code } = await world.run('rollback dev1 --release 1 --app my-app');
  const posts = world.served.requests.filter(({ method }) => method === 'POST');
  expect([code, posts.length]).toEqual([4, 3]);
  expect(new Set(posts.map(({ key }) => key))).toEqual(new Set([expect.stringMatching(/^[0-9a-f-]{36}$/)]));
  expect(world.pauses).toEqual([7000, 1000]);
});

test('another command has another key', async () => {
  await world.run('promote dev1');
  await world.run('promote dev1');
  const keys = world.served.requests.filter(({ method }) => method === 'POST').map(({ key }) => key);
  expect(keys).toHaveLength(2);
  expect(new Set(keys).size).toBe(2);
});

test('an answer that breaks off is asked for again', async () => {
  const half = { status: 200, headers: { 'content-length': '100' }, body: '{"items":', breaksOff: true };
  world.served.instead.push(half, half);
  const { code, stdout } = await world.run('status my-app');
  expect([code, world.pauses]).toEqual([0, [500, 1000]]);
  expect(stdout).toContain('my-app');
  for (let count = 0; count < 5; count += 1) world.served.instead.push(half);
  const { code: given, stderr } = await world.run('status my-app');
  expect(given).toBe(5);
  expect(stderr).toContain('does not answer');
});

test('an attempt that takes longer than a minute has failed', async () => {
  const late = AbortSignal.abort(new DOMException('it took too long', 'TimeoutError'));
  const timeout = jest.spyOn(AbortSignal, 'timeout').mockReturnValue(late);
  try {
    const { code, stderr } = await world.run('status my-app');
    expect([code, timeout.mock.calls]).toEqual([5, Array(5).fill([60_000])]);
    expect(stderr).toContain('does not answer: it took too long');
  } finally {
    timeout.mockRestore();
  }
});

test.each([429, 502, 503, 504])('a server that stays busy with %i is given up after five attempts', async (status) => {
  for (let count = 0; count < 5; count += 1) world.served.instead.push({ status, body: '{"message":"no"}' });
  const { code, stderr } = await world.run('status my-app');
  expect([code, world.served.requests.length]).toEqual([5, 5]);
  expect(stderr).toContain(`answered ${status}: no`);
});

test('what is not there is not tried again', async () => {
  const { code, stderr } = await world.run('status my-app --endpoint http://127.0.0.1:2');
  expect([code, world.pauses]).toEqual([5, []]);
  expect(stderr).toContain('http://127.0.0.1:2 does not answer: connect ECONNREFUSED');
  expect(stderr).toContain('The address comes from --endpoint.');
});

test.each([
  [{ status: 200, body: '<html>' }, 2, 'answered something that is no JSON'],
  [{ status: 200, body: '' }, 2, 'answered 200: something that is no answer of Stagegate'],
  [{ status: 404, body: '{"message":"Not Found"}' }, 4, 'answered 404: Not Found'],
  [{ status: 403, body: '{"message":"Forbidden"}' }, 8, 'aws sts get-caller-identity'],
  [
    { status: 500, body: '{"type":"urn:stagegate:problem:internal","title":"Oops","status":500}' },
    1,
    'stagegate: Oops\n',
  ],
])('%j ends with %i', async (answer, expected, message) => {
  world.served.instead.push(answer);
  const { code, stdout, stderr } = await world.run('status my-app');
  expect([code, stdout]).toEqual([expected, '']);
  expect(stderr).toContain(message);
});

test('bad input is told field by field, as JSON if that was asked for', async () => {
  const text = await world.run('ephemeral create Bad! --ref main --ttl-hours 9999');
  expect(text.code).toBe(2);
  expect(text.stderr).toContain('  name: lower-case letters');
  expect(text.stderr).toContain('(given: "Bad!")');
  expect(text.stderr).toContain('Nothing was changed.');
  const json = await world.run('ephemeral create Bad! --ref main --json');
  expect(json.stdout).toBe('');
  expect(JSON.parse(json.stderr)).toMatchObject({
    error: { ending: 'usage', exitCode: 2, problem: { errors: [{ field: 'name', value: '"Bad!"' }] } },
  });
});

test('a refusal of a rule says which, and what to do next', async () => {
  const { code, stderr } = await world.run('promote stage1');
  expect(code).toBe(3);
  expect(stderr).toContain('No release can be promoted');
  expect(stderr).toContain('`stagegate status` shows which releases have succeeded where.');
});

test('Ctrl-C ends a command with 130 and says nothing', async () => {
  world.interruption.abort();
  expect(await world.run('status my-app')).toEqual({ code: 130, stdout: '', stderr: '' });
});

test.each([
  ['', 2, 'stagegate --help lists the commands'],
  ['staus', 2, 'Did you mean status?'],
  ['promote', 2, 'Usage: stagegate promote <environment>'],
  ['promote prod1 --relese 3', 2, 'Unknown argument: relese'],
  ['promote prod1 --release seven', 2, '--release is "seven", which is no number'],
  ['approve dev1 --gate boss', 2, 'Choices: "staff", "client"'],
  ['ephemeral', 2, 'Say what to do'],
  ['ephemeral create x --var broken', 2, 'has no "="'],
  ['outputs dev1 --env --dotenv', 2, 'only one of --env, --dotenv and --json'],
  ['promote prod1 --release 1 --release 2', 2, 'no number'],
  ['hold dev1 --reason a --reason b', 2, '--reason is given more than once'],
  ['status my-app other', 2, 'Unknown argument: other'],
  ['status --endpoint', 2, 'Not enough arguments following: endpoint'],
])('%j is refused before a request is sent', async (line, expected, message) => {
  const { code, stdout, stderr } = await world.run(line);
  expect([code, stdout]).toEqual([expected, '']);
  expect(stderr).toContain(message);
  expect(world.served.requests.filter(({ method }) => method !== 'GET')).toEqual([]);
});

test('help lists every command, and the version is that of the package', async () => {
  const { stdout, code } = await world.run('--help');
  expect(code).toBe(0);
  expect(stdout).toContain('stagegate rollback <environment>');
  expect((await world.run('--version')).stdout).toBe('1.2.3\n');
  expect((await world.run('completion')).stdout).toContain('complete -o bashdefault');
  expect((await world.run('--get-yargs-completions stagegate ro')).stdout).toContain('rollback');
});
