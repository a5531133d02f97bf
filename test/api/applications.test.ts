import { beforeEach, describe, expect, test } from '@jest/globals';
import { noteHead } from '../../lambdas/domain/ephemeral/find-head.ts';
import type { Listing } from '../../lambdas/domain/model/table/listings.ts';
import type { Kind, RecordOf } from '../../lambdas/domain/model/table/records.ts';
import type { Page } from '../../lambdas/domain/ports.ts';
import { registerPush } from '../../lambdas/domain/release/register-push.ts';
import { InMemoryStore } from '../fakes/in-memory-store.ts';
import { aPush, commitOf } from '../harness/builders.ts';
import { APPLICATION, environmentBody, PipelineWorld } from './pipeline-world.ts';
import { TestApi } from './test-api.ts';

const CONNECTION = 'arn:aws:codeconnections:eu-west-1:111111111111:connection/abc';

describe('PUT /applications/{app}', () => {
  test('creates an application with the default pipeline and policy', async () => {
    const api = new TestApi();
    const { status, body } = await api.put('/applications/my-app', APPLICATION);
    expect(status).toBe(201);
    expect(body).toMatchObject({
      name: 'my-app',
      client: 'acme',
      configRepository: {
        url: 'https://git.example.com/acme-config.git',
        branch: 'main',
        provider: 'github-enterprise',
      },
      engine: 'terraform',
      pipeline: ['dev1', 'stage1', 'prod1'],
      policy: {
        development: { staff: 0, client: 0, autoPromote: true },
        staging: { staff: 1, client: 0 },
        production: { staff: 1, client: 1, autoPromote: false },
      },
    });
    expect(await api.store.get('application', { name: 'my-app' })).toMatchObject({ client: 'acme' });
  });

  test('replaces the settings of one that exists and keeps when it was made', async () => {
    const api = new TestApi();
    const { body: made } = await api.put('/applications/my-app', APPLICATION);
    api.surroundings.advance(60);
    const { status, body } = await api.put('/applications/my-app', {
      ...APPLICATION,
      client: 'bolt',
      engine: 'opentofu',
    });
    expect(status).toBe(200);
    expect(body).toMatchObject({ client: 'bolt', engine: 'opentofu', createdAt: made.createdAt });
    expect(body.updatedAt > made.updatedAt).toBe(true);
  });

  test('takes and shows the submodules that no plan needs', async () => {
    const ignoredSubmodules = ['vendor/tools', 'docs/theme'];
    const { status, body } = await new TestApi().put('/applications/my-app', { ...APPLICATION, ignoredSubmodules });
    expect([status, body.ignoredSubmodules]).toEqual([201, ignoredSubmodules]);
  });

  test.each([
    ['a client that is missing', { client: undefined }, 'client', 'nothing'],
    ['a repository that is no git URL', { configRepository: { url: 'ftp://x' } }, 'configRepository.url', '"ftp://x"'],
    [
      'credentials in the URL',
      { configRepository: { url: 'https://u:p@git.example/x' } },
      'configRepository.url',
      '"https://(not shown)@git.example/x"',
    ],
    [
      'a host that nobody knows',
      { configRepository: { url: 'https://git.example/x.git' } },
      'configRepository.provider',
      'nothing',
    ],
    [
      'a kind of host that builds cannot fetch from',
      { configRepository: { url: 'https://git.example/x.git', provider: 'gitea' } },
      'configRepository.provider',
      '"gitea"',
    ],
    [
      'SSH to a host whose HTTPS URL nobody knows',
      { configRepository: { url: 'git@git.example:x.git', provider: 'github-enterprise' } },
      'configRepository.url',
      '"git@git.example:x.git"',
    ],
    [
      'a connection that the installation does not allow',
      { configRepository: { url: 'https://github.com/acme/x.git', connectionArn: CONNECTION } },
      'configRepository.connectionArn',
      `"${CONNECTION}"`,
    ],
    ['an environment name with capitals', { pipeline: ['Dev1'] }, 'pipeline.0', '"Dev1"'],
    ['an environment that stands twice in the pipeline', { pipeline: ['dev1', 'dev1'] }, 'pipeline', '["dev1","dev1"]'],
    ['an engine nobody knows', { engine: 'pulumi' }, 'engine', '"pulumi"'],
    ['a submodule with a slash at its end', { ignoredSubmodules: ['x/'] }, 'ignoredSubmodules.0', '"x/"'],
    ['a field that does not exist', { pipelines: [] }, 'pipelines', '[]'],
    ['a policy stage that does not exist', { policy: { testing: {} } }, 'policy.testing', '{}'],
    [
      'a gate that stays open for a minute',
      { policy: { staging: { gateExpirySeconds: 60 } } },
      'policy.staging.gateExpirySeconds',
      '60',
    ],
  ])('fails for %s, naming field and value', async (_, changed, field, value) => {
    const api = new TestApi();
    const { status, type, body } = await api.put('/applications/my-app', { ...APPLICATION, ...changed });
    expect({ status, type }).toEqual({ status: 400, type: 'application/problem+json' });
    expect(body).toMatchObject({
      type: 'urn:stagegate:problem:invalid-input',
      status: 400,
      instance: '/applications/my-app',
    });
    expect(body.errors).toEqual([{ field, value, message: expect.any(String) }]);
    expect(await api.store.get('application', { name: 'my-app' })).toBeUndefined();
  });

  test('fails for a name that is none', async () => {
    const { status, body } = await new TestApi().put('/applications/My_App', APPLICATION);
    expect(status).toBe(400);
    expect(body.errors).toEqual([{ field: 'app', value: '"My_App"', message: expect.stringContaining('lower-case') }]);
  });

  test.each([
    ['staging', 'staff'],
    ['production', 'staff'],
    ['production', 'client'],
  ])('fails when the policy takes the %s %s gate away', async (stage, gate) => {
    const { status, body } = await new TestApi().put('/applications/my-app', {
      ...APPLICATION,
      policy: { [stage]: { [gate]: 0 } },
    });
    expect(status).toBe(409);
    expect(body.type).toBe('urn:stagegate:problem:policy-too-weak');
  });

  test('fails when the order of the pipeline would put production before staging', async () => {
    const world = await PipelineWorld.create();
    const { status, body } = await world.put('/applications/my-app', {
      ...APPLICATION,
      pipeline: ['dev1', 'prod1', 'stage1'],
    });
    expect(status).toBe(409);
    expect(body.type).toBe('urn:stagegate:problem:pipeline-order');
  });

  test('fails when the pipeline changes while a deployment is open', async () => {
    const world = await PipelineWorld.create();
    await world.release(1);
    const change = () => world.put('/applications/my-app', { ...APPLICATION, pipeline: ['dev1', 'stage1'] });
    expect((await change()).body.type).toBe('urn:stagegate:problem:deployments-open');
    expect((await world.put('/applications/my-app', { ...APPLICATION, client: 'bolt' })).status).toBe(200);
  });

  test('fails when an environment with something deployed would fall out of the pipeline', async () => {
    const world = await PipelineWorld.create();
    await world.end(await world.release(1));
    const { status, body } = await world.put('/applications/my-app', { ...APPLICATION, pipeline: ['stage1', 'dev2'] });
    expect({ status, type: body.type }).toEqual({ status: 409, type: 'urn:stagegate:problem:something-deployed' });
  });
});

