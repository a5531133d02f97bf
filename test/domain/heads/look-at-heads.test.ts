import { beforeEach, describe, expect, test } from '@jest/globals';
import { noteHead } from '../../../lambdas/domain/ephemeral/find-head.ts';
import { ConfigPushedSchema } from '../../../lambdas/domain/events.ts';
import { type Look, lookAtHeads } from '../../../lambdas/domain/heads/look-at-heads.ts';
import type { ConfigRepository } from '../../../lambdas/domain/model/application.ts';
import { LISTINGS } from '../../../lambdas/domain/model/table/listings.ts';
import { registerPush } from '../../../lambdas/domain/release/register-push.ts';
import { describeRepositoryHeads } from '../../contracts/repository-heads-contract.ts';
import { FakeRepositoryHeads } from '../../fakes/fake-repository-heads.ts';
import { InMemoryStore } from '../../fakes/in-memory-store.ts';
import { anApplication, aPush, commitOf } from '../../harness/builders.ts';
import { World } from '../../harness/world.ts';

const URL_OF_CONFIG = 'https://git.example/acme/config.git';
const NAME = 'git.example/acme/config';
const [A, B, C] = [commitOf(1), commitOf(2), commitOf(3)];

/** A world in which what is looked at and what webhooks tell reach the intake of pushes. */
class Intake {
  readonly store = new InMemoryStore();
  readonly world = new World(this.store);
  readonly heads = new FakeRepositoryHeads();
  readonly parts = ['git.example'];
  /** What happens while the look pauses. */
  meanwhile: () => Promise<unknown> = async () => {};
  #pushes = 0;

  async deploys(name: string, repository: Partial<ConfigRepository> = {}): Promise<void> {
    const { configRepository } = anApplication();
    await this.world.write(
      'application',
      anApplication({ name, configRepository: { ...configRepository, ...repository } }),
    );
  }

  is(branches: Readonly<Record<string, string>>, url = URL_OF_CONFIG): void {
    this.heads.repositories.set(url, new Map(Object.entries(branches)));
  }

  /** Delivers a push as a webhook does. */
  async webhook(before: string, after: string, facts: object = {}): Promise<void> {
    this.#pushes += 1;
    const pushedAt = this.world.surroundings.now();
    await this.#take(aPush({ eventId: `webhook-${this.#pushes}`, before, after, pushedAt, ...facts }));
  }

  /** Looks at the heads, and lets the intake consume what the look publishes. */
  async look(seconds = 3600): Promise<Look[]> {
    const { surroundings, events } = this.world;
    surroundings.advance(seconds);
    const told = events.published.length;
    const looks = await lookAtHeads(
      { ...this.world, store: this.world.store, events, surroundings, repositoryHeads: this.heads },
      {
        parts: this.parts,
        pause: async () => void (await this.meanwhile()),
        until: new Date(Date.parse(surroundings.now()) + 60_000).toISOString(),
      },
    );
    for (const { name, detail } of events.published.slice(told)) {
      if (name !== 'ConfigPushed') continue;
      const push = ConfigPushedSchema.parse(detail);
      // Events arrive at least once.
      for (const _ of [1, 2]) await this.#take(push);
    }
    return looks;
  }

  async outcomes(seconds?: number): Promise<string[]> {
    return (await this.look(seconds)).map(({ outcome }) => outcome);
  }

  async releases(application = 'my-app'): Promise<string[]> {
    return (await this.world.store.list(LISTINGS.releases(application))).items.map(({ commit }) => commit);
  }

  async #take(push: ReturnType<typeof aPush>): Promise<void> {
    await registerPush(this.world, push);
    await noteHead(this.world, push);
  }
}

