import { beforeEach, describe, expect, test } from '@jest/globals';
import { LISTINGS } from '../../../lambdas/domain/model/table/listings.ts';
import { registerRelease } from '../../../lambdas/domain/release/register-release.ts';
import { anApplication, anEnvironment, commitOf } from '../../harness/builders.ts';
import { World } from '../../harness/world.ts';

const [A, B, C] = [commitOf(1), commitOf(2), commitOf(3)];

describe('a push becomes a release of every application it concerns', () => {
  let world: World;
  beforeEach(async () => {
    world = await World.open();
    const elsewhere = { ...anApplication().configRepository, branch: 'elsewhere' };
    await world.write('application', anApplication({ name: 'other', configRepository: elsewhere }));
  });
  const releasesOf = async (application = 'my-app') =>
    (await world.store.list(LISTINGS.releases(application))).items.map(({ number, commit }) => ({ number, commit }));
  const pushes = async (...pairs: (readonly [string | undefined, string, string?])[]) => {
    for (const [index, [before, after, eventId = `delivery-${index}`]] of pairs.entries())
      await world.push({ before, after, eventId });
  };

  test('numbered in the order of the pushes, and deployed to the development environment', async () => {
    await pushes([undefined, A], [A, B]);
    expect(await releasesOf()).toEqual([
      { number: 2, commit: B },
      { number: 1, commit: A },
    ]);
    const [second, first] = await world.history('dev1');
    expect(first).toMatchObject({ release: 1, commit: A, automatic: true, requestedBy: { principal: 'push' } });
    expect(second).toMatchObject({ release: 2, status: 'queued' });
    expect(world.workflow.executions.has(first?.id ?? '')).toBe(true);
  });

  test('goes all the way to the staging gate by itself', async () => {
    await world.push();
    const id = (await world.holderOf('dev1')) ?? '';
    await world.workflow.run(id);
    const promotion = (await world.promote(id)) ?? '';
    await world.workflow.run(promotion);
    expect(await world.statusOf(promotion)).toBe('awaiting_approval');
  });

  describe('told twice is one', () => {
    test('by the same delivery', async () => {
      await pushes([A, B, 'same'], [A, B, 'same']);
      expect(await releasesOf()).toHaveLength(1);
    });

    test('by the same delivery of a push that concerned nothing', async () => {
      const elsewhere = { changedPaths: ['apps/other/dev1/main.tf'] };
      await world.push({ eventId: 'same', before: A, after: B, ...elsewhere });
      await world.push({ eventId: 'same', before: A, after: B });
      expect(await releasesOf()).toEqual([]);
    });

    test('by two senders', async () => {
      await pushes([A, B, 'webhook'], [A, B, 'watcher']);
      expect(await releasesOf()).toHaveLength(1);
    });

    test('by two senders, the second one late', async () => {
      await pushes([A, B, 'webhook'], [B, C, 'webhook-2'], [A, B, 'watcher'], [B, C, 'watcher-2']);
      expect(await releasesOf()).toHaveLength(2);
    });

    test('at the same time', async () => {
      const push = () => world.push({ before: A, after: B, eventId: 'same' });
      const made = await Promise.all([push(), push(), push()]);
      expect(made.flat()).toHaveLength(1);
      expect(await world.history('dev1')).toHaveLength(1);
    });

    test('after a crash before its deployment was started', async () => {
      world.workflow.isUnreachable = true;
      const push = () => world.push({ before: A, after: B, eventId: 'same' });
      await expect(push()).rejects.toThrow('crash');
      world.workflow.isUnreachable = false;
      expect(await push()).toEqual([]);
      expect(await releasesOf()).toHaveLength(1);
      world.surroundings.advance(60);
      await world.reconcile();
      const id = (await world.holderOf('dev1')) ?? '';
      expect((await world.finish(id)).status).toBe('succeeded');
    });
  });

  describe('an old commit that becomes head again is a new release', () => {
    test('after a revert by force', async () => {
      await pushes([A, B], [B, A], [A, B]);
      expect(await releasesOf()).toEqual([
        { number: 3, commit: B },
        { number: 2, commit: A },
        { number: 1, commit: B },
      ]);
    });

    test('after the way there and back, told once each by two senders', async () => {
      await pushes([A, B, 'w1'], [A, B, 'l1'], [B, A, 'w2'], [B, A, 'l2'], [A, B, 'w3']);
      expect((await releasesOf()).map(({ commit }) => commit)).toEqual([B, A, B]);
    });
  });

  describe('concerns', () => {
    test('of the repository and branch of the application only', async () => {
      await world.push({ repository: 'https://git.example/other/config.git' });
      await world.push({ branch: 'feature' });
      expect(await releasesOf()).toEqual([]);
    });

    test('every application of the repository, each with its own numbers', async () => {
      await world.write('application', anApplication({ name: 'other' }));
      await world.write('environment', anEnvironment({ application: 'other' }));
      await world.push({ changedPaths: ['apps/other/dev1/main.tf'] });
      const made = await world.push({ changedPaths: ['modules/web/main.tf'] });
      expect(made.map(({ application, number }) => `${application} ${number}`)).toEqual(['my-app 1', 'other 2']);
    });
  });

  test('a push that concerned nothing still moves the head', async () => {
    await world.push({ before: A, after: B, changedPaths: ['apps/other/x.tf'] });
    await pushes([B, C, 'd1'], [C, B, 'd2']);
    expect((await releasesOf()).map(({ commit }) => commit)).toEqual([B, C]);
  });

  test.each([
    ['has no development environment', async () => world.write('application', anApplication({ pipeline: ['stage1'] }))],
    [
      'is on hold',
      async () =>
        world.changeState('dev1', { hold: { reason: 'storm', by: { principal: 'x' }, at: world.surroundings.now() } }),
    ],
  ])('where the pipeline’s beginning %s, the release is made and waits to be deployed', async (_, arrange) => {
    await arrange();
    await world.push();
    expect(await releasesOf()).toHaveLength(1);
    expect(await world.history('dev1')).toEqual([]);
  });

  test('where the environment is not defined yet, the release is made', async () => {
    const young = new World();
    await young.write('application', anApplication());
    expect(await young.push()).toHaveLength(1);
  });

  test('a release asked for by API is numbered among the pushes and deployed like one', async () => {
    await world.push();
    const facts = { application: 'my-app', commit: C, message: '', author: '' };
    const { release, deploymentId } = await registerRelease(world, facts, { principal: 'tooling' });
    expect(release).toMatchObject({ number: 2, commit: C, source: 'api' });
    expect(await world.deployment(deploymentId ?? '')).toMatchObject({
      release: 2,
      requestedBy: { principal: 'tooling' },
    });
    await expect(registerRelease(world, { ...facts, application: 'nobody' }, { principal: 'x' })).rejects.toMatchObject(
      {
        name: 'NotFoundError',
      },
    );
  });

  test('pushes that arrive at the same time become releases in their own order, the newest always among them', async () => {
    const pushes = Array.from({ length: 12 }, (_, index) => ({
      eventId: `d${index}`,
      before: commitOf(index + 1),
      after: commitOf(index + 2),
      pushedAt: new Date(Date.parse('2026-11-23T09:00:00Z') + index * 1000).toISOString(),
    }));
    const [last, ...others] = pushes.reverse();
    await Promise.all([last, ...others].map((push) => world.push(push)));
    const releases = await releasesOf();
    expect(releases[0]?.commit).toBe(last?.after);
    expect(releases.map(({ number }) => number)).toEqual(releases.map((_, index) => releases.length - index));
    expect(releases.map(({ commit }) => commit)).toEqual(
      releases
        .map(({ commit }) => commit)
        .sort()
        .reverse(),
    );
    expect(await world.history('dev1')).toHaveLength(releases.length);
  });

  test('a push that comes late is remembered and changes nothing else', async () => {
    await pushes([A, B], [C, commitOf(4)]);
    const deployments = await world.history('dev1');
    await pushes([B, C, 'late']);
    expect((await releasesOf()).map(({ commit }) => commit)).toEqual([commitOf(4), B]);
    expect(await world.history('dev1')).toEqual(deployments);
    await pushes([commitOf(4), commitOf(5), 'later']);
    expect((await releasesOf()).map(({ commit }) => commit)).toEqual([commitOf(5), commitOf(4), B]);
  });

  test('a repository is the same however its address is written', async () => {
    await world.push({ repository: 'git@git.example:Acme/config' });
    expect(await releasesOf()).toHaveLength(1);
  });
});
