import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { type Push, watchRepository } from '../../local/git-watcher.ts';
import { type Database, openDatabase } from '../../local/persistence/database.ts';
import { createGitRepository, type GitRepository } from './codebuild/git-repository.ts';

let repository: GitRepository;
let database: Database;
let pushes: Push[];
let watcher: { stop(): Promise<void> } | undefined;
let refuse: (push: Push) => boolean;

beforeEach(() => {
  repository = createGitRepository();
  database = openDatabase(undefined);
  pushes = [];
  refuse = () => false;
});
afterEach(async () => {
  await watcher?.stop();
  watcher = undefined;
  database.close();
  repository.remove();
});

function watch(branches = ['main']): void {
  watcher = watchRepository({
    directory: repository.directory,
    database,
    branches: async () => branches,
    async onPush(push) {
      if (refuse(push)) throw new Error('the bus is down');
      pushes.push(push);
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
  it('tells of new commits, and not of the first sight of a branch', async () => {
    const first = repository.commit({ 'a.txt': '1' });
    watch();
    await seen(first);
    const second = repository.commit({ 'apps/shop/dev1/main.tf': '', 'ü b.txt': '' }, 'Two files\n\nwith a reason');
    await seen(second);
    expect(pushes).toEqual([
      {
        eventId: expect.stringContaining(second),
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
    watch(['main', 'release']);
    await seen(first);
    repository.git('checkout', '--quiet', '-b', 'other');
    repository.commit({ 'a.txt': 'other' });
    repository.git('checkout', '--quiet', '-b', 'release', 'main');
    await seen(first, 'release');
    const released = repository.commit({ 'a.txt': 'released' });
    await seen(released, 'release');
    expect(pushes.map(({ branch, after }) => [branch, after])).toEqual([['release', released]]);
  });
});
