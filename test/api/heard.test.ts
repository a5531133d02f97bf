import { beforeEach, describe, expect, test } from '@jest/globals';
import { endWithBranch, followPush } from '../../lambdas/domain/ephemeral/follow-branch.ts';
import type { ConfigPushed } from '../../lambdas/domain/events.ts';
import { MOST_BRANCHES } from '../../lambdas/domain/model/news/repository-news.ts';
import { registerPush } from '../../lambdas/domain/release/register-push.ts';
import { aPush, commitOf } from '../harness/builders.ts';
import { githubHeaders, pushPayload, REPOSITORY_ID, signatureOf } from '../harness/github-payloads.ts';
import { environmentBody, PipelineWorld } from './pipeline-world.ts';
import { TestApi } from './test-api.ts';

const URL_OF_CONFIG = 'https://github.com/acme/acme-config.git';
const NAME = 'github.com/acme/acme-config';
const [A, B, C] = [commitOf(1), commitOf(2), commitOf(3)];

/** Where a person expects an answer, `GET /applications/{app}` says what was heard and why nothing came of it. */
describe('GET /applications/{app}', () => {
  let api: TestApi;
  let pushes = 0;
  beforeEach(async () => {
    api = new TestApi();
    expect((await register()).status).toBe(201);
  });

  const register = (branch?: string, name = 'my-app', url = URL_OF_CONFIG) =>
    api.put(`/applications/${name}`, {
      client: 'acme',
      configRepository: { url, ...(branch !== undefined && { branch }) },
    });
  const define = () => api.put('/applications/my-app/environments/dev1', environmentBody('dev1'));
  /** Takes a push in, as the function behind the bus does. */
  async function push(facts: Partial<ConfigPushed> = {}): Promise<void> {
    pushes += 1;
    const told = aPush({ eventId: `push-${pushes}`, repository: URL_OF_CONFIG, ...facts });
    const services = { ...api };
    const { failures } = await registerPush(services, told);
    expect(failures).toEqual([]);
    await followPush(services, told);
  }
  async function look(name = 'my-app') {
    const { status, body } = await api.get(`/applications/${name}`);
    expect(status).toBe(200);
    return body;
  }
  const reasons = async (name?: string): Promise<string[]> =>
    (await look(name)).notices.map(({ reason }: { reason: string }) => reason);

  test('says that nothing was heard yet, and how to begin', async () => {
    expect(await look()).toMatchObject({
      heard: { repository: NAME, branch: null, head: null, branches: [], refused: null },
      notices: [
        {
          reason: 'nothing-heard',
          message: `no push of ${NAME} has been told of yet`,
          next: expect.stringMatching(/webhook.*push to main.*POST \/applications\/my-app\/releases/),
        },
      ],
    });
  });

  test('says nothing of it once a release was requested: pushes may not be wanted', async () => {
    await define();
    await api.post('/applications/my-app/releases', { commit: A });
    expect(await reasons()).toEqual([]);
  });

  test('says that no push named its branch, and which branches pushes named', async () => {
    await push({ branch: 'develop', after: A });
    api.surroundings.advance(60);
    await push({ branch: 'master', after: B, via: 'webhook' });
    const { heard, notices } = await look();
    expect(heard).toMatchObject({
      branch: null,
      head: null,
      branches: [
        { branch: 'master', commit: B, by: 'webhook', at: api.surroundings.now() },
        { branch: 'develop', commit: A, by: 'event' },
      ],
    });
    expect(notices).toEqual([
      {
        reason: 'branch-not-heard',
        message: `no push has named the branch main of ${NAME}; pushes named master, develop`,
        next: expect.stringMatching(/configRepository\.branch to one of these \(PUT \/applications\/my-app\)/),
      },
    ]);
    expect((await register('master')).status).toBe(200);
    expect((await look()).heard).toMatchObject({ branch: { branch: 'master', commit: B }, head: { commit: B } });
  });

  test('says when and by what the last push to its branch was told', async () => {
    await define();
    await push({ after: A, via: 'webhook' });
    expect(await look()).toMatchObject({
      heard: {
        branch: { branch: 'main', commit: A, at: api.surroundings.now(), by: 'webhook' },
        head: { commit: A, newestRelease: 1, isAhead: false },
      },
      notices: [],
    });
    api.surroundings.advance(120);
    await push({ before: A, after: B, via: 'look' });
    expect((await look()).heard.branch).toEqual({
      branch: 'main',
      commit: B,
      at: api.surroundings.now(),
      by: 'look',
    });
  });

  test('says that a push did not concern it', async () => {
    await define();
    await register('main', 'other');
    await push({ after: A });
    await push({ before: A, after: B, changedPaths: ['apps/other/dev1/main.tf'] });
    const { heard, notices } = await look();
    expect(heard).toMatchObject({ branch: { commit: B }, head: { commit: B, newestRelease: 1, isAhead: true } });
    expect(notices).toMatchObject([
      { reason: 'nothing-concerned', message: expect.stringContaining('since release 1'), next: expect.any(String) },
    ]);
  });

  test('says that only the head of its branch is known, and that no push has made a release', async () => {
    await push({ before: A, after: A, via: 'look' });
    const { heard, notices } = await look();
    expect(heard).toMatchObject({ branch: { commit: A, by: 'look' }, head: { commit: A, newestRelease: null } });
    expect(notices).toMatchObject([{ reason: 'nothing-concerned', message: expect.stringContaining(A) }]);
  });

  describe('says of a release that nobody has deployed', () => {
    test('that the first environment is not defined, and when it is, that nobody deployed it there', async () => {
      await push({ after: A });
      expect((await look()).notices).toEqual([
        {
          reason: 'environment-missing',
          message: 'release 1 is deployed nowhere: dev1, the first environment of the pipeline, is not defined',
          next: expect.stringMatching(/^define it \(PUT \/applications\/my-app\/environments\/dev1\), then deploy it/),
        },
      ]);
      api.surroundings.advance(60);
      await define();
      const { notices } = await look();
      expect(notices).toEqual([
        {
          reason: 'release-not-deployed',
          message: expect.stringContaining('nobody has deployed release 1 to dev1'),
          next: 'deploy it (POST /applications/my-app/environments/dev1/deployments with { "release": 1 })',
        },
      ]);
      const request = await api.post('/applications/my-app/environments/dev1/deployments', { release: 1 });
      expect(request.status).toBe(202);
      expect(await reasons()).toEqual([]);
    });

    test('that the environment is on hold', async () => {
      await define();
      await api.patch('/applications/my-app/environments/dev1', { hold: true, reason: 'a migration' });
      await push({ after: A });
      expect((await look()).notices).toMatchObject([
        { reason: 'release-not-deployed', message: expect.stringContaining('on hold: a migration') },
      ]);
    });

    test('that releases go to a development environment by themselves, and the first one is none', async () => {
      await api.put('/applications/my-app/environments/dev1', { ...environmentBody('stage1') });
      await push({ after: A });
      expect((await look()).notices).toMatchObject([
        { reason: 'release-not-deployed', message: expect.stringContaining('it is staging') },
      ]);
    });

    test('nothing once it ended there, whatever its end was', async () => {
      const world = await PipelineWorld.create();
      await world.end(await world.release(1), 'failed');
      expect((await world.get('/applications/my-app')).body.notices).toEqual([]);
    });

    test('that it is not in an environment that was made again under the same name', async () => {
      const world = await PipelineWorld.create();
      await world.end(await world.release(1), 'failed');
      const environment = await world.store.get('environment', { application: 'my-app', name: 'dev1' });
      world.surroundings.advance(60);
      if (environment) await world.write('environment', { ...environment, createdAt: world.surroundings.now() });
      expect((await world.get('/applications/my-app')).body.notices).toMatchObject([
        { reason: 'release-not-deployed' },
      ]);
    });
  });

  describe('says that pushes are refused', () => {
    let deliveries = 0;
    function deliver(payload: unknown, part?: string) {
      deliveries += 1;
      const body = JSON.stringify(payload);
      const signature = signatureOf(api.webhookSecrets.secret('1', part), body);
      return api.call('POST', '/webhooks/github', {
        body,
        headers: githubHeaders('push', `d-${deliveries}`, signature),
        ...(part !== undefined && { query: { for: part } }),
      });
    }
    beforeEach(() => push({ after: A, repositoryId: REPOSITORY_ID }));

    test('of another repository that has the name, until both ids are confirmed', async () => {
      api.surroundings.advance(60);
      const replaced = pushPayload({ repositoryId: 4242 });
      expect((await deliver(replaced)).status).toBe(409);
      const { heard, notices } = await look();
      expect(heard.refused).toEqual({
        branch: 'main',
        at: api.surroundings.now(),
        repositoryId: 4242,
        renamedTo: null,
      });
      expect(notices[0]).toMatchObject({
        reason: 'pushes-refused',
        message: expect.stringContaining(`the id 4242 in place of ${REPOSITORY_ID}`),
        next: expect.stringContaining('/repository-confirmations'),
      });
      const confirmation = { from: REPOSITORY_ID, to: 4242, reason: 'moved' };
      expect((await api.post('/applications/my-app/repository-confirmations', confirmation)).status).toBe(200);
      expect((await look()).heard.refused).toBeNull();
    });

    test('of another repository, if the event came by another way than the webhook', async () => {
      api.surroundings.advance(60);
      await push({ after: C, repositoryId: 4242 });
      expect(await reasons()).toContain('pushes-refused');
      expect((await look()).heard.branch).toMatchObject({ commit: A });
    });

    test('because the repository was renamed, until the address is changed', async () => {
      api.surroundings.advance(60);
      const renamed = pushPayload({ repository: 'acme/infrastructure', repositoryId: REPOSITORY_ID });
      expect((await deliver(renamed)).body).toMatchObject({ outcome: 'ignored' });
      const { heard, notices } = await look();
      const address = 'https://github.com/acme/infrastructure.git';
      expect(heard.refused).toMatchObject({ renamedTo: address, repositoryId: REPOSITORY_ID });
      expect(notices[0]).toMatchObject({
        reason: 'repository-renamed',
        next: expect.stringContaining(`configRepository.url to ${address}`),
      });
      await register('main', 'my-app', address);
      expect((await look()).heard.refused).toBeNull();
    });

    test('not if somebody without the secret sent it, or with that of another owner', async () => {
      const before = await look();
      const payload = pushPayload({ repositoryId: 4242 });
      expect((await deliver(payload, 'github.com/elsewhere')).body).not.toMatchObject({ outcome: 'published' });
      const forged = await api.call('POST', '/webhooks/github', {
        body: JSON.stringify(payload),
        headers: githubHeaders('push', 'forged', signatureOf('guessed', JSON.stringify(payload))),
      });
      expect(forged.status).toBe(401);
      expect(await look()).toEqual(before);
    });

    test('once an hour, however often they come', async () => {
      const payload = pushPayload({ repositoryId: 4242 });
      await deliver(payload);
      const first = await api.store.get('refusedPush', { repository: NAME });
      api.surroundings.advance(3599);
      await deliver(payload);
      expect(await api.store.get('refusedPush', { repository: NAME })).toEqual(first);
      api.surroundings.advance(1);
      await deliver(payload);
      expect(await api.store.get('refusedPush', { repository: NAME })).not.toEqual(first);
    });
  });

  describe('costs a busy repository little', () => {
    const news = () => api.store.get('repositoryNews', { repository: NAME });
    const named = async () => (await news())?.branches.map(({ branch }) => branch);

    test('a branch is written once an hour', async () => {
      await push({ branch: 'busy', after: A });
      const first = await news();
      api.surroundings.advance(3599);
      await push({ branch: 'busy', before: A, after: B });
      expect(await news()).toEqual(first);
      api.surroundings.advance(1);
      await push({ branch: 'busy', before: B, after: C });
      expect((await news())?.branches).toMatchObject([{ branch: 'busy', commit: C }]);
    });

    test('ten branches are remembered, and others only when these are an hour old', async () => {
      for (let number = 1; number <= MOST_BRANCHES; number++) await push({ branch: `b-${number}`, after: A });
      const full = await named();
      expect(full).toHaveLength(MOST_BRANCHES);
      await push({ branch: 'one-more', after: A });
      expect(await named()).toEqual(full);
      api.surroundings.advance(3600);
      await push({ branch: 'one-more', after: B });
      expect(await named()).toEqual(['one-more', ...(full ?? []).slice(0, -1)]);
    });

    test('the own branch is known to the second, whatever others do', async () => {
      await define();
      await push({ after: A });
      api.surroundings.advance(30);
      await push({ before: A, after: B });
      expect((await look()).heard.branch).toMatchObject({ commit: B, at: api.surroundings.now() });
    });
  });

  test('is not misled by what it knew of another address or branch', async () => {
    await push({ after: A });
    await register('main', 'my-app', 'https://github.com/acme/elsewhere.git');
    expect((await look()).heard).toMatchObject({ branch: null, branches: [] });
  });

  test('forgets a branch that was deleted', async () => {
    await push({ branch: 'gone', after: A });
    await endWithBranch({ ...api }, { eventId: 'g', repository: URL_OF_CONFIG, branch: 'gone' }, 'branch-deleted');
    expect((await look()).heard.branches).toEqual([]);
  });

  test('leaves out what cannot be read, and says so', async () => {
    await push({ branch: 'master', after: A });
    api.store.corrupt('repositoryNews', { repository: NAME }, { branches: 'none' });
    expect((await look()).heard).toMatchObject({ branches: [], skipped: 1 });
    await push({ branch: 'master', before: A, after: B });
  });
});
