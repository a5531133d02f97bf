import { createServer, type Server } from 'node:http';
import { tmpdir } from 'node:os';
import { text as readText } from 'node:stream/consumers';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { fillLedgers } from '../../scripts/fill-ledgers.ts';
import { APPLICATION, type Name, PipelineWorld, STAFF } from '../api/pipeline-world.ts';
import { runHere, start } from './commands.ts';

/** What the builds of an environment find: the workflow takes its steps whenever somebody looks at the deployment. */
type Course = 'no-changes' | 'changes' | 'fails' | 'never-ends';

describe('npm run ledger:fill', () => {
  let world: PipelineWorld;
  let server: Server;
  let url: string;
  let courses: Record<Name, Course>;
  let interruption: AbortController;
  /** Called before the API answers. An answer of its own replaces that of the API. */
  let before: (method: string, path: string) => Promise<number | undefined> | number | undefined;

  beforeEach(async () => {
    world = await PipelineWorld.create();
    await world.approver(STAFF, 'staff');
    await world.end(await world.release(1));
    await world.succeed(1, 'stage1', 'prod1');
    courses = { dev1: 'no-changes', stage1: 'no-changes', prod1: 'no-changes' };
    interruption = new AbortController();
    before = () => undefined;
    server = createServer((request, response) => {
      const answer = async () => {
        const { pathname, searchParams } = new URL(request.url ?? '', 'http://127.0.0.1');
        const method = request.method ?? '';
        const status = await before(method, pathname);
        if (status !== undefined) return { status, text: '{"detail":"not now"}' };
        const id = /\/deployments\/([^/]+)$/.exec(pathname)?.[1];
        if (id) await step(id);
        const sent = await readText(request);
        return world.call(method, pathname, {
          query: Object.fromEntries(searchParams),
          caller: String(request.headers['x-local-principal']),
          ...(sent !== '' && { body: JSON.parse(sent) }),
        });
      };
      answer()
        .then(({ status, text }) => response.writeHead(status).end(text))
        .catch((error: unknown) => response.writeHead(502).end(String(error)));
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const address = server.address();
    url = `http://127.0.0.1:${typeof address === 'object' ? address?.port : ''}`;
  });
  afterEach(() => {
    server.close();
    server.closeAllConnections();
  });

  async function step(id: string): Promise<void> {
    const deployment = await world.store.get('deployment', { id });
    const course = courses[(deployment?.environment ?? 'dev1') as Name];
    if (deployment?.cancelRequestedBy && 'heldSince' in deployment) return world.end(id, 'canceled');
    if (deployment?.status !== 'planning') return;
    if (course === 'no-changes') return world.end(id);
    if (course === 'fails') return world.end(id, 'failed');
    if (course === 'never-ends') return;
    await world.plan(id, { gates: [{ gate: 'staff', required: 1 }] });
    await world.openGate(id, 'staff');
  }

  const run = (...args: string[]) =>
    runHere((line) => fillLedgers(line, { signal: interruption.signal, pollSeconds: 0.02 }), tmpdir(), args);
  const fill = (...more: string[]) => run('--url', url, '--application', 'my-app', ...more);
  const statuses = async (environment: Name) => {
    const { body } = await world.get(`/applications/my-app/environments/${environment}/deployments`);
    return body.items.map(({ status }: { status: string }) => status);
  };

  test('deploys again what runs behind a gate, and leaves out where nobody would be asked', async () => {
    const { status, stdout, stderr } = await fill();
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    expect(stdout).toMatch(
      /^my-app\/dev1: left out, because a plan with changes would be applied there without approval and the release would be promoted to stage1; to deploy anyway, give --apply dev1$/m,
    );
    for (const environment of ['stage1', 'prod1'])
      expect(stdout).toMatch(
        new RegExp(
          `^my-app/${environment}: recorded: release 1 succeeded without changes \\(my-app-${environment}-`,
          'm',
        ),
      );
    expect(await statuses('dev1')).toEqual(['succeeded']);
    expect(await statuses('prod1')).toEqual(['succeeded', 'succeeded']);
  });

  test('deploys to such an environment when it is named', async () => {
    expect(await fill('--apply', 'dev1')).toMatchObject({ status: 0, stdout: expect.not.stringContaining('left out') });
    expect(await statuses('dev1')).toEqual(['succeeded', 'succeeded']);
  });

  test('cancels a deployment whose plan has changes, and nothing is applied', async () => {
    courses.stage1 = 'changes';
    const { status, stdout } = await fill();
    expect(status).toBe(1);
    expect(stdout).toMatch(/my-app-stage1-\S+ is canceled, because its plan has changes\n/);
    expect(stdout).toMatch(/my-app\/stage1: not recorded, \S+ is canceled, because its plan has changes\n/);
    expect(stdout).toMatch(/my-app\/prod1: recorded/);
    expect(await statuses('stage1')).toEqual(['canceled', 'succeeded']);
    expect((await world.get('/applications/my-app/environments/stage1')).body.currentDeployment).toBeNull();
  });

  test('says how a deployment ended that was no success, and goes on', async () => {
    courses.stage1 = 'fails';
    const { status, stdout } = await fill();
    expect(status).toBe(1);
    expect(stdout).toMatch(/my-app\/stage1: not recorded, my-app-stage1-\S+ is failed: /);
    // A failure takes the proof of the release away, so production refuses it.
    expect(stdout).toMatch(/my-app\/prod1: not recorded, release 1 cannot be deployed again: /);
  });

  test('touches no deployment of others', async () => {
    const other = await world.deploy('stage1', 1);
    const { status, stdout } = await fill();
    expect(status).toBe(1);
    expect(stdout).toContain(`my-app/stage1: not recorded, it is held by ${other}; try again later`);
    expect(await statuses('stage1')).toEqual(['planning', 'succeeded']);
    expect((await world.store.get('deployment', { id: other }))?.cancelRequestedBy).toBeUndefined();
  });

  test('leaves out what has nothing deployed, and all applications may be asked for', async () => {
    await world.put('/applications/empty', APPLICATION);
    const { status, stdout } = await run('--url', url, '--all');
    expect(status).toBe(0);
    expect(stdout).toContain('empty/dev1: left out, it is not defined');
    expect(stdout).toMatch(/my-app\/prod1: recorded/);
  });

  test('cancels its deployment when it is interrupted, and begins no other', async () => {
    courses.stage1 = 'never-ends';
    const own = interruption;
    before = (method) => {
      if (method === 'POST') setTimeout(() => own.abort(), 50);
      return undefined;
    };
    const { status, stdout, stderr } = await fill();
    expect({ status, stderr }).toEqual({ status: 130, stderr: 'ledger:fill: interrupted\n' });
    expect(stdout).toMatch(/is canceled, because the command was interrupted\n/);
    const [id] = (await world.get('/applications/my-app/environments/stage1/deployments')).body.items;
    expect((await world.store.get('deployment', { id: id.id }))?.cancelRequestedBy).toBeDefined();
    expect(await statuses('prod1')).toEqual(['succeeded']);
  });

  test('gets over an API that fails for a moment, and gives up on one that is gone', async () => {
    let failures = 0;
    before = (method, path) => (method === 'GET' && /deployments\/./.test(path) && failures++ < 3 ? 503 : undefined);
    expect(await fill()).toMatchObject({ status: 0 });
    before = (method, path) => (method === 'GET' && /deployments\/./.test(path) ? 503 : undefined);
    expect(await fill()).toMatchObject({ status: 2, stderr: expect.stringMatching(/GET \S+ answered 503: .*not now/) });
  });

  test('leaves no deployment behind when the API is asked too often, or is gone while it cancels', async () => {
    courses.stage1 = 'changes';
    let polls = 0;
    let cancellations = 0;
    before = async (method, path) => {
      if (method === 'GET' && /stage1\/deployments\/./.test(path)) return polls++ < 3 ? 429 : undefined;
      if (!path.endsWith('/cancel') || cancellations++ > 1) return undefined;
      if (cancellations === 1) server.closeAllConnections();
      return 503;
    };
    const { status, stdout } = await fill();
    expect(status).toBe(1);
    expect(
      stdout.match(/^my-app\/stage1: my-app-stage1-\S+ is canceled, because its plan has changes$/gm),
    ).toHaveLength(1);
    expect(stdout).toMatch(/my-app\/stage1: not recorded, \S+ is canceled, because its plan has changes\n/);
    expect(await statuses('stage1')).toEqual(['canceled', 'succeeded']);
  });

  test.each([
    ['nothing', [], 'url'],
    ['no application', ['--url', 'http://127.0.0.1'], 'give --application or --all'],
    ['both', ['--url', 'http://127.0.0.1', '--all', '--application', 'x'], 'give --application or --all'],
    ['an address that is none', ['--url', 'x', '--all'], 'url is no address'],
    ['a time that is none', ['--url', 'http://127.0.0.1', '--all', '--minutes', 'soon'], 'minutes'],
    ['an option nobody knows', ['--force'], '--force'],
  ])('fails for %s, saying why', async (_, args, why) => {
    const { status, stderr, stdout } = await run(...args);
    expect({ status, stdout }).toEqual({ status: 2, stdout: '' });
    expect(stderr).toContain(why);
    expect(stderr).toContain('usage: npm run ledger:fill');
  });

  test('fails for an application or an environment that is not there, before it deploys anything', async () => {
    expect(await run('--url', url, '--application', 'my-app', '--application', 'nothing')).toMatchObject({
      status: 2,
      stdout: '',
      stderr: expect.stringContaining('GET /applications/nothing answered 404'),
    });
    expect(await fill('--apply', 'dev9')).toMatchObject({
      status: 2,
      stdout: '',
      stderr: expect.stringContaining('--apply dev9: no such environment'),
    });
    expect(await statuses('stage1')).toEqual(['succeeded']);
    const unreachable = await run('--url', 'http://127.0.0.1:1', '--all');
    expect(unreachable.status).toBe(2);
    expect(unreachable.stderr).toMatch(
      /GET http:\/\/127\.0\.0\.1:1\/applications\?limit=100: no server answers there \(.+\)/,
    );
  });

  test('is a command that says the same', async () => {
    expect(await start('ledger-fill.ts', tmpdir(), [])).toEqual({ ...(await run()), status: 2 });
  });
});