describe('GET /applications', () => {
  test('pages through all of them by name', async () => {
    const api = new TestApi();
    for (const name of ['charlie', 'alpha', 'bravo']) await api.put(`/applications/${name}`, APPLICATION);
    const first = await api.get('/applications', { limit: '2' });
    expect(first.body.items.map(({ name }: { name: string }) => name)).toEqual(['alpha', 'bravo']);
    const second = await api.get('/applications', { limit: '2', cursor: first.body.nextCursor });
    expect(second.body.items.map(({ name }: { name: string }) => name)).toEqual(['charlie']);
    expect(second.body).not.toHaveProperty('nextCursor');
  });

  test.each([
    ['a page of none', { limit: '0' }, 'limit'],
    ['a page of a thousand', { limit: '1000' }, 'limit'],
    ['a page of some', { limit: 'some' }, 'limit'],
    ['a parameter that does not exist', { page: '2' }, 'page'],
  ])('fails for %s', async (_, query, field) => {
    const { status, body } = await new TestApi().get('/applications', query);
    expect(status).toBe(400);
    expect(body.errors).toMatchObject([{ field }]);
  });
});

describe('GET /applications/{app}', () => {
  test('fails for an application nobody made', async () => {
    const { status, type, body } = await new TestApi().get('/applications/nothing');
    expect({ status, type }).toEqual({ status: 404, type: 'application/problem+json' });
    expect(body).toMatchObject({
      type: 'urn:stagegate:problem:not-found',
      title: expect.any(String),
      detail: 'application "nothing" does not exist',
    });
  });
});

