import { beforeEach, describe, expect, test } from '@jest/globals';
import { configureApplication } from '../../../lambdas/domain/application/configure-application.ts';
import { configureEnvironment } from '../../../lambdas/domain/environment/configure-environment.ts';
import { adjustEphemeral } from '../../../lambdas/domain/ephemeral/adjust-ephemeral.ts';
import { deleteEphemeral } from '../../../lambdas/domain/ephemeral/delete-ephemeral.ts';
import { viewEphemeral } from '../../../lambdas/domain/ephemeral/ephemeral-view.ts';
import { endWithBranch, followPush } from '../../../lambdas/domain/ephemeral/follow-branch.ts';
import { redeployEphemeral } from '../../../lambdas/domain/ephemeral/redeploy-ephemeral.ts';
import { EnvironmentSettingsSchema } from '../../../lambdas/domain/model/environment.ts';
import { EphemeralRequestSchema } from '../../../lambdas/domain/model/ephemeral-environment.ts';
import { LISTINGS } from '../../../lambdas/domain/model/table/listings.ts';
import { requestPromotion } from '../../../lambdas/domain/release/request-promotion.ts';
import { anApplication, anEnvironment, aPush, commitOf } from '../../harness/builders.ts';
import { ALICE, TOOLING, World } from '../../harness/world.ts';

let world: World;
beforeEach(async () => {
  world = await World.open();
});

const SETTINGS = EnvironmentSettingsSchema.parse({
  stage: 'development',
  accountId: '111111111111',
  region: 'eu-west-1',
});
const refused = (refusal: string) => ({ name: 'RefusedError', refusal });
const branchPush = (number: number, facts = {}) =>
  aPush({
    eventId: `e${number}`,
    branch: 'feature/x',
    before: commitOf(number - 1),
    after: commitOf(number),
    ...facts,
  });
const anotherApplication = () =>
  world
    .write('application', anApplication({ name: 'other' }))
    .then(() => world.write('environment', anEnvironment({ application: 'other', name: 'dev1' })));

