import { expect, test } from '@jest/globals';
import { Memory } from '../../../cli/board/reading/memory.ts';
import { CommandError } from '../../../cli/output/command-error.ts';

const at = new Date('2026-11-23T10:00:00Z');
const away = new CommandError('unreachable', 'nobody answers');
let milliseconds = 0;
const memoryOf = () => new Memory<number>({ now: () => at, clock: () => milliseconds, longestMs: 20 });
const later = () => {
  milliseconds += 1100;
};

test('windows that ask at the same time share a read, and so does one that asks right after', async () => {
  const memory = memoryOf();
  let reads = 0;
  const read = async () => {
    reads += 1;
    return reads;
  };
  const [one, other] = await Promise.all([memory.recall('page', read), memory.recall('page', read)]);
  expect([one.value, other.value, (await memory.recall('page', read)).value]).toEqual([1, 1, 1]);
  expect((await memory.recall('another page', read)).value).toBe(2);
});

test('what is known is shown while nobody answers, with the reason, and is read again then', async () => {
  const memory = memoryOf();
  await memory.recall('page', async () => 1);
  later();
  expect(await memory.recall('page', () => Promise.reject(away))).toMatchObject({ value: 1, at, problem: away });
  expect(await memory.recall('page', async (before) => (before ?? 0) + 1)).toMatchObject({
    value: 2,
    problem: undefined,
  });
});

test('of what was never read, the reason is all there is', async () => {
  await expect(memoryOf().recall('page', () => Promise.reject(away))).rejects.toBe(away);
});

test('what no longer exists is forgotten, and so is what fails for another reason', async () => {
  for (const error of [new CommandError('not-found', 'gone'), new Error('a mistake')]) {
    const memory = memoryOf();
    await memory.recall('page', async () => 1);
    later();
    await expect(memory.recall('page', () => Promise.reject(error))).rejects.toBe(error);
    await expect(memory.recall('page', () => Promise.reject(away))).rejects.toBe(away);
  }
});

test('a read that began before something was changed is not kept', async () => {
  const memory = memoryOf();
  let end = (_: number) => {};
  const before = memory.recall('page', () => new Promise<number>((resolve) => (end = resolve)));
  memory.forget();
  const after = memory.recall('page', async () => 2);
  end(1);
  expect((await before).value).toBe(1);
  expect((await after).value).toBe(2);
  expect((await memory.recall('page', async () => 3)).value).toBe(2);
});

test('only so many pages are remembered', async () => {
  const memory = memoryOf();
  for (let page = 0; page <= 50; page += 1) await memory.recall(String(page), async () => page);
  expect((await memory.recall('0', async () => -1)).value).toBe(-1);
  expect((await memory.recall('50', async () => -1)).value).toBe(50);
});

test('a read that takes long is not waited for where something is known; its outcome is used the next time', async () => {
  const memory = memoryOf();
  await memory.recall('page', async () => 1);
  later();
  let end = (_: number) => {};
  const read = () =>
    new Promise<number>((resolve) => {
      end = resolve;
    });
  const shown = await memory.recall('page', read);
  expect(shown).toMatchObject({ value: 1, problem: { ending: 'unreachable' } });
  expect(shown.problem?.message).toBe('the API has not answered for 0.02 seconds');
  const next = memory.recall('page', async () => -1);
  end(2);
  expect(await next).toMatchObject({ value: 2, problem: undefined });
});
