import { beforeEach, describe, expect, test } from '@jest/globals';
import type { EventBus } from '../../lambdas/domain/ports.ts';
import { commitOf } from '../harness/builders.ts';
import {
  AFTER,
  BEFORE,
  createPayload,
  deletePayload,
  githubHeaders,
  pingPayload,
  pullRequestPayload,
  pushPayload,
  REPOSITORY_ID,
  signatureOf,
  ZEROS,
} from '../harness/github-payloads.ts';
import { type Answer, TestApi } from './test-api.ts';

const PATH = '/webhooks/github';
const [A, B, C] = [BEFORE, AFTER, commitOf(3)];

/** An API with an application that is deployed from the repository of the payloads. */
async function apiWithApplication(): Promise<TestApi> {
  const api = new TestApi();
  const settings = { client: 'acme', configRepository: { url: 'https://github.com/acme/acme-config.git' } };
  await api.put('/applications/my-app', settings);
  return api;
}

interface Delivery {
  readonly event?: string;
  readonly id?: string;
  /** The value of the query parameter `for`. */
  readonly part?: string;
  readonly secret?: string;
  /** A signature to send instead of the right one. */
  readonly signature?: string | undefined;
  readonly headers?: Readonly<Record<string, string>>;
  readonly isBase64Encoded?: boolean;
}