describe('an ephemeral environment', () => {
  test('deploys its commit without gates, in the directory, account and region it is based on', async () => {
    await world.runningEphemeral('pr-7', { commit: commitOf(9), variables: { size: 2 } });
    const environment = await world.ephemeralNow('pr-7');
    expect(environment).toMatchObject({
      type: 'ephemeral',
      basedOn: 'dev1',
      accountId: '111111111111',
      region: 'eu-west-1',
      stage: 'development',
      expiresAt: '2026-11-26T10:00:00.000Z',
      life: { phase: 'open' },
    });
    const [deployment] = await world.history('pr-7');
    expect(deployment).toMatchObject({ status: 'succeeded', commit: commitOf(9), planned: { gates: [] } });
    expect(deployment).not.toHaveProperty('release');
    expect(await world.store.get('stateAddress', { application: 'my-app', environment: 'pr-7' })).toMatchObject({
      address: 'acme-state/ephemeral/my-app/pr-7/terraform.tfstate',
    });
    expect(await world.liveEphemerals()).toEqual(['my-app/pr-7']);
    expect([...world.scheduler.wakeUps.values()]).toEqual([
      { at: environment.expiresAt, application: 'my-app', environment: 'pr-7' },
    ]);
  });

  test('has an external id and a state address of its own, not those of what it is based on', async () => {
    const [one, other] = [await world.runningEphemeral('pr-1'), await world.runningEphemeral('pr-2')];
    const dev1 = await world.store.get('environment', { application: 'my-app', name: 'dev1' });
    expect(new Set([one.externalId, other.externalId, dev1?.externalId]).size).toBe(3);
  });

  test('is planned with the engine version of what it is based on, as that was when it was made', async () => {
    const dev1 = await world.store.get('environment', { application: 'my-app', name: 'dev1' });
    if (!dev1) throw new Error('dev1 is missing');
    await world.write('environment', { ...dev1, engineVersion: '1.11.0' });
    await world.ephemeral('pr-1');
    await world.write('environment', { ...dev1, engineVersion: '1.12.0' });
    await world.ephemeral('pr-2');
    await world.write('environment', dev1);
    await world.ephemeral('pr-3');
    const versions = await Promise.all(
      ['pr-1', 'pr-2', 'pr-3'].map(async (name) => {
        const { engineVersion } = await viewEphemeral(world, await world.ephemeralNow(name));
        return engineVersion;
      }),
    );
    expect(versions).toEqual(['1.11.0', '1.12.0', null]);
  });

  test('is based on the first environment of the pipeline, or on another that is not production', async () => {
    expect((await world.ephemeral('pr-1')).basedOn).toBe('dev1');
    expect(await world.ephemeral('pr-2', { basedOn: 'stage1' })).toMatchObject({ basedOn: 'stage1', stage: 'staging' });
    await expect(world.ephemeral('pr-3', { basedOn: 'prod1' })).rejects.toMatchObject(refused('not-allowed-here'));
    await expect(world.ephemeral('pr-3', { basedOn: 'pr-1' })).rejects.toMatchObject(refused('not-allowed-here'));
    await expect(world.ephemeral('pr-3', { basedOn: 'nowhere' })).rejects.toMatchObject({ name: 'NotFoundError' });
  });

  test('waits at the gates a policy asks for, whatever the stage; its end needs none', async () => {
    await world.write('application', anApplication({ policy: { ephemeral: { staff: 1 }, development: { staff: 2 } } }));
    await world.ephemeral('pr-1');
    const id = (await world.holderOf('pr-1')) ?? '';
    await world.workflow.run(id);
    expect(await world.gate(id, 'staff')).toMatchObject({ status: 'open', required: 1 });
    await world.decide(id, ALICE);
    await world.finishIn('pr-1');
    expect(await world.statusOf(id)).toBe('succeeded');
    await deleteEphemeral(world, 'my-app', 'pr-1', TOOLING);
    expect((await world.finishIn('pr-1'))?.operation).toBe('destroy');
    expect((await world.ephemeralNow('pr-1')).life.phase).toBe('closed');
  });

  test('can be asked for only by a known requester, where the policy demands that', async () => {
    await world.write('application', anApplication({ policy: { ephemeral: { knownRequester: true } } }));
    await expect(world.ephemeral('pr-1')).rejects.toMatchObject(refused('requester-unknown'));
    expect(await world.liveEphemerals()).toEqual([]);
    await world.ephemeral('pr-1', {}, { principal: 'x', approver: ALICE });
  });

  test('asked for twice in the same words is one; in other words it is refused', async () => {
    await world.ephemeral('pr-1', { variables: { a: 1, b: [2] } });
    await world.ephemeral('pr-1', { variables: { b: [2], a: 1 } });
    expect(await world.history('pr-1')).toHaveLength(1);
    expect(world.scheduler.wakeUps.size).toBe(1);
    for (const facts of [{ variables: { a: 2 } }, { commit: commitOf(2) }, { basedOn: 'stage1' }, { ref: 'feature/x' }])
      await expect(world.ephemeral('pr-1', facts)).rejects.toMatchObject(refused('environment-exists'));
  });

  test('of one name asked for by two at the same time is one', async () => {
    await Promise.all([world.ephemeral('pr-1'), world.ephemeral('pr-1')]);
    expect(await world.history('pr-1')).toHaveLength(1);
    expect(await world.liveEphemerals()).toEqual(['my-app/pr-1']);
  });

  test('deploys its commit again, or another, on request; the newest wins', async () => {
    await world.runningEphemeral('pr-1');
    const redeploy = (commit?: string) =>
      redeployEphemeral(world, { application: 'my-app', environment: 'pr-1' }, commit, TOOLING);
    const first = await redeploy();
    expect((await redeploy()).isNew).toBe(false);
    const second = await redeploy(commitOf(2));
    const third = await redeploy(commitOf(1));
    expect(await Promise.all([first, second, third].map(({ deployment: { id } }) => world.statusOf(id)))).toEqual([
      ...['planning', 'superseded', 'queued'],
    ]);
    await redeploy(commitOf(3));
    await world.finishIn('pr-1');
    expect((await world.state('pr-1')).deployed).toMatchObject({ commit: commitOf(3) });
    expect((await world.ephemeralNow('pr-1')).commit).toBe(commitOf(3));
  });

  test('costs what its newest plan says', async () => {
    const environment = await world.runningEphemeral('pr-1');
    expect((await viewEphemeral(world, environment)).monthlyCost).toEqual({ currency: 'USD', amount: 0 });
    expect((await viewEphemeral(world, await world.ephemeral('pr-2'))).monthlyCost).toBeNull();
  });
});

