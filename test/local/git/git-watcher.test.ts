import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { type Branch, type Push, type WatchedBranch, watchRepository } from '../../../local/git/git-watcher.ts';
import { type Database, openDatabase } from '../../../local/persistence/database.ts';
import { createProgramStarter, type ProgramStarter } from '../../../local/programs/program-starter.ts';
import { createGitRepository, type GitRepository } from '../codebuild/git-repository.ts';

let programs: ProgramStarter;
beforeAll(() => {
  programs = createProgramStarter();
});
afterAll(() => programs.stop());

let repository: GitRepository;
let database: Database;
let pushes: Push[];
let deleted: (Branch & { eventId: string })[];
let watcher: { stop(): Promise<void> } | undefined;
let refuse: (push: Push) => boolean;

beforeEach(() => {
  repository = createGitRepository();
  database = openDatabase(undefined);
  pushes = [];
  deleted = [];
  refuse = () => false;
});
afterEach(async () => {
  await watcher?.stop();
  watcher = undefined;
  database.close();
  repository.remove();
});

const address = 'git.example/acme/config';
const deployedFrom = (...branches: string[]): WatchedBranch[] =>
  branches.map((branch) => ({ repository: address, branch, isFollowed: false }));

function watch(branches: readonly WatchedBranch[] = deployedFrom('main'), pollMs?: number): void {
  watcher = watchRepository({
    programs,
    pollMs,
    directory: repository.directory,
    database,
    branches: async () => branches,
    async onPush(push) {
      if (refuse(push)) throw new Error('the bus is down');
      pushes.push(push);
    },
    async onDeleted(branch) {
      deleted.push(branch);
    },
    log: () => {},
  });
}

async function stop(): Promise<void> {
  await watcher?.stop();
  watcher = undefined;
}

const headOf = (branch: string) =>
  database
    .collection<{ head: string }>('git-heads')
    .entries()
    .find(([key]) => key.endsWith(`#${branch}`))?.[1].head;
const seen = async (commit: string, branch = 'main') => {
  while (headOf(branch) !== commit) await new Promise((resolve) => setTimeout(resolve, 20));
};