describe('the heads of public repositories', () => {
  let intake: Intake;
  beforeEach(async () => {
    intake = new Intake();
    await intake.deploys('my-app');
  });

  test('of other applications are compared beside an application that cannot be read', async () => {
    await intake.webhook(A, B);
    await intake.deploys('other');
    intake.store.corrupt('application', { name: 'other' }, 'spoiled');
    intake.is({ main: C });
    expect(await intake.outcomes()).toEqual(['published']);
  });

  test('are compared branch by branch: one whose known head cannot be read stops no other', async () => {
    const { configRepository } = anApplication();
    await intake.deploys('other', { ...configRepository, branch: 'next' });
    await intake.webhook(A, B);
    await intake.webhook(A, B, { branch: 'next' });
    const next = { repository: NAME, branch: 'next' };
    const head = intake.store.peek('branchHead', next);
    intake.is({ main: C, next: C });
    intake.store.corrupt('branchHead', next, 'spoiled');
    expect(await intake.look()).toEqual(
      expect.arrayContaining([
        { repository: NAME, branch: 'main', outcome: 'published' },
        { repository: NAME, branch: 'next', outcome: 'failed', problem: expect.stringContaining('BRANCH#next') },
      ]),
    );
    intake.store.corrupt('branchHead', next, head);
    intake.meanwhile = async () => intake.store.corrupt('branchHead', next, 'spoiled');
    expect(await intake.outcomes()).toEqual(['unchanged', 'failed']);
  });

  test('make a release of a push that no webhook told of', async () => {
    await intake.webhook(A, B);
    intake.is({ main: C });
    expect(await intake.look()).toEqual([{ repository: NAME, branch: 'main', outcome: 'published' }]);
    expect(await intake.releases()).toEqual([C, B]);
    expect(await intake.outcomes()).toEqual(['unchanged']);
    expect(await intake.releases()).toEqual([C, B]);
  });

  test('concern every application of the branch, because nobody knows what was changed', async () => {
    await intake.deploys('other');
    await intake.webhook(A, B);
    expect(await intake.releases('other')).toEqual([]);
    intake.is({ main: C });
    await intake.look();
    expect([await intake.releases(), await intake.releases('other')]).toEqual([[C, B], [C]]);
  });

  test('make one release together with a webhook that comes later after all', async () => {
    await intake.webhook(A, B);
    intake.is({ main: C });
    await intake.look();
    await intake.webhook(B, C);
    expect(await intake.releases()).toEqual([C, B]);
    const D = commitOf(4);
    await intake.webhook(C, D);
    expect(await intake.releases()).toEqual([D, C, B]);
  });

  test('are left to a webhook that comes during the look', async () => {
    await intake.webhook(A, B);
    intake.is({ main: C });
    intake.meanwhile = () => intake.webhook(B, C);
    expect(await intake.outcomes()).toEqual(['told']);
    expect(await intake.releases()).toEqual([C, B]);
    expect(intake.world.events.names().filter((name) => name === 'ConfigPushed')).toEqual([]);
  });

  test('are news again when the branch makes the same move a second time', async () => {
    await intake.webhook(A, B);
    intake.is({ main: C });
    await intake.look();
    await intake.webhook(C, B);
    await intake.look();
    expect(await intake.releases()).toEqual([C, B, C, B]);
  });

  test('contain all pushes until then: those that come late make no release', async () => {
    await intake.webhook(A, B);
    const between = commitOf(9);
    const pushedAt = intake.world.surroundings.now();
    intake.is({ main: C });
    await intake.look();
    await intake.webhook(B, between, { pushedAt });
    expect(await intake.releases()).toEqual([C, B]);
  });

  test('are only noted when a branch is seen for the first time, and followed from then on', async () => {
    intake.is({ main: A });
    expect(await intake.outcomes()).toEqual(['noted']);
    expect(await intake.releases()).toEqual([]);
    expect(await intake.outcomes()).toEqual(['unchanged']);
    intake.is({ main: B });
    expect(await intake.outcomes()).toEqual(['published']);
    expect(await intake.releases()).toEqual([B]);
  });

  test('say nothing of a branch that is gone', async () => {
    await intake.webhook(A, B);
    intake.is({ other: C });
    expect(await intake.outcomes()).toEqual(['gone']);
    expect(await intake.releases()).toEqual([B]);
  });

  test('are asked for once for all applications and branches of a repository, however its address is written', async () => {
    await intake.deploys('other', { url: 'https://git.example/ACME/config/' });
    await intake.deploys('third', { branch: 'next' });
    intake.is({ main: A, next: B });
    expect(await intake.outcomes()).toEqual(['noted', 'noted']);
    expect(intake.heads.asked).toEqual([URL_OF_CONFIG]);
  });

  test.each<[string, Partial<ConfigRepository>]>([
    ['of another host', { url: 'https://elsewhere.example/acme/config.git' }],
    ['of a host with the same end', { url: 'https://evil-git.example/acme/config.git' }],
    ['of a part of the host that is not listed', { url: 'https://github.com/else/config.git' }],
    ['of an owner whose name only begins alike', { url: 'https://github.com/acme-evil/config.git' }],
    ['that leads out of its part', { url: 'https://github.com/acme/../else/config.git' }],
    ['that leads out of its part in disguise', { url: 'https://github.com/acme/%2e%2e%2felse/config.git' }],
    ['over SSH', { url: 'git@git.example:acme/config.git' }],
    ['on another port', { url: 'https://git.example:8443/acme/config.git' }],
    ['with a query', { url: 'https://git.example/acme/config.git?x=1' }],
    ['with a secret', { secretArn: 'arn:aws:secretsmanager:eu-west-1:111111111111:secret:x' }],
    ['with a connection', { connectionArn: 'arn:aws:codeconnections:eu-west-1:111111111111:connection/x' }],
  ])('are not asked for in a repository %s', async (_, repository) => {
    intake = new Intake();
    intake.parts.push('github.com/acme');
    await intake.deploys('my-app', repository);
    expect(await intake.look()).toEqual([]);
    expect(intake.heads.asked).toEqual([]);
  });

  test('are asked for in the listed part of a host', async () => {
    intake = new Intake();
    intake.parts.push('github.com/acme');
    await intake.deploys('my-app', { url: 'https://GitHub.com/Acme/config.git' });
    intake.is({ main: A }, 'https://github.com/Acme/config.git');
    expect(await intake.outcomes()).toEqual(['noted']);
  });

  describe('and a repository that gives no answer', () => {
    const repositories = (host: string, count: number) =>
      Array.from({ length: count }, (_, at) => `https://${host}/acme/config-${at}`);
    beforeEach(async () => {
      intake = new Intake();
      intake.parts.push('down.example');
    });

    test('keeps nobody else from being asked, and is left alone after a few attempts', async () => {
      for (const [at, url] of [...repositories('down.example', 12), ...repositories('git.example', 12)].entries()) {
        await intake.deploys(`app-${at}`, { url });
        intake.is({ main: A }, url);
      }
      intake.heads.down.add('down.example');
      const outcomes = Map.groupBy(await intake.look(), ({ outcome }) => outcome);
      expect(outcomes.get('noted')).toHaveLength(12);
      const failed = outcomes.get('failed') ?? [];
      expect(failed.length).toBeLessThan(8);
      expect(failed[0]).toMatchObject({ problem: 'no answer in 1 ms' });
      expect(outcomes.get('skipped')).toHaveLength(12 - failed.length);
    });

    test('that is not there says nothing about the others of its host', async () => {
      for (const [at, url] of repositories('git.example', 12).entries()) {
        await intake.deploys(`app-${at}`, { url });
        if (at > 9) intake.is({ main: A }, url);
      }
      const outcomes = Map.groupBy(await intake.look(), ({ outcome }) => outcome);
      expect(outcomes.get('failed')).toHaveLength(10);
      expect(outcomes.get('noted')).toHaveLength(2);
    });

    test('is asked in another hour, where the time was over', async () => {
      const urls = repositories('git.example', 3);
      for (const [at, url] of urls.entries()) {
        await intake.deploys(`app-${at}`, { url });
        intake.is({ main: A }, url);
      }
      const { surroundings } = intake.world;
      const first = async (): Promise<string | undefined> => {
        surroundings.advance(3600);
        const services = { ...intake.world, store: intake.world.store, events: intake.world.events, surroundings };
        const props = { parts: intake.parts, pause: async () => {}, until: surroundings.now() };
        const looks = await lookAtHeads({ ...services, repositoryHeads: intake.heads }, props);
        expect(looks.map(({ outcome }) => outcome)).toEqual(['skipped', 'skipped', 'skipped']);
        return looks[0]?.repository;
      };
      expect(new Set([await first(), await first(), await first()]).size).toBe(3);
      expect(intake.heads.asked).toEqual([]);
    });
  });
});

describeRepositoryHeads('FakeRepositoryHeads', async () => {
  const heads = new FakeRepositoryHeads();
  const branches = new Map([
    ['main', A],
    ['feature/x', B],
  ]);
  heads.repositories.set(URL_OF_CONFIG, branches);
  heads.repositories.set('https://git.example/acme/empty', new Map());
  return {
    heads,
    url: URL_OF_CONFIG,
    branches,
    empty: 'https://git.example/acme/empty',
    absent: 'https://git.example/acme/absent',
  };
});