describe('GET /applications/{app}/pipeline', () => {
  test('shows each environment in order with what it has and does', async () => {
    const world = await PipelineWorld.create();
    await world.end(await world.release(1));
    const { body } = await world.get('/applications/my-app/pipeline');
    expect(body.pipeline).toMatchObject([
      {
        name: 'dev1',
        position: 1,
        environment: { stage: 'development', status: 'succeeded', deployed: { release: 1 } },
      },
      { name: 'stage1', position: 2, environment: { stage: 'staging', status: 'empty', deployed: null } },
      { name: 'prod1', position: 3, environment: { stage: 'production', status: 'empty', deletionProtection: true } },
    ]);
  });

  describe('shows how the head of the branch stands to the newest release', () => {
    let world: PipelineWorld;
    beforeEach(async () => {
      world = await PipelineWorld.create();
      const body = { ...APPLICATION, configRepository: { ...APPLICATION.configRepository, branch: 'elsewhere' } };
      await world.put('/applications/other', body);
    });
    const repository = APPLICATION.configRepository.url;
    const push = (from: number, to: number, name = 'my-app') =>
      registerPush(world, {
        ...aPush({ repository, eventId: `${from}-${to}`, changedPaths: [`apps/${name}/dev1/main.tf`] }),
        ...{
          before: commitOf(from),
          after: commitOf(to),
          pushedAt: `2026-11-23T09:00:${String(to).padStart(2, '0')}.000Z`,
        },
      });
    const headOf = async () => (await world.get('/applications/my-app/pipeline')).body.head;

    test('none before the first push, also after a release by API', async () => {
      expect(await headOf()).toBeNull();
      await world.release(1);
      expect(await headOf()).toBeNull();
    });

    test('which it is, until pushes concern nobody', async () => {
      await push(0, 1);
      const head = { commit: commitOf(1), pushedAt: '2026-11-23T09:00:01.000Z', newestRelease: 1, isAhead: false };
      expect(await headOf()).toEqual(head);
      await push(1, 2, 'other');
      expect(await headOf()).toMatchObject({ commit: commitOf(2), newestRelease: 1, isAhead: true });
      await push(2, 3);
      expect(await headOf()).toMatchObject({ commit: commitOf(3), newestRelease: 2, isAhead: false });
    });

    test('which is ahead where there is no release yet', async () => {
      await push(0, 1, 'other');
      expect(await headOf()).toMatchObject({ commit: commitOf(1), newestRelease: null, isAhead: true });
    });

    test('which is ahead of a release by API of an older commit, and not of one of itself', async () => {
      await push(1, 2);
      await push(2, 3);
      await world.release(2);
      expect(await headOf()).toMatchObject({ commit: commitOf(3), newestRelease: 3, isAhead: true });
      await world.release(1);
      expect(await headOf()).toMatchObject({ newestRelease: 4, isAhead: true });
      await world.release(3);
      expect(await headOf()).toMatchObject({ newestRelease: 5, isAhead: false });
    });

    test('also if the event only reports it, or the application was registered later', async () => {
      await noteHead(world, aPush({ repository, before: commitOf(5), after: commitOf(5) }));
      expect(await headOf()).toEqual({ commit: commitOf(5), pushedAt: null, newestRelease: null, isAhead: true });
      await world.release(5);
      expect(await headOf()).toMatchObject({ newestRelease: 1, isAhead: false });
      await noteHead(world, aPush({ repository, before: commitOf(5), after: commitOf(6) }));
      expect(await headOf()).toMatchObject({ commit: commitOf(6), newestRelease: 1, isAhead: true });
    });

    test('of the branch that the application has now', async () => {
      await push(0, 1);
      await noteHead(world, aPush({ repository, branch: 'next', before: commitOf(6), after: commitOf(7) }));
      const configRepository = { ...APPLICATION.configRepository, branch: 'next' };
      await world.put('/applications/my-app', { ...APPLICATION, configRepository });
      expect(await headOf()).toMatchObject({ commit: commitOf(7), newestRelease: 1, isAhead: null });
    });

    test('of the branch that it has now, also after pushes to the other one that concerned nobody', async () => {
      await push(0, 1);
      await push(1, 2, 'other');
      await noteHead(world, aPush({ repository, branch: 'next', before: commitOf(6), after: commitOf(7) }));
      const configRepository = { ...APPLICATION.configRepository, branch: 'next' };
      await world.put('/applications/my-app', { ...APPLICATION, configRepository });
      expect(await headOf()).toMatchObject({ commit: commitOf(7), newestRelease: 1, isAhead: null });
    });

    test('and none of a branch of which no push has told, whatever was the head of the one before', async () => {
      await push(0, 1);
      const configRepository = { ...APPLICATION.configRepository, branch: 'next' };
      await world.put('/applications/my-app', { ...APPLICATION, configRepository });
      expect(await headOf()).toBeNull();
    });

    test('which is ahead of a release of long ago', async () => {
      await push(0, 1);
      for (let number = 1; number < 25; number++) {
        await push(number, number + 1, 'other');
        await noteHead(world, aPush({ repository, before: commitOf(number), after: commitOf(number + 1) }));
      }
      expect(await headOf()).toMatchObject({ commit: commitOf(25), newestRelease: 1, isAhead: true });
    });

    test('of which nobody knows whether it is ahead of a commit that no push told of', async () => {
      await push(0, 1);
      await world.release(9);
      expect(await headOf()).toMatchObject({ commit: commitOf(1), newestRelease: 2, isAhead: null });
    });
  });

  test('shows an environment that is not defined yet as null', async () => {
    const api = new TestApi();
    await api.put('/applications/my-app', APPLICATION);
    const { body } = await api.get('/applications/my-app/pipeline');
    expect(body.pipeline[0]).toEqual({ name: 'dev1', position: 1, environment: null });
  });
});