describe('POST /webhooks/github', () => {
  let api: TestApi;
  beforeEach(async () => {
    api = await apiWithApplication();
  });

  /** Delivers a payload as GitHub does, signed with the valid secret. */
  async function deliver(payload: unknown, delivery: Delivery = {}): Promise<Answer> {
    const { event = 'push', id = 'd-1', part, isBase64Encoded = false } = delivery;
    const body = typeof payload === 'string' ? payload : JSON.stringify(payload);
    const { secret = api.webhookSecrets.secret('1', part) } = delivery;
    const signature = 'signature' in delivery ? delivery.signature : signatureOf(secret, body);
    return api.call('POST', PATH, {
      body,
      isBase64Encoded,
      headers: { ...githubHeaders(event, id, signature), ...delivery.headers },
      ...(part !== undefined && { query: { for: part } }),
    });
  }
  const published = () => api.events.published;
  const outcome = ({ status, body }: Answer) => ({ status, outcome: body.outcome });
  const refusal = ({ status, body }: Answer) => ({ status, type: body.type.split(':').at(-1) });

  describe('tells the bus of', () => {
    test('a push, with every path its commits touch', async () => {
      const commits = [
        { id: A, added: ['modules/web/new.tf'] },
        { id: B, modified: ['apps/my-app/dev1/main.tf'], removed: ['modules/web/old.tf'], message: 'größer\n\nmehr' },
      ];
      const answered = await deliver(pushPayload({ before: commitOf(9), after: B, commits }));
      expect(answered).toMatchObject({
        status: 202,
        body: { delivery: 'd-1', event: 'push', outcome: 'published', published: 'ConfigPushed' },
      });
      expect(published()).toEqual([
        {
          name: 'ConfigPushed',
          detail: {
            eventId: 'd-1',
            repository: 'https://github.com/acme/acme-config.git',
            repositoryId: REPOSITORY_ID,
            branch: 'main',
            before: commitOf(9),
            after: B,
            forced: false,
            changedPaths: ['modules/web/new.tf', 'modules/web/old.tf', 'apps/my-app/dev1/main.tf'],
            message: 'größer\n\nmehr',
            author: 'dev@example.com',
            pushedAt: '2026-11-23T10:00:00.000Z',
            via: 'webhook',
          },
        },
      ]);
    });

    test('a push from a clock that is ahead, as made when it arrives', async () => {
      const payload = pushPayload();
      const { pushed_at: right, ...repository } = payload.repository;
      await deliver({ ...payload, repository: { ...repository, pushed_at: right + 3600 } });
      expect(published()[0]?.detail).toMatchObject({ pushedAt: api.surroundings.now() });
    });

    test('a push to a branch with slashes in its name', async () => {
      await deliver(pushPayload({ ref: 'refs/heads/feature/refs/heads/login' }));
      expect(published()[0]?.detail).toMatchObject({ branch: 'feature/refs/heads/login' });
    });

    test('a branch made, of which nobody knows what it changes', async () => {
      await deliver(pushPayload({ before: ZEROS }));
      const { detail } = published()[0] ?? {};
      expect(detail).toMatchObject({ after: B, forced: false });
      expect(detail).not.toHaveProperty('before');
      expect(detail).not.toHaveProperty('changedPaths');
    });

    const many = (count: number) =>
      Array.from({ length: count }, (_, index) => ({ id: commitOf(index + 1), modified: [`apps/my-app/${index}.tf`] }));
    test.each([
      ['a forced push', { forced: true }],
      ['a push whose commits GitHub has cut to twenty', { after: commitOf(20), commits: many(20) }],
      ['a push whose commits GitHub has cut to 2048', { after: commitOf(2048), commits: many(2048) }],
      ['a push whose last listed commit is not its head', { after: C, commits: [{ id: B, modified: ['a'] }] }],
      ['a push without commits: the branch came to be where another is', { commits: [] }],
      [
        'a push with a commit whose paths GitHub has cut',
        { commits: [{ id: B, added: Array.from({ length: 3000 }, (_, index) => `apps/my-app/${index}`) }] },
      ],
      [
        'a push with more paths than an event may hold',
        {
          after: commitOf(8),
          commits: Array.from({ length: 8 }, (_, commit) => ({
            id: commitOf(commit + 1),
            modified: Array.from({ length: 2999 }, (_, index) => `apps/my-app/${commit}-${index}`),
          })),
        },
      ],
      [
        'a push with longer paths than an event may hold together',
        { commits: [{ id: B, added: Array.from({ length: 300 }, (_, index) => `${index}/${'x'.repeat(3000)}`) }] },
      ],
      ['a push with a path longer than an event may hold', { commits: [{ id: B, added: ['x'.repeat(5000)] }] }],
    ])('%s, without changed paths', async (_, facts) => {
      expect(outcome(await deliver(pushPayload(facts)))).toEqual({ status: 202, outcome: 'published' });
      expect(published()[0]?.name).toBe('ConfigPushed');
      expect(published()[0]?.detail).not.toHaveProperty('changedPaths');
    });

    test.each([19, 21, 2047])('a push of %i commits, with changed paths', async (count) => {
      await deliver(pushPayload({ after: commitOf(count), commits: many(count) }));
      expect(published()[0]?.detail.changedPaths).toHaveLength(count);
    });

    test('a push whose message is longer than an event may hold, with its beginning', async () => {
      await deliver(pushPayload({ commits: [{ id: B, message: 'x'.repeat(30_000), modified: ['a'] }] }));
      expect(published()[0]?.detail.message).toBe('x'.repeat(20_000));
    });

    test('a deleted branch, by a push', async () => {
      await deliver(pushPayload({ ref: 'refs/heads/feature/login', after: ZEROS }));
      expect(published()).toEqual([
        {
          name: 'BranchDeleted',
          detail: {
            eventId: 'd-1',
            repository: 'https://github.com/acme/acme-config.git',
            repositoryId: REPOSITORY_ID,
            branch: 'feature/login',
          },
        },
      ]);
    });

    test('a deleted branch, by its own event', async () => {
      await deliver(deletePayload(), { event: 'delete' });
      expect(published()).toEqual([
        {
          name: 'BranchDeleted',
          detail: {
            eventId: 'd-1',
            repository: 'https://github.com/acme/acme-config.git',
            repositoryId: REPOSITORY_ID,
            branch: 'feature/login',
          },
        },
      ]);
    });

    test.each([true, false])('a pull request that is closed, merged or not (%s)', async (merged) => {
      await deliver(pullRequestPayload({ merged }), { event: 'pull_request' });
      expect(published()).toEqual([
        {
          name: 'PullRequestClosed',
          detail: {
            eventId: 'd-1',
            repository: 'https://github.com/acme/acme-config.git',
            repositoryId: REPOSITORY_ID,
            branch: 'feature/login',
            number: 17,
            merged,
          },
        },
      ]);
    });

    test('what arrives as a form, as GitHub sends it when asked to', async () => {
      const body = new URLSearchParams({ payload: JSON.stringify(pushPayload()) }).toString();
      const headers = { 'content-type': 'application/x-www-form-urlencoded' };
      expect((await deliver(body, { headers, isBase64Encoded: true })).status).toBe(202);
      expect(published()[0]?.detail).toMatchObject({ after: B, changedPaths: ['apps/my-app/dev1/main.tf'] });
    });

    test('what arrives base64-encoded', async () => {
      expect((await deliver(pushPayload(), { isBase64Encoded: true })).status).toBe(202);
      expect(published()).toHaveLength(1);
    });
  });

  describe('acknowledges by name and ignores', () => {
    test.each([
      ['a ping', 'ping', pingPayload(), 'a ping: the webhook is set up'],
      ['a tag pushed', 'push', pushPayload({ ref: 'refs/tags/v1.0.0' }), 'refs/tags/v1.0.0 is no branch'],
      [
        'a tag deleted by a push',
        'push',
        pushPayload({ ref: 'refs/tags/v1', after: ZEROS }),
        'refs/tags/v1 is no branch',
      ],
      ['a tag deleted', 'delete', deletePayload({ ref_type: 'tag' }), 'a deleted tag'],
      [
        'a pull request opened',
        'pull_request',
        pullRequestPayload({ action: 'opened' }),
        'a pull request that was opened',
      ],
      [
        'a pull request from a fork, whose branch may be called like one of ours',
        'pull_request',
        pullRequestPayload({ branch: 'main', headRepository: 'someone/acme-config' }),
        'a pull request from a fork',
      ],
      [
        'a pull request from a fork that is gone',
        'pull_request',
        pullRequestPayload({ headRepository: null }),
        'a pull request from a fork',
      ],
      ['an event nobody wants', 'star', { action: 'created' }, 'nothing here wants the event star'],
      ['an event with a name of JavaScript', 'constructor', {}, 'nothing here wants the event constructor'],
    ])('%s', async (_, event, payload, reason) => {
      const { status, body } = await deliver(payload, { event });
      expect({ status, body }).toEqual({ status: 200, body: { delivery: 'd-1', event, outcome: 'ignored', reason } });
      expect(published()).toEqual([]);
    });
  });

  describe('refuses, publishing nothing,', () => {
    test.each<[string, Delivery]>([
      ['no signature', { signature: undefined }],
      ['an empty signature', { signature: '' }],
      ['a signature of another algorithm', { signature: 'sha1=0123456789012345678901234567890123456789' }],
      ['a signature cut short', { signature: signatureOf('x', 'y').slice(0, -2) }],
      ['a signature in capitals', { signature: signatureOf('x', 'y').toUpperCase() }],
      ['two signatures', { signature: `${signatureOf('x', 'y')},${signatureOf('x', 'y')}` }],
      ['a signature of another secret', { secret: 'guessed' }],
      ['a signature with an empty secret', { secret: '' }],
      ['a signature of another body', { signature: signatureOf(new TestApi().webhookSecrets.secret(), '{}') }],
      [
        'the secret of a part, without naming it',
        { secret: new TestApi().webhookSecrets.secret('1', 'github.com/acme') },
      ],
      ['the secret of all, naming a part', { part: 'github.com/acme', secret: new TestApi().webhookSecrets.secret() }],
    ])('%s', async (_, delivery) => {
      const answered = await deliver(pushPayload(), delivery);
      expect(refusal(answered)).toEqual({ status: 401, type: 'signature-invalid' });
      expect(answered.body.detail).toBe('X-Hub-Signature-256 is missing or does not match the body');
      expect(published()).toEqual([]);
    });

    test('a body changed by one character after it was signed', async () => {
      const body = JSON.stringify(pushPayload());
      const signature = signatureOf(api.webhookSecrets.secret(), body);
      const tampered = body.replace(B, C);
      expect(refusal(await deliver(tampered, { signature }))).toEqual({ status: 401, type: 'signature-invalid' });
      expect(refusal(await deliver(`${body} `, { signature }))).toEqual({ status: 401, type: 'signature-invalid' });
      expect((await deliver(body, { signature })).status).toBe(202);
    });

    test.each(['push', 'ping', 'star', ''])('garbage under the event %j before looking into it', async (event) => {
      for (const body of ['', '{', 'payload={}', '\u0000', '[]', '{"ref":'])
        expect(refusal(await deliver(body, { event, signature: signatureOf('guessed', body) })).status).toBe(401);
    });

    test('a valid signature over garbage, saying what does not fit', async () => {
      for (const [body, field] of [
        ['', 'body'],
        ['{', 'body'],
        ['[]', '(whole)'],
        ['{}', 'repository'],
        [JSON.stringify({ ...pushPayload(), after: 'main' }), 'after'],
        [JSON.stringify({ ...pushPayload(), repository: { clone_url: 'nowhere' } }), 'repository.clone_url'],
        [JSON.stringify(pushPayload({ ref: `refs/heads/${'x'.repeat(251)}` })), 'ref'],
        [JSON.stringify(pushPayload({ ref: 'main' })), 'ref'],
      ] as const) {
        const { status, body: problem } = await deliver(body);
        expect(status).toBe(400);
        expect(problem.errors.map((error: { field: string }) => error.field)).toContain(field);
      }
      expect(published()).toEqual([]);
    });

    test.each([
      ['x-github-event', 'not a name!'],
      ['x-github-delivery', 'with a space'],
      ['content-type', 'text/plain'],
    ])('a signed request whose %s is %j', async (header, value) => {
      const { status, body } = await deliver(pushPayload(), { headers: { [header]: value } });
      expect({ status, errors: body.errors }).toMatchObject({ status: 400, errors: [{ field: header }] });
      expect(published()).toEqual([]);
    });

    test('the payload of a made branch that is sent as a deletion: the name of the event is not signed', async () => {
      expect(refusal(await deliver(createPayload(), { event: 'delete' }))).toEqual({
        status: 400,
        type: 'invalid-input',
      });
      expect((await deliver(createPayload(), { event: 'create' })).body.outcome).toBe('ignored');
    });

    test.each([
      ['push', 'delete'],
      ['delete', 'push'],
      ['push', 'pull_request'],
      ['delete', 'pull_request'],
      ['pull_request', 'push'],
      ['pull_request', 'delete'],
    ])('the payload of a %s that is sent as a %s', async (from, event) => {
      const payload = { push: pushPayload(), delete: deletePayload(), pull_request: pullRequestPayload() }[from];
      expect(refusal(await deliver(payload, { event }))).toEqual({ status: 400, type: 'invalid-input' });
    });

    test('more than 4 MiB, whoever signed it', async () => {
      const most = 4 * 1024 * 1024;
      const padded = (bytes: number) => JSON.stringify(pushPayload()).padEnd(bytes);
      const answered = await deliver(padded(most + 1));
      expect(refusal(answered)).toEqual({ status: 413, type: 'too-large' });
      expect(answered.body.detail).toBe('a webhook of 4194305 bytes; the most is 4194304');
      expect(published()).toEqual([]);
      expect((await deliver(padded(most))).status).toBe(202);
    });

    test('everything while no secret is valid, saying so and nothing else', async () => {
      api.webhookSecrets.generations = [];
      for (const delivery of [{}, { signature: undefined }, { part: 'github.com/acme' }, { event: 'ping' }]) {
        const answered = await deliver(pushPayload(), delivery);
        expect(refusal(answered)).toEqual({ status: 409, type: 'webhook-off' });
        expect(answered.text).not.toContain('github.com/acme');
      }
      expect(published()).toEqual([]);
    });

    test.each([
      'acme',
      'github.com',
      'github.com/Acme',
      'github.com/acme/config.git',
      'github.com/..',
      'github.com/a/',
      ' ',
    ])('a part of a host that is none: %j', async (part) => {
      const { status, body } = await deliver(pushPayload(), { part });
      expect({ status, errors: body.errors }).toMatchObject({ status: 400, errors: [{ field: 'for' }] });
    });

    test('a query parameter it does not know', async () => {
      const body = JSON.stringify(pushPayload());
      const headers = githubHeaders('push', 'd-1', signatureOf(api.webhookSecrets.secret(), body));
      expect((await api.call('POST', PATH, { body, headers, query: { secret: 'x' } })).status).toBe(400);
    });
  });

  describe('two secrets are valid while one replaces the other', () => {
    const statuses = async () => {
      const [old, recent] = [api.webhookSecrets.secret('1'), api.webhookSecrets.secret('2')];
      return [
        (await deliver(pushPayload({ after: A }), { id: `old-${crypto.randomUUID()}`, secret: old })).status,
        (await deliver(pushPayload({ after: B }), { id: `new-${crypto.randomUUID()}`, secret: recent })).status,
      ];
    };

    test('before, meanwhile and after', async () => {
      expect(await statuses()).toEqual([202, 401]);
      api = await apiWithApplication();
      api.webhookSecrets.generations = ['1', '2'];
      expect(await statuses()).toEqual([202, 202]);
      api = await apiWithApplication();
      api.webhookSecrets.generations = ['2'];
      expect(await statuses()).toEqual([401, 202]);
    });
  });

  describe('the secret of a part of a host', () => {
    test.each(['github.com/acme', 'github.com/acme/acme-config'])('%s speaks for what is in it', async (part) => {
      expect((await deliver(pushPayload(), { part })).status).toBe(202);
    });

    test.each(['github.com/other', 'github.com/acme/acme-config-2', 'git.example/acme'])(
      '%s speaks for nothing else',
      async (part) => {
        expect(refusal(await deliver(pushPayload(), { part }))).toEqual({ status: 401, type: 'signature-invalid' });
        expect(refusal(await deliver(deletePayload(), { part, event: 'delete' })).status).toBe(401);
        expect(refusal(await deliver(pullRequestPayload(), { part, event: 'pull_request' })).status).toBe(401);
        expect(published()).toEqual([]);
      },
    );

    test('of an organization takes its ping, which names no repository', async () => {
      const { repository, ...ping } = pingPayload();
      expect((await deliver(ping, { part: 'github.com/acme', event: 'ping' })).status).toBe(200);
    });
  });

  describe('a delivery that comes again', () => {
    test('is acknowledged and does nothing', async () => {
      await deliver(pushPayload());
      for (const event of ['push', 'push']) {
        const { status, body } = await deliver(pushPayload(), { event });
        expect({ status, body }).toMatchObject({ status: 200, body: { delivery: 'd-1', outcome: 'duplicate' } });
      }
      expect(published()).toHaveLength(1);
    });

    test('does nothing under a new id: ids are not signed', async () => {
      await deliver(deletePayload(), { event: 'delete' });
      const replayed = await deliver(deletePayload(), { event: 'delete', id: 'another-id' });
      expect(outcome(replayed)).toEqual({ status: 200, outcome: 'duplicate' });
      expect(published()).toHaveLength(1);
    });

    test('does nothing under an old id with another body', async () => {
      await deliver(pushPayload());
      expect(outcome(await deliver(pushPayload({ before: B, after: C })))).toEqual({
        status: 200,
        outcome: 'duplicate',
      });
      expect(published()).toHaveLength(1);
    });

    test('ten times at once is published once', async () => {
      const answers = await Promise.all(Array.from({ length: 10 }, () => deliver(pushPayload())));
      expect(answers.filter(({ status }) => status === 202)).toHaveLength(1);
      expect(answers.filter(({ status }) => status === 200)).toHaveLength(9);
      expect(published()).toHaveLength(1);
    });

    test('ten times at once under ten ids is published once', async () => {
      await Promise.all(Array.from({ length: 10 }, (_, index) => deliver(pushPayload(), { id: `d-${index}` })));
      expect(published()).toHaveLength(1);
    });

    test('is published when the first time failed', async () => {
      const broken = breakBus(api.events);
      expect((await deliver(pushPayload())).status).toBe(500);
      broken.mend();
      expect((await deliver(pushPayload())).status).toBe(202);
      expect(published()).toHaveLength(1);
    });

    test('is published when the first time was killed half way, once that is certain', async () => {
      const { promise, reject } = Promise.withResolvers<void>();
      const killed = breakBus(api.events, () => promise);
      const first = deliver(pushPayload());
      await killed.reached;
      killed.mend();
      expect(outcome(await deliver(pushPayload()))).toEqual({ status: 200, outcome: 'duplicate' });
      api.surroundings.advance(30);
      expect(outcome(await deliver(pushPayload()))).toEqual({ status: 202, outcome: 'published' });
      reject(new Error('too late'));
      expect((await first).status).toBe(500);
      expect(outcome(await deliver(pushPayload()))).toEqual({ status: 200, outcome: 'duplicate' });
      expect(published()).toHaveLength(1);
    });

    test('after what was ignored or refused is looked at again', async () => {
      await deliver(pushPayload(), { secret: 'guessed' });
      await deliver(pingPayload(), { event: 'ping' });
      await deliver('{}');
      expect((await deliver(pushPayload())).status).toBe(202);
    });
  });

  test('neither body nor signature nor secret is logged or answered', async () => {
    const body = JSON.stringify(pushPayload());
    const signature = signatureOf(api.webhookSecrets.secret(), body);
    await deliver(body, { signature });
    await deliver(body, { signature: signatureOf('guessed', body) });
    await deliver('{"secret-in-garbage": ');
    for (const secret of [signature, signature.slice(7), api.webhookSecrets.secret(), 'dev@example.com', B]) {
      expect(api.log.text).not.toContain(secret);
      expect(api.said.join('\n')).not.toContain(secret);
    }
    expect(api.log.text).not.toContain('secret-in-garbage');
  });
});

/** Makes the bus fail, or do something else, until it is repaired. */
function breakBus(events: EventBus, instead: () => Promise<void> = async () => Promise.reject(new Error('no bus'))) {
  const { publish } = events;
  const { promise: reached, resolve } = Promise.withResolvers<void>();
  events.publish = () => {
    resolve();
    return instead();
  };
  return {
    reached,
    mend: () => {
      events.publish = publish;
    },
  };
}
