import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import {
  deletePayload,
  githubHeaders,
  pullRequestPayload,
  pushPayload,
  REPOSITORY_ID,
  signatureOf,
} from '../harness/github-payloads.ts';
import { type Answer, TestApi } from './test-api.ts';

const CONFIG = 'https://github.com/acme/acme-config.git';
const ANOTHER_ID = 424_242;

/** Which repository a delivery is about, and which applications are deployed from it. */
describe('POST /webhooks/github', () => {
  let api: TestApi;
  let deliveries = 0;
  // Metrics are written as lines.
  const { write } = process.stdout;
  let lines: string[] = [];
  beforeEach(() => {
    api = new TestApi();
    lines = [];
    process.stdout.write = (line) => lines.push(String(line)) > 0;
  });
  afterEach(() => {
    process.stdout.write = write;
  });
  const alarmed = () => lines.filter((line) => line.includes('"RepositoriesReplaced":1')).length;

  async function register(name: string, url = CONFIG, repositoryId?: number, branch = 'main'): Promise<void> {
    const host = url.includes('git.example') && { provider: 'github-enterprise' };
    const settings = { client: 'acme', configRepository: { url, branch, ...host } };
    expect((await api.put(`/applications/${name}`, settings)).status).toBe(201);
    if (repositoryId === undefined) return;
    await api.store.transact(async (transaction) => {
      const application = await transaction.get('application', { name });
      if (application) transaction.put('application', { ...application, repositoryId });
    });
  }

  function deliver(
    payload: unknown,
    { event = 'push', part }: { event?: string; part?: string } = {},
  ): Promise<Answer> {
    const body = JSON.stringify(payload);
    deliveries += 1;
    return api.call('POST', '/webhooks/github', {
      body,
      headers: githubHeaders(event, `d-${deliveries}`, signatureOf(api.webhookSecrets.secret('1', part), body)),
      ...(part !== undefined && { query: { for: part } }),
    });
  }
  const published = () => api.events.published;
  const told = ({ status, body: { outcome, reason } }: Answer) => ({ status, outcome, reason });
  const ignored = (reason: string) => ({ status: 200, outcome: 'ignored', reason });

  describe('says that no application is deployed from a repository, and what was expected', () => {
    test.each<[string, string, string]>([
      ['a renamed one whose id is not known', 'acme/infrastructure', 'github.com/acme/infrastructure'],
      ['a name with one more letter', 'acme/acme-config2', 'github.com/acme/acme-config2'],
      ['one of another owner', 'acme-inc/acme-config', 'github.com/acme-inc/acme-config'],
      ['capitals', 'ACME/Infra', 'github.com/acme/infra'],
    ])('%s', async (_, repository, named) => {
      await register('web');
      expect(told(await deliver(pushPayload({ repository })))).toEqual(
        ignored(`no application is deployed from ${named}; applications are deployed from github.com/acme/acme-config`),
      );
      expect(published()).toEqual([]);
    });

    test('also for deleted branches and closed pull requests', async () => {
      await register('web');
      const repository = 'acme/infrastructure';
      const answers = [
        await deliver(deletePayload({ repository }), { event: 'delete' }),
        await deliver(pullRequestPayload({ repository }), { event: 'pull_request' }),
      ];
      for (const answered of answers) expect(told(answered)).toMatchObject({ status: 200, outcome: 'ignored' });
      expect(published()).toEqual([]);
    });

    test('names those of the same owner first, no others of another host, and at most ten', async () => {
      await register('far', 'https://git.example/acme/config.git');
      for (let index = 1; index <= 11; index++) await register(`web-${index}`, `https://github.com/b/repo-${index}`);
      await register('near', 'https://github.com/zoo/config');
      const { reason } = told(await deliver(pushPayload({ repository: 'zoo/other' })));
      expect(reason).toMatch(/deployed from github\.com\/zoo\/config, github\.com\/b\/repo-1, .* and 2 more$/);
      expect(reason).not.toContain('git.example');
    });

    test('names none outside of the part whose secret signed', async () => {
      await register('web');
      await register('hidden', 'https://github.com/globex/globex-config');
      const { reason } = told(await deliver(pushPayload({ repository: 'acme/x' }), { part: 'github.com/acme' }));
      expect(reason).toBe(
        'no application is deployed from github.com/acme/x; applications are deployed from github.com/acme/acme-config',
      );
      const other = told(await deliver(pushPayload({ repository: 'umbrella/x' }), { part: 'github.com/umbrella' }));
      expect(other).toEqual(
        ignored(
          'no application is deployed from github.com/umbrella/x; no application is deployed from any repository of this host',
        ),
      );
    });

    test('is published after the application was registered: nothing was marked', async () => {
      const payload = pushPayload();
      expect(told(await deliver(payload)).outcome).toBe('ignored');
      await register('web');
      expect(told(await deliver(payload))).toMatchObject({ status: 202, outcome: 'published' });
    });
  });

  describe('recognises a repository by its id under another name', () => {
    const RENAMED =
      'the repository github.com/acme/acme-config was renamed or transferred to github.com/acme/infrastructure: nothing is deployed to shop, web until an admin changes configRepository.url to https://github.com/acme/infrastructure.git (PUT /applications/{app})';

    test.each<[string, string | undefined]>([
      ['the secret of all', undefined],
      ['the secret of its owner', 'github.com/acme'],
      ['the secret of its former name', 'github.com/acme/acme-config'],
    ])('with %s', async (_, part) => {
      await register('web', CONFIG, REPOSITORY_ID);
      await register('shop', 'git@github.com:Acme/acme-config', REPOSITORY_ID);
      await register('new', CONFIG);
      const facts = { repository: 'acme/infrastructure', repositoryId: REPOSITORY_ID };
      const options = part === undefined ? {} : { part };
      expect(told(await deliver(pushPayload(facts), options))).toEqual(ignored(RENAMED));
      expect(told(await deliver(deletePayload(facts), { event: 'delete', ...options }))).toEqual(ignored(RENAMED));
      expect(published()).toEqual([]);
    });

    test('and deploys it once the address was changed', async () => {
      await register('web', CONFIG, REPOSITORY_ID);
      const payload = pushPayload({ repository: 'acme/infrastructure', repositoryId: REPOSITORY_ID });
      expect(told(await deliver(payload)).outcome).toBe('ignored');
      const url = 'https://github.com/acme/infrastructure';
      await api.put('/applications/web', { client: 'acme', configRepository: { url } });
      expect((await api.get('/applications/web')).body.repositoryId).toBeUndefined();
      expect(told(await deliver(payload))).toEqual({ status: 202, outcome: 'published', reason: undefined });
    });

    test('also where other applications have the new name already: those are deployed', async () => {
      const facts = { repository: 'acme/infrastructure', repositoryId: REPOSITORY_ID };
      await register('web', CONFIG, REPOSITORY_ID);
      await register('moved', 'https://github.com/acme/infrastructure', REPOSITORY_ID);
      await register('new', 'https://github.com/acme/infrastructure');
      const { status, reason } = told(await deliver(pushPayload(facts)));
      expect([status, published().length]).toEqual([202, 1]);
      expect(reason).toBe(RENAMED.replace('shop, web', 'web'));
    });

    test('also where the new name was that of another repository', async () => {
      const facts = { repository: 'acme/infrastructure', repositoryId: REPOSITORY_ID };
      await register('web', CONFIG, REPOSITORY_ID);
      await register('older', 'https://github.com/acme/infrastructure', ANOTHER_ID);
      const { status, body } = await deliver(pushPayload(facts));
      expect([status, published()]).toEqual([409, []]);
      expect(body.detail).toContain(RENAMED.replace('shop, web', 'web'));
      expect(body.detail).toContain(`nothing of it is deployed to older (repository ${ANOTHER_ID})`);
    });

    test('but not the same id at another host', async () => {
      await register('web', 'https://git.example/acme/config', REPOSITORY_ID);
      const { reason } = told(await deliver(pushPayload({ repositoryId: REPOSITORY_ID })));
      expect(reason).toContain('no application is deployed from github.com/acme/acme-config');
    });

    test('and names none outside of the part whose secret signed', async () => {
      await register('hidden', 'https://github.com/globex/config', REPOSITORY_ID);
      const facts = { repository: 'acme/probe', repositoryId: REPOSITORY_ID };
      const answered = await deliver(pushPayload(facts), { part: 'github.com/acme' });
      expect(answered.text).not.toMatch(/globex|hidden/);
    });

    test('while another repository is outside of the part', async () => {
      await register('web', CONFIG, REPOSITORY_ID);
      const facts = { repository: 'someone/else', repositoryId: ANOTHER_ID };
      expect((await deliver(pushPayload(facts), { part: 'github.com/acme' })).status).toBe(401);
    });
  });

  describe('refuses another repository that has the name', () => {
    const refusal = ({ status, body }: Answer) => ({ status, type: body.type?.split(':').at(-1), detail: body.detail });
    const confirm = (body: unknown, caller?: string) =>
      api.post('/applications/web/repository-confirmations', body, caller);
    const confirmation = { from: REPOSITORY_ID, to: ANOTHER_ID, reason: 'made again after the move' };
    const foreign = { repositoryId: ANOTHER_ID };

    test.each<[string, string, unknown]>([
      ['a push', 'push', pushPayload(foreign)],
      ['a deleted branch', 'delete', deletePayload(foreign)],
      ['a closed pull request', 'pull_request', pullRequestPayload(foreign)],
    ])('%s, and says what to do', async (_, event, payload) => {
      await register('web', CONFIG, REPOSITORY_ID);
      expect(refusal(await deliver(payload, { event }))).toEqual({
        status: 409,
        type: 'repository-replaced',
        detail:
          `github.com/acme/acme-config is another repository now, with the id ${ANOTHER_ID}; nothing of it is deployed to web (repository ${REPOSITORY_ID}) ` +
          'until an admin confirms both ids (POST /applications/{app}/repository-confirmations) and this is delivered again',
      });
      expect(published()).toEqual([]);
      expect(alarmed()).toBe(1);
    });

    test('until an admin confirms it; then the same delivery is taken', async () => {
      await register('web', CONFIG, REPOSITORY_ID);
      const payload = pushPayload(foreign);
      expect((await deliver(payload)).status).toBe(409);
      expect(await confirm(confirmation)).toMatchObject({ status: 200, body: { repositoryId: ANOTHER_ID } });
      expect((await deliver(payload)).status).toBe(202);
      const { body } = await api.get('/applications/web/audit');
      expect(body.items.filter(({ type }: { type: string }) => type === 'repository-confirmed')).toMatchObject([
        {
          comment: 'made again after the move',
          details: { repository: 'github.com/acme/acme-config', from: REPOSITORY_ID, to: ANOTHER_ID },
        },
      ]);
    });

    test('a confirmation may come again, and is recorded once', async () => {
      await register('web', CONFIG, REPOSITORY_ID);
      for (let time = 0; time < 3; time++) expect((await confirm(confirmation)).status).toBe(200);
      const { body } = await api.get('/applications/web/audit');
      expect(body.items.filter(({ type }: { type: string }) => type === 'repository-confirmed')).toHaveLength(1);
    });

    test.each<[string, number | undefined, object, number]>([
      ['of another id than is kept', 7, confirmation, 409],
      ['before any id is known', undefined, confirmation, 409],
      ['without a reason', REPOSITORY_ID, { from: REPOSITORY_ID, to: ANOTHER_ID }, 400],
      ['to no id', REPOSITORY_ID, { ...confirmation, to: 0 }, 400],
      ['with a field that it does not know', REPOSITORY_ID, { ...confirmation, url: CONFIG }, 400],
    ])('no confirmation %s', async (_, kept, body, status) => {
      await register('web', CONFIG, kept);
      expect((await confirm(body)).status).toBe(status);
      expect((await api.get('/applications/web')).body.repositoryId).toBe(kept);
    });

    test('no confirmation for an application that does not exist', async () => {
      expect((await confirm(confirmation)).status).toBe(404);
    });

    test('and publishes it for those that know it, with a word about the others', async () => {
      await register('web', CONFIG, REPOSITORY_ID);
      await register('new', CONFIG, ANOTHER_ID);
      const { status, reason } = told(await deliver(pushPayload(foreign)));
      expect(status).toBe(202);
      // The function that registers the push counts.
      expect(alarmed()).toBe(0);
      expect(reason).toContain(`nothing of it is deployed to web (repository ${REPOSITORY_ID})`);
      expect(published()).toHaveLength(1);
    });
  });

  describe('takes as before', () => {
    test('the first push of a repository, and those that name the id that is kept', async () => {
      await register('web');
      await register('shop', CONFIG, REPOSITORY_ID);
      expect(told(await deliver(pushPayload()))).toEqual({ status: 202, outcome: 'published', reason: undefined });
      expect(published()).toMatchObject([{ detail: { repositoryId: REPOSITORY_ID } }]);
    });

    test('a payload without an id', async () => {
      await register('web', CONFIG, REPOSITORY_ID);
      const { repository, ...payload } = pushPayload();
      const { id, ...unknown } = repository;
      expect(told(await deliver({ ...payload, repository: unknown })).outcome).toBe('published');
      expect(published()[0]?.detail).not.toHaveProperty('repositoryId');
    });

    test.each(['42', -1, 0, 1.5, 1e300])('but no payload whose id is %p', async (id) => {
      await register('web', CONFIG, REPOSITORY_ID);
      const payload = pushPayload();
      const answered = await deliver({ ...payload, repository: { ...payload.repository, id } });
      expect(answered.body.errors).toMatchObject([{ field: 'repository.id' }]);
    });

    test('a push to another branch, saying that it reaches ephemeral environments only', async () => {
      await register('web');
      await register('shop', CONFIG, undefined, 'trunk');
      expect(told(await deliver(pushPayload({ ref: 'refs/heads/master' })))).toEqual({
        status: 202,
        outcome: 'published',
        reason:
          'no application is deployed from the branch master of github.com/acme/acme-config (shop from trunk, web from main); the push counts for ephemeral environments only',
      });
      expect(told(await deliver(pushPayload({ ref: 'refs/heads/trunk' }))).reason).toBeUndefined();
    });
  });

  describe('PUT of the application', () => {
    const put = (url: string, more: object = {}) =>
      api.put('/applications/web', { client: 'acme', configRepository: { url, ...more } });
    test.each<[string, string, object, number | undefined]>([
      ['the same address', CONFIG, {}, REPOSITORY_ID],
      ['another spelling of it', 'git@github.com:Acme/Acme-Config', {}, REPOSITORY_ID],
      ['another branch', CONFIG, { branch: 'trunk' }, REPOSITORY_ID],
      ['another repository', 'https://github.com/acme/infrastructure', {}, undefined],
    ])('with %s', async (_, url, more, expected) => {
      await register('web', CONFIG, REPOSITORY_ID);
      expect((await put(url, more)).body.repositoryId).toBe(expected);
    });

    test('takes no id: it comes from the host or from a confirmation', async () => {
      const settings = { client: 'acme', configRepository: { url: CONFIG }, repositoryId: 1 };
      expect((await api.put('/applications/web', settings)).status).toBe(400);
    });
  });
});