/** A store in which something else happens once after a list of approvers was read and before it is used. */
class OvertakenStore extends InMemoryStore {
  afterApprovers: (() => Promise<unknown>) | undefined;

  override async list<K extends Kind>(listing: Listing<K>, page?: { limit?: number }): Promise<Page<RecordOf<K>>> {
    const found = await super.list(listing, page);
    const { afterApprovers } = this;
    // Only once the application is deleted: before that, it is looked at whether all of it can be read.
    const isThere = this.peek('application', { name: 'my-app' }) !== undefined;
    if (listing.kind !== 'approver' || !afterApprovers || isThere) return found;
    this.afterApprovers = undefined;
    await afterApprovers();
    return found;
  }
}

describe('DELETE /applications/{app}', () => {
  test('removes an application with its environments, approvers and subscriptions', async () => {
    const world = await PipelineWorld.create();
    await world.approver('staff@example.com', 'staff');
    expect((await world.delete('/applications/my-app')).status).toBe(204);
    expect((await world.get('/applications/my-app')).status).toBe(404);
    expect(await world.store.get('environment', { application: 'my-app', name: 'dev1' })).toBeUndefined();
    expect(await world.store.get('approver', { application: 'my-app', email: 'staff@example.com' })).toBeUndefined();
    expect((await world.mail.subscriptions()).size).toBe(0);
    expect((await world.delete('/applications/my-app')).status).toBe(404);
  });

  test('leaves no approver who is registered at the same time: the application may be made again', async () => {
    const late = '/applications/my-app/approvers/late%40example.com';
    const store = new OvertakenStore();
    const api = new TestApi(store);
    await api.put('/applications/my-app', APPLICATION);
    store.afterApprovers = () => api.put(late, { gates: ['staff'] });
    expect((await api.delete('/applications/my-app')).status).toBe(204);
    await api.put('/applications/my-app', APPLICATION);
    expect((await api.get('/applications/my-app/approvers')).body.items).toEqual([]);
  });

  test('takes nobody from an application that is made again at the same time', async () => {
    const staff = '/applications/my-app/approvers/staff%40example.com';
    const store = new OvertakenStore();
    const api = new TestApi(store);
    await api.put('/applications/my-app', APPLICATION);
    await api.put(staff, { gates: ['staff'] });
    store.afterApprovers = async () => {
      await api.put('/applications/my-app', APPLICATION);
      await api.put(staff, { gates: ['staff'] });
    };
    expect((await api.delete('/applications/my-app')).status).toBe(204);
    expect((await api.get('/applications/my-app/approvers')).body.items).toMatchObject([
      { email: 'staff@example.com' },
    ]);
  });

  test('frees the state addresses, and goes on numbering when the application comes back', async () => {
    const world = await PipelineWorld.create();
    const id = await world.release(1);
    await world.end(id, 'failed');
    await world.store.transact(async (transaction) => {
      const where = { application: 'my-app', environment: 'dev1' };
      transaction.insert('stateAddress', { ...where, address: 'bucket/key', former: [] });
      transaction.insert('stateClaim', { ...where, address: 'bucket/key', at: world.surroundings.now() });
    });
    await world.delete('/applications/my-app');
    expect(await world.store.get('stateClaim', { address: 'bucket/key' })).toBeUndefined();
    await world.put('/applications/my-app', APPLICATION);
    await world.put('/applications/my-app/environments/dev1', environmentBody('dev1'));
    const { body } = await world.post('/applications/my-app/releases', { commit: 'a'.repeat(40) });
    expect(body.number).toBe(2);
    expect(body.deploymentId).toMatch(/^my-app-dev1-2-/);
  });

  test('fails while something is deployed', async () => {
    const world = await PipelineWorld.create();
    await world.end(await world.release(1));
    const { status, body } = await world.delete('/applications/my-app');
    expect({ status, type: body.type }).toEqual({ status: 409, type: 'urn:stagegate:problem:something-deployed' });
    expect((await world.get('/applications/my-app')).status).toBe(200);
  });

  test('fails while a deployment is open', async () => {
    const world = await PipelineWorld.create();
    await world.release(1);
    const { status, body } = await world.delete('/applications/my-app');
    expect({ status, type: body.type }).toEqual({ status: 409, type: 'urn:stagegate:problem:deployments-open' });
  });
});
