import { beforeAll, describe, expect, test } from '@jest/globals';
import { FAILING_APPLY, terraformDirectory } from './git-repository.ts';
import { sharedCloud } from './shared-cloud.ts';
import { CLIENT, STAFF, TestApplication, type TestCloud } from './test-cloud.ts';

/** Mistakes of people, over real HTTP: each answer names what is wrong and where, and nothing else changes. */
describe('bad input', () => {
  let cloud: TestCloud;
  beforeAll(async () => {
    cloud = await sharedCloud();
  });

  const NOWHERE = '0123456789abcdef0123456789abcdef01234567';

  interface Mistake {
    readonly situation: string;
    readonly request: readonly [method: string, path: string, body?: unknown];
    readonly status: number;
    readonly type: string;
    /** A text that the problem's detail must contain. */
    readonly names: string;
    readonly error?: { readonly field: string; readonly value: string };
  }

  const missing = (situation: string, request: Mistake['request'], names: string): Mistake => ({
    situation,
    request,
    status: 404,
    type: 'not-found',
    names,
  });
  const misfit = (situation: string, request: Mistake['request'], field: string, value: string): Mistake => ({
    situation,
    request,
    status: 400,
    type: 'invalid-input',
    names: field,
    error: { field, value },
  });
  const refused = (situation: string, request: Mistake['request'], type: string, names: string): Mistake => ({
    situation,
    request,
    status: 409,
    type,
    names,
  });

  /** Mistakes about the application `my-app`, whose release 2 is in dev1 and waits for staff in stage1. */
  const mistakes: Mistake[] = [
    missing('an application nobody registered', ['GET', '/applications/nope'], '"nope"'),
    missing(
      'a release for an unknown application',
      ['POST', '/applications/nope/releases', { commit: NOWHERE }],
      '"nope"',
    ),
    missing('a push to nowhere', ['POST', '/applications/nope/promotions', { to: 'stage1' }], '"nope"'),
    missing('an unknown environment', ['GET', '/applications/my-app/environments/dev9'], 'my-app/dev9'),
    missing(
      'outputs of an unknown environment',
      ['GET', '/applications/my-app/environments/dev9/outputs'],
      'my-app/dev9',
    ),
    missing(
      'a deployment in an unknown environment',
      ['POST', '/applications/my-app/environments/dev9/deployments', { release: 1 }],
      'my-app/dev9',
    ),
    missing(
      'a promotion to an unknown environment',
      ['POST', '/applications/my-app/promotions', { to: 'dev9' }],
      'my-app/dev9',
    ),
    missing('an unknown release', ['GET', '/applications/my-app/releases/99'], 'my-app 99'),
    missing(
      'a promotion of an unknown release',
      ['POST', '/applications/my-app/promotions', { to: 'stage1', release: 99 }],
      'my-app 99',
    ),
    missing(
      'an unknown deployment',
      ['GET', '/applications/my-app/environments/dev1/deployments/my-app-dev1-9-abcdef'],
      'my-app-dev1-9-abcdef',
    ),
    missing(
      'cancelling an unknown deployment',
      ['POST', '/applications/my-app/environments/dev1/deployments/my-app-dev1-9-abcdef/cancel'],
      'my-app-dev1-9-abcdef',
    ),
    missing('an unknown approver', ['DELETE', '/applications/my-app/approvers/no@example.com'], 'no@example.com'),

    misfit(
      'half a JSON text',
      ['POST', '/applications/my-app/releases', '{ "commit": '],
      'body',
      'the end of the text',
    ),
    misfit('no body', ['POST', '/applications/my-app/releases'], 'body', 'the end of the text'),
    misfit('a list where an object belongs', ['POST', '/applications/my-app/releases', '[]'], 'body', '[]'),
    misfit('a number for a commit', ['POST', '/applications/my-app/releases', { commit: 7 }], 'commit', '7'),
    misfit('half a commit id', ['POST', '/applications/my-app/releases', { commit: 'abc1234' }], 'commit', '"abc1234"'),
    misfit(
      'a text for a release',
      ['POST', '/applications/my-app/promotions', { to: 'stage1', release: '2' }],
      'release',
      '"2"',
    ),
    misfit('no target', ['POST', '/applications/my-app/promotions', {}], 'to', 'nothing'),
    misfit('a misspelt field', ['POST', '/applications/my-app/promotions', { to: 'stage1', relase: 2 }], 'relase', '2'),
    misfit(
      'an unknown operation',
      ['POST', '/applications/my-app/environments/dev1/deployments', { release: 1, operation: 'redo' }],
      'operation',
      '"redo"',
    ),
    misfit('a name that cannot be one', ['PUT', '/applications/My_App', {}], 'app', '"My_App"'),
    misfit(
      'an unknown stage',
      [
        'PUT',
        '/applications/my-app/environments/dev1',
        { stage: 'testing', accountId: '1'.repeat(12), region: 'eu-west-1' },
      ],
      'stage',
      '"testing"',
    ),
    misfit(
      'an account id that is a number',
      ['PUT', '/applications/my-app/environments/dev1', { stage: 'development', accountId: 111, region: 'eu-west-1' }],
      'accountId',
      '111',
    ),
    misfit(
      'the account of the control plane',
      [
        'PUT',
        '/applications/my-app/environments/dev1',
        { stage: 'development', accountId: '0'.repeat(12), region: 'eu-west-1' },
      ],
      'accountId',
      '"000000000000"',
    ),
    misfit(
      'a repository address with credentials in it',
      [
        'PUT',
        '/applications/my-app',
        { client: 'acme', configRepository: { url: 'https://me:pw@git.example.com/config.git', branch: 'main' } },
      ],
      'configRepository.url',
      '"https://(not shown)@git.example.com/config.git"',
    ),
    misfit('a page of nothing', ['GET', '/applications?limit=0'], 'limit', '"0"'),

    refused(
      'an older release',
      ['POST', '/applications/my-app/environments/dev1/deployments', { release: 1 }],
      'older-release',
      'release 1',
    ),
    refused(
      'skipping a stage',
      ['POST', '/applications/my-app/promotions', { to: 'prod1', release: 2 }],
      'not-succeeded-before',
      'stage1',
    ),
    refused(
      'skipping a stage by a deployment',
      ['POST', '/applications/my-app/environments/prod1/deployments', { release: 2 }],
      'not-succeeded-before',
      'stage1',
    ),
  ];

  interface Problem {
    readonly contentType: string | null;
    readonly body: { status: number; type: string; detail: string; instance: string; errors?: unknown[] };
  }

  async function ask([method, path, body]: Mistake['request']): Promise<Problem> {
    const response = await fetch(`${cloud.url}${path}`, {
      method,
      headers: { 'content-type': 'application/json' },
      ...(body !== undefined && { body: typeof body === 'string' ? body : JSON.stringify(body) }),
    });
    return { contentType: response.headers.get('content-type'), body: (await response.json()) as Problem['body'] };
  }

  /** Returns all records once the deployment waits; the task token is the last record that it writes before. */
  const recordsOnceWaiting = (id: string): Promise<string[]> =>
    cloud.poll(`${id} to wait`, async () => {
      const records = await cloud.records();
      return records.some((record) => record.includes(`DEPLOYMENT#${id}`) && record.includes('TOKEN#staff'))
        ? records
        : undefined;
    });

  describe('a request that does not fit', () => {
    let before: string[];
    beforeAll(async () => {
      const app = new TestApplication(cloud);
      await app.register();
      app.push('one');
      await app.reaches('dev1', 1, 'succeeded');
      app.push('two');
      await app.reaches('dev1', 2, 'succeeded');
      await app.waits('stage1', 2, 'staff');
      await app.link(STAFF, 'stage1', 2);
      await app.until('stage1', 1, ({ status }) => status === 'superseded');
      before = await recordsOnceWaiting((await app.waits('stage1', 2, 'staff')).id);
    });

    test.each(mistakes.map((mistake) => [mistake.situation, mistake] as const))(
      '%s',
      async (_, { request, status, type, names, error }) => {
        const { contentType, body } = await ask(request);
        expect(contentType).toBe('application/problem+json');
        expect(body).toMatchObject({
          status,
          type: `urn:stagegate:problem:${type}`,
          instance: decodeURI(request[1]).split('?')[0],
          detail: expect.stringContaining(names),
        });
        if (error) expect(body.errors).toContainEqual(expect.objectContaining(error));
        expect(await cloud.records()).toEqual(before);
      },
    );

    test.each([
      ['GET', '/nowhere', 404, null],
      ['POST', '/applications/my-app', 405, 'GET, PUT, DELETE'],
      ['DELETE', '/applications/my-app/environments', 405, 'GET'],
      ['HEAD', '/applications/my-app', 405, 'GET, PUT, DELETE'],
    ])('%s %s is no route of the API', async (method, path, status, allow) => {
      const response = await fetch(`${cloud.url}${path}`, { method });
      expect(response.status).toBe(status);
      expect(response.headers.get('allow')).toBe(allow);
      expect(response.headers.get('content-type')).toBe('application/problem+json');
      expect(await cloud.records()).toEqual(before);
    });
  });

  describe('an approval link', () => {
    const EXPIRY_SECONDS = 300;

    /** A gate in the first environment, for tests that do not need the way to a later one. */
    const gated = (policy: object = {}) => ({ policy: { development: { staff: 1, autoPromote: false, ...policy } } });

    test('that never existed, was forged, or is only looked at, decides nothing', async () => {
      const app = new TestApplication(cloud, 'links', ['dev1']);
      await app.register(gated());
      await app.release('one');
      const link = await app.link(STAFF, 'dev1', 1);
      const before = await recordsOnceWaiting((await app.waits('dev1', 1, 'staff')).id);
      const flipped = link.at(-1) === 'A' ? 'B' : 'A';
      const strangers = [
        `${cloud.url}/approvals/abc`,
        link.slice(0, -2),
        `${link.slice(0, -2)}${flipped}A`,
        `${link}A`,
      ];
      const pages = new Set<string>();
      for (const stranger of strangers) {
        const page = await fetch(stranger);
        expect(page.status).toBe(404);
        pages.add(await page.text());
        expect((await cloud.decide(stranger, { decision: 'approve' })).status).toBe(404);
      }
      expect(pages.size).toBe(1);
      for (const method of ['HEAD', 'PUT', 'DELETE', 'OPTIONS'])
        expect((await fetch(link, { method })).status).toBe(405);
      expect((await fetch(link)).status).toBe(200);
      const withoutNonce = await fetch(link, { method: 'POST', body: new URLSearchParams({ decision: 'approve' }) });
      expect(withoutNonce.status).toBe(400);
      expect((await cloud.decide(link, { decision: 'perhaps' })).status).toBe(400);
      expect(await cloud.records()).toEqual(before);
      expect((await app.until('dev1', 1, () => true)).status).toBe('awaiting_approval');
    });

    test('that was used counts once and cannot be turned around', async () => {
      const app = new TestApplication(cloud, 'used', ['dev1']);
      await app.register(gated({ staff: 2 }));
      await app.approver('second@example.com', 'staff');
      await app.release('one');
      const link = await app.link(STAFF, 'dev1', 1);
      const [, nonce = ''] = /name="nonce"[^>]*value="([^"]+)"/.exec(await (await fetch(link)).text()) ?? [];
      const post = async (decision: string, comment: string) =>
        (await fetch(link, { method: 'POST', body: new URLSearchParams({ nonce, decision, comment }) })).status;
      expect(await post('approve', 'once')).toBe(200);
      expect(await post('approve', 'twice')).toBe(200);
      expect(await post('reject', 'no')).toBe(409);
      const { status, gates } = await app.until('dev1', 1, () => true);
      expect(status).toBe('awaiting_approval');
      expect(gates[0]?.approvals).toEqual([{ by: STAFF, via: 'link', comment: 'once' }]);
    });

    test('that has expired leaves its deployment expired and the environment free', async () => {
      const app = new TestApplication(cloud, 'expired', ['dev1']);
      await app.register(gated({ gateExpirySeconds: EXPIRY_SECONDS }));
      await app.release('one');
      const link = await app.link(STAFF, 'dev1', 1);
      const { id } = await app.waits('dev1', 1, 'staff');
      await cloud.taskToken(id, 'staff');
      const expiresAt = new Date().toISOString();
      await cloud.changeRecord({ pk: `DEPLOYMENT#${id}`, sk: 'GATE#staff' }, (gate) => ({ ...gate, expiresAt }));
      const page = await fetch(link);
      expect([page.status, await page.text()]).toEqual([410, expect.stringMatching(/expired/i)]);
      expect((await cloud.decide(link, { decision: 'approve' })).status).toBeGreaterThanOrEqual(400);
      // The task waits a minute longer than the gate is open.
      cloud.workflowClock.hurry((EXPIRY_SECONDS + 60) * 1000);
      expect((await app.reaches('dev1', 1, 'expired')).gates[0]?.approvals).toEqual([]);
      expect((await app.free('dev1')).deployed).toBeNull();
    });

    test('of a superseded plan decides nothing about the new one, and a digest must be the one shown', async () => {
      const app = new TestApplication(cloud, 'digests', ['dev1']);
      await app.register(gated());
      await app.release('one');
      const old = await app.link(STAFF, 'dev1', 1);
      const { planDigest } = await app.waits('dev1', 1, 'staff');
      await app.release('two');
      await app.waits('dev1', 2, 'staff');
      expect((await fetch(old)).status).toBe(410);
      expect((await cloud.decide(old, { decision: 'approve' })).status).toBeGreaterThanOrEqual(400);

      const principals = ['staff-member'];
      await cloud.expect(200, 'PUT', `${app.path}/approvers/${STAFF}`, { gates: ['staff'], principals });
      const { id } = await app.until('dev1', 2, () => true);
      const path = `${app.path}/environments/dev1/deployments/${id}/gates/staff/decisions`;
      const answer = await cloud.call('POST', path, { decision: 'approve', planDigest }, 'staff-member');
      expect(answer).toMatchObject({ status: 409, body: { type: 'urn:stagegate:problem:digest-differs' } });
      const { status, gates } = await app.until('dev1', 2, () => true);
      expect({ status, approvals: gates[0]?.approvals }).toEqual({ status: 'awaiting_approval', approvals: [] });
    });

    test('for production needs the name of the environment, and production is never destroyed', async () => {
      const app = new TestApplication(cloud, 'shop', ['prod1'], 'terraform');
      await app.register();
      await app.release('one');
      await app.provenRelease(1);
      await app.promote('prod1', 1);
      const link = await app.link(STAFF, 'prod1', 1);
      expect((await cloud.decide(link, { decision: 'approve' })).status).toBe(400);
      expect((await cloud.decide(link, { decision: 'approve', environment: 'prod2' })).status).toBe(400);
      await app.approve(STAFF, 'prod1', 1);
      await app.approve(CLIENT, 'prod1', 1);
      await app.reaches('prod1', 1, 'succeeded');
      const before = await app.free('prod1');
      const { body } = await ask(['POST', `${app.path}/environments/prod1/deployments`, { operation: 'destroy' }]);
      expect(body).toMatchObject({ status: 409, type: 'urn:stagegate:problem:production-protected' });
      expect(await app.environment('prod1')).toEqual(before);
    });
  });

  describe('a release that cannot be deployed', () => {
    test.each([
      [
        'Terraform that does not parse',
        'parses-not',
        { 'dev1/main.tf': 'resource "terraform_data" "x" {\n  input = \n}\n' },
        /main\.tf.*2/,
        'no',
      ],
      [
        'Terraform that cannot be planned',
        'plans-not',
        { 'dev1/extra.tf': 'resource "terraform_data" "x" {\n  input = file("nowhere.txt")\n}\n' },
        /extra\.tf.*2/,
        'no',
      ],
      [
        'Terraform that fails half way',
        'half-way',
        { 'dev1/main.tf': FAILING_APPLY },
        /terraform_data\.second/,
        'partly',
      ],
      [
        'a repository without the directory',
        'no-directory',
        { 'README.md': 'no environments' },
        /apps\/no-directory\/dev1/,
        'no',
      ],
    ])('%s fails, says where, and frees the environment', async (_, name, files, where, applied) => {
      const app = new TestApplication(cloud, name, ['dev1'], 'terraform');
      await app.register();
      const changed = Object.entries(files).map(([path, content]) => [`apps/${name}/${path}`, content]);
      await app.releaseFiles('a mistake', Object.fromEntries(changed));
      const { id, error } = await app.reaches('dev1', 1, 'failed');
      expect(error?.message).toMatch(where);
      const path = `${app.path}/environments/dev1/deployments/${id}`;
      expect(await cloud.expect(200, 'GET', path)).toMatchObject({ applied });
      const environment = await app.free('dev1');
      expect(environment).toMatchObject({ queued: null, deployed: null });
      expect(await app.deployments('stage1')).toEqual([]);

      await app.releaseFiles('put right', {
        [`apps/${name}/dev1/main.tf`]: terraformDirectory('right'),
        [`apps/${name}/dev1/extra.tf`]: '',
      });
      await app.reaches('dev1', 2, 'succeeded');
    });

    test('a commit that does not exist fails, says so, and frees the environment', async () => {
      const app = new TestApplication(cloud, 'no-commit');
      await app.register();
      await cloud.expect(201, 'POST', `${app.path}/releases`, { commit: NOWHERE });
      const { error } = await app.reaches('dev1', 1, 'failed');
      expect(error?.message).toContain(NOWHERE);
      expect(await app.free('dev1')).toMatchObject({ queued: null, deployed: null });
    });
  });
});
