import { beforeEach, describe, expect, test } from '@jest/globals';
import type { Release } from '../../../lambdas/domain/model/release.ts';
import { registerRelease } from '../../../lambdas/domain/release/register-release.ts';
import { viewRelease } from '../../../lambdas/domain/release/release-view.ts';
import { aCommitObject } from '../../harness/commit-object.ts';
import { ALICE, TOOLING, World } from '../../harness/world.ts';

/**
 * A caller of the API may say anything about a release. People read what the commit says, once a build has shown the
 * commit.
 */

const COMMIT = aCommitObject({ message: 'Larger database\n\nThe old one is full.\n', author: 'Ada <ada@example.com>' });
const READ = { message: 'Larger database\n\nThe old one is full.', author: 'Ada <ada@example.com>' };
const STATED = { message: 'Harmless', author: 'Alice' };
const MARK = 'not read from the commit';

let world: World;
beforeEach(async () => {
  world = await World.open();
  world.builds.commits.set(COMMIT.id, COMMIT.base64);
});

/** Requests a release by API, and runs it as far as it goes in development. */
async function release(stated = STATED, commit = COMMIT.id): Promise<void> {
  const { deploymentId } = await registerRelease(world, { application: 'my-app', commit, ...stated }, TOOLING);
  await world.finish(deploymentId ?? '');
  world.surroundings.advance(1);
}

async function released(number = 1): Promise<Release> {
  const found = await world.store.get('release', { application: 'my-app', number });
  if (!found) throw new Error(`there is no release ${number}`);
  return found;
}

/** Returns the mail that asks the staff of staging for their approval. */
async function askedOf(number = 1): Promise<string> {
  const id = await world.deploy('stage1', number);
  await world.workflow.run(id);
  return world.mail.sent.findLast(({ to }) => to === ALICE)?.body ?? '';
}

describe('a release made by API', () => {
  test('has the words of its commit from its first plan on, and what the request said beside them', async () => {
    await release();
    expect(await released()).toMatchObject({ ...READ, stated: STATED });
    expect(await viewRelease(world.store, await released())).toMatchObject({
      ...READ,
      source: 'api',
      wordsFrom: 'commit',
      stated: STATED,
    });
  });

  test('is mailed with them in every later environment, and with what the request said marked', async () => {
    await release();
    const mail = await askedOf();
    expect(mail).toContain('What it is for, in the words of Ada <ada@example[.]com>:\n  | Larger database\n');
    expect(mail).toContain(`The request for this release says, naming Alice (${MARK}):\n  | Harmless\n`);
  });

  test('has no mark where the request said the same, or nothing', async () => {
    for (const stated of [READ, { message: 'Larger database', author: 'Ada' }, { message: '', author: '' }]) {
      world = await World.open();
      world.builds.commits.set(COMMIT.id, COMMIT.base64);
      await release(stated);
      const mail = await askedOf();
      expect(mail).toContain('| Larger database');
      expect(mail).not.toContain(MARK);
    }
  });

  test('keeps the marked words of the request where no build could read the commit', async () => {
    world.builds.commits.clear();
    await release();
    expect(await released()).toMatchObject(STATED);
    expect(await viewRelease(world.store, await released())).toMatchObject({ wordsFrom: 'request', stated: null });
    expect(await askedOf()).toContain(`naming Alice (${MARK}):\n  | Harmless`);
  });

  test('gets them from a later plan where the first one could not read the commit', async () => {
    world.builds.commits.clear();
    await release();
    world.builds.commits.set(COMMIT.id, COMMIT.base64);
    expect(await askedOf()).toContain('| Larger database');
    expect(await released()).toMatchObject({ ...READ, stated: STATED });
  });

  test('is told nothing else by a build that hands over another commit than its own', async () => {
    world.builds.commits.set(COMMIT.id, aCommitObject({ message: 'Forged' }).base64);
    await release();
    expect(await askedOf()).toContain(MARK);
    expect((await released()).stated).toBeUndefined();
  });

  test('keeps what the request said, however often it is planned', async () => {
    await release();
    await world.succeed('dev1', 1);
    await askedOf();
    expect(await released()).toMatchObject({ ...READ, stated: STATED });
  });
});

test('a release made by a push keeps what the event said', async () => {
  const [pushed] = await world.push({ after: COMMIT.id, message: 'As pushed', author: 'dev@example.com' });
  await world.finishIn('dev1');
  expect(await released()).toEqual(pushed);
  expect(await viewRelease(world.store, await released())).toMatchObject({ wordsFrom: 'push', stated: null });
});

test('an ephemeral environment, which has no release, is planned like before', async () => {
  await world.runningEphemeral('pr-7', { commit: COMMIT.id });
  expect((await world.history('pr-7')).map(({ status }) => status)).toEqual(['succeeded']);
});