describe('the limits', () => {
  test('refuse one more of an application, naming those there are, and one more in all', async () => {
    for (const name of ['pr-1', 'pr-2', 'pr-3']) await world.ephemeral(name);
    await expect(world.ephemeral('pr-4')).rejects.toThrow(
      '"my-app" has 3 ephemeral environments (pr-1, pr-2, pr-3), at most 3 are allowed; delete one first',
    );
    await anotherApplication();
    const register = await world.store.get('ephemeralRegister', {});
    const others = ['a', 'b'].map((environment) => ({ application: 'third', environment }));
    await world.write('ephemeralRegister', { live: [...(register?.live ?? []), ...others] });
    const other = await import('../../../lambdas/domain/ephemeral/create-ephemeral.ts');
    const request = EphemeralRequestSchema.parse({ name: 'pr-1', commit: commitOf(1) });
    await expect(other.createEphemeral(world, 'other', request, TOOLING)).rejects.toThrow('at most 5 are allowed');
    expect(await world.store.get('environment', { application: 'other', name: 'pr-1' })).toBeUndefined();
  });

  test('hold when many are asked for at the same time', async () => {
    const names = ['pr-1', 'pr-2', 'pr-3', 'pr-4', 'pr-5', 'pr-6'];
    const answers = await Promise.allSettled(names.map((name) => world.ephemeral(name)));
    expect(answers.filter(({ status }) => status === 'fulfilled')).toHaveLength(3);
    expect(await world.liveEphemerals()).toHaveLength(3);
  });

  test('count an environment until it is closed', async () => {
    for (const name of ['pr-1', 'pr-2', 'pr-3']) await world.runningEphemeral(name);
    await deleteEphemeral(world, 'my-app', 'pr-1', TOOLING);
    await expect(world.ephemeral('pr-4')).rejects.toMatchObject(refused('ephemeral-limit'));
    await world.finishIn('pr-1');
    await world.ephemeral('pr-4');
  });
});