describe('watching a repository', () => {
  it('tells once of the default branch where the branch that is deployed from does not exist', async () => {
    const first = repository.commit({ 'a.txt': '1' });
    repository.git('branch', '--quiet', '--move', 'main', 'master');
    watch();
    await seen(first, 'master');
    const second = repository.commit({ 'a.txt': '2' });
    await seen(second, 'master');
    expect(pushes).toMatchObject([{ repository: address, branch: 'master', before: first, after: first }]);
    await stop();
    watch(deployedFrom('master'));
    const third = repository.commit({ 'a.txt': '3' });
    await seen(third, 'master');
    expect(pushes.slice(1)).toMatchObject([{ branch: 'master', before: second, after: third }]);
  });

  it('tells of new commits, and not of the first sight of a branch', async () => {
    const first = repository.commit({ 'a.txt': '1' });
    watch();
    await seen(first);
    const second = repository.commit({ 'apps/shop/dev1/main.tf': '', 'ü b.txt': '' }, 'Two files\n\nwith a reason');
    await seen(second);
    expect(pushes).toEqual([
      {
        eventId: expect.stringContaining(second),
        repository: address,
        branch: 'main',
        before: first,
        after: second,
        forced: false,
        pushedAt: expect.stringMatching(/^\d{4}-.*Z$/),
        changedPaths: ['apps/shop/dev1/main.tf', 'ü b.txt'],
        message: 'Two files\n\nwith a reason',
        author: 'ada@example.com',
      },
    ]);
  });

  it.each(['main', 'feature/x'])('does not wait for its next look to tell of a commit on %s', async (branch) => {
    repository.commit({ 'a.txt': '1' });
    repository.git('checkout', '--quiet', '-B', branch);
    const anHour = 3_600_000;
    watch(deployedFrom(branch), anHour);
    await seen(repository.git('rev-parse', 'HEAD'), branch);
    await seen(repository.commit({ 'a.txt': '2' }), branch);
    await seen(repository.commit({ 'a.txt': '3' }), branch);
    expect(pushes.map(({ branch: told }) => told)).toEqual([branch, branch]);
  });

  it('tells of commits that were made while nobody watched, as one push', async () => {
    const first = repository.commit({ 'a.txt': '1' });
    watch();
    await seen(first);
    await stop();
    repository.commit({ 'b.txt': '1' });
    const third = repository.commit({ 'c.txt': '1' });
    watch();
    await seen(third);
    expect(pushes.map(({ before, after, changedPaths }) => ({ before, after, changedPaths }))).toEqual([
      { before: first, after: third, changedPaths: ['b.txt', 'c.txt'] },
    ]);
  });

  it('tells of a moved file under both names', async () => {
    const first = repository.commit({ 'apps/a/dev1/main.tf': 'the same\nlong\ntext\n' });
    watch();
    await seen(first);
    repository.git('mv', 'apps/a', 'apps/b');
    await seen(repository.commit({}));
    expect(pushes[0]?.changedPaths).toEqual(['apps/a/dev1/main.tf', 'apps/b/dev1/main.tf']);
  });

  it('tells of rewritten history as forced, without paths', async () => {
    const first = repository.commit({ 'a.txt': '1' });
    const second = repository.commit({ 'a.txt': '2' });
    watch();
    await seen(second);
    repository.git('reset', '--quiet', '--hard', first);
    await seen(first);
    expect(pushes).toMatchObject([{ before: second, after: first, forced: true, changedPaths: undefined }]);
  });

  it('tells again what could not be told', async () => {
    const first = repository.commit({ 'a.txt': '1' });
    let refusals = 0;
    refuse = () => ++refusals < 3;
    watch();
    await seen(first);
    const second = repository.commit({ 'a.txt': '2' });
    await seen(second);
    expect([refusals, pushes.length]).toEqual([3, 1]);
  });

  it('gives every push its own event id, also when an old commit becomes head again', async () => {
    const first = repository.commit({ 'a.txt': '1' });
    watch();
    await seen(first);
    const second = repository.commit({ 'a.txt': '2' });
    await seen(second);
    repository.git('reset', '--quiet', '--hard', first);
    await seen(first);
    repository.git('reset', '--quiet', '--hard', second);
    await seen(second);
    expect(new Set(pushes.map(({ eventId }) => eventId)).size).toBe(3);
  });

  it('looks only at the branches somebody deploys from', async () => {
    const first = repository.commit({ 'a.txt': '1' });
    watch(deployedFrom('main', 'release'));
    await seen(first);
    repository.git('checkout', '--quiet', '-b', 'other');
    repository.commit({ 'a.txt': 'other' });
    repository.git('checkout', '--quiet', '-b', 'release', 'main');
    await seen(first, 'release');
    const released = repository.commit({ 'a.txt': 'released' });
    await seen(released, 'release');
    expect(pushes.map(({ branch, after }) => [branch, after])).toEqual([['release', released]]);
  });

  describe('a branch that an ephemeral environment is made from', () => {
    const followed: WatchedBranch[] = [{ repository: address, branch: 'feature/x', isFollowed: true }];
    const until = async (isSo: () => boolean) => {
      while (!isSo()) await new Promise((resolve) => setTimeout(resolve, 20));
    };

    it('is told where it is at first sight, then like any other', async () => {
      repository.commit({ 'a.txt': '1' });
      repository.git('checkout', '--quiet', '-b', 'feature/x');
      const first = repository.commit({ 'a.txt': '2' });
      watch(followed);
      await seen(first, 'feature/x');
      const second = repository.commit({ 'a.txt': '3' });
      await seen(second, 'feature/x');
      expect(pushes.map(({ before, after, forced }) => ({ before, after, forced }))).toEqual([
        { before: first, after: first, forced: false },
        { before: first, after: second, forced: false },
      ]);
    });

    it('is told where it is, too, when somebody deploys from it already; and once', async () => {
      const first = repository.commit({ 'a.txt': '1' });
      watch();
      await seen(first);
      await stop();
      const second = repository.commit({ 'a.txt': '2' });
      watch([{ repository: address, branch: 'main', isFollowed: true }]);
      await until(() => pushes.length === 2);
      await stop();
      watch([{ repository: address, branch: 'main', isFollowed: true }]);
      const third = repository.commit({ 'a.txt': '3' });
      await seen(third);
      expect(pushes.map(({ before, after }) => [before, after])).toEqual([
        [first, second],
        [second, second],
        [second, third],
      ]);
    });

    it('is told as deleted, once, and made again, under other event ids', async () => {
      repository.commit({ 'a.txt': '1' });
      repository.git('branch', 'feature/x');
      watch(followed);
      const made = () => pushes.filter(({ branch }) => branch === 'feature/x');
      const others = () => pushes.filter(({ branch }) => branch !== 'feature/x');
      for (const count of [1, 2]) {
        await until(() => made().length === count);
        repository.git('branch', '-D', 'feature/x');
        await until(() => deleted.length === count);
        repository.git('branch', 'feature/x');
      }
      await until(() => made().length === 3);
      expect(deleted).toMatchObject(
        [followed[0], followed[0]].map((each) => ({ repository: each?.repository, branch: each?.branch })),
      );
      expect(new Set([...made(), ...deleted].map(({ eventId }) => eventId)).size).toBe(5);
      // While the branch is missing, the default branch is told of as well, if a look falls into that time.
      expect(others().length).toBeLessThanOrEqual(1);
      expect(others().filter(({ branch }) => branch !== 'main')).toEqual([]);
    });

    it('is not gone when its ref was only packed', async () => {
      repository.commit({ 'a.txt': '1' });
      repository.git('checkout', '--quiet', '-b', 'feature/x');
      watch(followed);
      await seen(repository.git('rev-parse', 'HEAD'), 'feature/x');
      repository.git('pack-refs', '--all');
      await seen(repository.commit({ 'a.txt': '2' }), 'feature/x');
      expect(deleted).toEqual([]);
    });
  });
});