describe('the name', () => {
  test('is never that of a regular environment, whichever comes first', async () => {
    await expect(world.ephemeral('dev1')).rejects.toMatchObject(refused('environment-exists'));
    await world.write('application', anApplication({ pipeline: ['dev1', 'dev2', 'stage1', 'prod1'] }));
    await expect(world.ephemeral('dev2')).rejects.toMatchObject(refused('environment-exists'));
    await world.write('application', anApplication());
    await world.ephemeral('dev2');
    const settings = { ...anApplication(), pipeline: ['dev1', 'dev2', 'stage1', 'prod1'] };
    await expect(configureApplication(world, 'my-app', settings, 'admin')).rejects.toMatchObject(
      refused('environment-exists'),
    );
    await world.write('application', anApplication({ pipeline: settings.pipeline }));
    const target = { application: 'my-app', environment: 'dev2' };
    await expect(configureEnvironment(world, target, SETTINGS, 'x')).rejects.toMatchObject(
      refused('environment-exists'),
    );
  });

  test('is given to one of the two when both are asked for at the same time', async () => {
    const pipeline = ['dev1', 'dev2', 'stage1', 'prod1'];
    const answers = await Promise.allSettled([
      world.ephemeral('dev2'),
      configureApplication(world, 'my-app', { ...anApplication(), pipeline }, 'admin'),
    ]);
    expect(answers.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
  });

  test('is free again when its environment is closed, with the external id its roles know and none of its past', async () => {
    const first = await world.runningEphemeral('pr-1');
    await deleteEphemeral(world, 'my-app', 'pr-1', TOOLING);
    await world.finishIn('pr-1');
    const second = await world.runningEphemeral('pr-1', { commit: commitOf(2) });
    expect(second.externalId).toBe(first.externalId);
    expect(await world.liveEphemerals()).toEqual(['my-app/pr-1']);
    const history = await world.history('pr-1');
    expect(history.map(({ operation, status }) => `${operation} ${status}`)).toEqual([
      ...['deploy succeeded', 'destroy succeeded', 'deploy succeeded'],
    ]);
    await deleteEphemeral(world, 'my-app', 'pr-1', TOOLING);
    await world.finishIn('pr-1');
    await world.write('application', anApplication({ pipeline: ['dev1', 'pr-1', 'stage1', 'prod1'] }));
    const regular = { application: 'my-app', environment: 'pr-1' };
    await configureEnvironment(world, regular, SETTINGS, 'x');
    expect(await world.store.get('environment', { application: 'my-app', name: 'pr-1' })).toMatchObject({
      type: 'regular',
    });
    expect(await world.state('pr-1')).toMatchObject({ deployed: null, newestStarted: 0 });
  });
});

describe('promotions', () => {
  test('never come from an ephemeral environment, nor go into one', async () => {
    await world.runningEphemeral('pr-1');
    const [deployment] = await world.history('pr-1');
    expect(await world.promote(deployment?.id ?? '')).toBeUndefined();
    await world.bring(await world.release(), 'dev1');
    const wish = { application: 'my-app', to: 'pr-1', release: 1, requestedBy: TOOLING };
    await expect(requestPromotion(world, wish)).rejects.toMatchObject(refused('not-in-pipeline'));
    for (const operation of ['deploy', 'rollback', 'destroy'] as const)
      await expect(world.deploy('pr-1', 1, { operation })).rejects.toMatchObject(refused('not-in-pipeline'));
    expect((await world.store.list(LISTINGS.outcomes('my-app', 'pr-1'))).items).toEqual([]);
  });

  test('are not repaired where there is none to make', async () => {
    await world.runningEphemeral('pr-1');
    world.surroundings.advance(3600);
    expect(await world.reconcile()).toEqual([]);
  });
});

describe('a branch', () => {
  test('is deployed at its head as pushes have told it, or as soon as one does', async () => {
    await followPush(world, branchPush(4));
    expect((await world.ephemeral('pr-1', { ref: 'feature/x' })).commit).toBe(commitOf(4));
    const waiting = await world.ephemeral('pr-2', { ref: 'feature/y' });
    expect([waiting.commit, (await viewEphemeral(world, waiting)).status]).toEqual([undefined, 'waiting']);
    await followPush(world, branchPush(5, { branch: 'feature/y' }));
    await world.finishIn('pr-2');
    expect((await world.state('pr-2')).deployed).toMatchObject({ commit: commitOf(5) });
    await followPush(world, branchPush(6, { branch: 'feature/y' }));
    expect((await world.ephemeralNow('pr-2')).commit).toBe(commitOf(5));
  });

  test('that the application has instead of another one has not the head of that one', async () => {
    await world.push();
    expect((await world.ephemeral('pr-1', { ref: 'main' })).commit).toBeDefined();
    const { configRepository } = anApplication();
    await world.write('application', anApplication({ configRepository: { ...configRepository, branch: 'next' } }));
    expect((await world.ephemeral('pr-2', { ref: 'next' })).commit).toBeUndefined();
  });

  test('is followed where that was asked for: every push is deployed, once', async () => {
    await followPush(world, branchPush(1));
    await world.ephemeral('pr-1', { ref: 'refs/heads/feature/x', follow: true });
    await world.finishIn('pr-1');
    for (const push of [branchPush(2), branchPush(2), branchPush(1)]) await followPush(world, push);
    await world.finishIn('pr-1');
    const commits = (await world.history('pr-1')).map(({ commit }) => commit);
    expect(commits).toEqual([commitOf(2), commitOf(1)]);
  });

  test('of another repository, or an application of another, is nobody’s business', async () => {
    await world.ephemeral('pr-1', { ref: 'feature/x' });
    const repository = 'https://git.example/acme/other.git';
    await followPush(world, branchPush(1, { repository }));
    await endWithBranch(world, { eventId: 'd', repository, branch: 'feature/x' }, 'branch-deleted');
    expect(await world.ephemeralNow('pr-1')).toMatchObject({ life: { phase: 'open' } });
    expect(
      await world.store.get('branchHead', { repository: 'git.example/acme/other', branch: 'feature/x' }),
    ).toBeUndefined();
  });

  test('that goes on in the order in which pushes are told, not in which they happened, ends at its newest head', async () => {
    await world.ephemeral('pr-1', { ref: 'feature/x', follow: true });
    for (const number of [1, 3, 2]) await followPush(world, branchPush(number));
    expect((await world.ephemeralNow('pr-1')).commit).toBe(commitOf(3));
    // A forced push over the newest commit makes an old commit the head again.
    await followPush(world, branchPush(4, { before: commitOf(3), after: commitOf(1), forced: true }));
    expect((await world.ephemeralNow('pr-1')).commit).toBe(commitOf(1));
  });

  test('can be followed later, and no longer; a commit cannot', async () => {
    await followPush(world, branchPush(1));
    await world.runningEphemeral('pr-1', { ref: 'feature/x' });
    await adjustEphemeral(world, 'my-app', 'pr-1', { follow: true }, TOOLING);
    await followPush(world, branchPush(2));
    expect((await world.finishIn('pr-1'))?.commit).toBe(commitOf(2));
    await adjustEphemeral(world, 'my-app', 'pr-1', { follow: false }, TOOLING);
    await followPush(world, branchPush(3));
    expect(await world.holderOf('pr-1')).toBeUndefined();
    await world.ephemeral('pr-2');
    await expect(adjustEphemeral(world, 'my-app', 'pr-2', { follow: true }, TOOLING)).rejects.toMatchObject(
      refused('not-allowed-here'),
    );
  });
});

describe('a request', () => {
  const issuesOf = (facts: object): string[] => {
    const parsed = EphemeralRequestSchema.safeParse({ name: 'pr-1', commit: commitOf(1), ...facts });
    return parsed.success ? [] : parsed.error.issues.map(({ path }) => path.join('.'));
  };

  test.each([
    ['neither ref nor commit', { commit: undefined }, 'ref'],
    ['both', { ref: 'main' }, 'ref'],
    ['a commit to follow', { follow: true }, 'follow'],
    ['no branch name', { commit: undefined, ref: '-x' }, 'ref'],
    ['a life of more than 30 days', { ttlHours: 721 }, 'ttlHours'],
    ['no life', { ttlHours: 0 }, 'ttlHours'],
    ['a reserved variable', { variables: { environment: 'x' } }, 'variables'],
    ['another reserved variable', { variables: { domain_name: 'x' } }, 'variables'],
    ['no variable name', { variables: { 'a b': 1 } }, 'variables.a b'],
    ['variables too large', { variables: { a: 'x'.repeat(3100) } }, 'variables'],
    ['a name too long', { name: 'a-name-of-17-chars' }, 'name'],
    ['what is no field', { ttl: 3 }, ''],
  ])('with %s is refused', (_, facts, field) => expect(issuesOf(facts)).toContain(field));

  test('for a life shorter than the configuration allows is refused', async () => {
    await expect(world.ephemeral('pr-1', { ttlHours: 0.5 })).rejects.toThrow('ttlHours: at least 1 hours (got 0.5)');
    expect((await world.ephemeral('pr-1', { ttlHours: 1 })).expiresAt).toBe('2026-11-23T11:00:00.000Z');
    expect(EphemeralRequestSchema.parse({ name: 'x', commit: commitOf(1) })).toMatchObject({ ttlHours: 72 });
  });
});
