import { describe, expect, test } from '@jest/globals';
import { CommitObjectSchema, MOST_COMMIT_BYTES, readCommit } from '../../../lambdas/domain/contract/commit-facts.ts';
import { aCommitObject } from '../../harness/commit-object.ts';

const factsOf = (text: Parameters<typeof aCommitObject>[0]) => {
  const { bytes, id } = aCommitObject(text);
  return readCommit(bytes, id);
};

describe('what a commit says', () => {
  test('is its message and who wrote it', () => {
    expect(factsOf({ message: 'Larger database\n\nThe old one is full.\n' })).toEqual({
      message: 'Larger database\n\nThe old one is full.',
      author: 'Ada <ada@example.com>',
    });
  });

  test('is believed only of the very commit that was asked for', () => {
    const { bytes, id } = aCommitObject();
    const changed = Buffer.from(bytes.toString('utf8').replace('Larger', 'Harmless'));
    expect([readCommit(bytes, id)?.message, readCommit(changed, id), readCommit(Buffer.alloc(0), id)]).toEqual([
      'Larger database',
      undefined,
      undefined,
    ]);
    expect(readCommit(bytes, aCommitObject({ message: 'another' }).id)).toBeUndefined();
  });

  test('is not what a signature, a merged tag or the message claims to be its head', () => {
    const more = ['mergetag object 1', ' author Eve <eve@example.com> 1 +0000', 'gpgsig -----BEGIN', ' ', ' x'];
    expect(factsOf({ more, message: 'author Eve <eve@example.com> 1 +0000\n' })).toEqual({
      message: 'author Eve <eve@example.com> 1 +0000',
      author: 'Ada <ada@example.com>',
    });
  });

  test.each([
    ['of its own', { encoding: 'latin1' as const, more: ['encoding ISO-8859-1'] }],
    ['that is not named', {}],
    ['that does not exist', { more: ['encoding made-up'] }],
  ])('is read in the encoding %s', (_, text) => {
    expect(factsOf({ ...text, message: 'größer', author: 'Jürgen <j@example.com>' })).toEqual({
      message: 'größer',
      author: 'Jürgen <j@example.com>',
    });
  });

  test('may be nothing', () => {
    expect(factsOf({ message: '', author: '' })).toEqual({ message: '', author: '' });
  });

  test('has lines and tabs, and no other control characters', () => {
    expect(
      factsOf({ message: '\n one\r\n\ttwo\u0007\u001b[31m\u0000\rthree\n', author: 'A\tda\u0007 <a@example.com>' }),
    ).toEqual({
      message: 'one\n\ttwo[31m\nthree',
      author: 'A da <a@example.com>',
    });
  });

  test('is cut to a length, and never in the middle of a character', () => {
    const facts = factsOf({ message: `x${'🚀'.repeat(2000)}`, author: `${'a'.repeat(9000)} <a@example.com>` });
    expect([facts?.message.length, facts?.author.length, facts?.message.isWellFormed()]).toEqual([2000, 500, true]);
  });

  test('is read in a time that grows with its length', () => {
    for (const text of ['author '.repeat(30_000), 'author 1 +1'.repeat(20_000), '\n\r'.repeat(100_000)])
      expect(factsOf({ message: text, author: text.replaceAll(/\s/g, ' ') })).toBeDefined();
  });
});

test('the largest commit that a build reads is one that it may hand over', () => {
  const largest = Buffer.alloc(MOST_COMMIT_BYTES).toString('base64');
  expect(CommitObjectSchema.safeParse(largest).success).toBe(true);
  expect(CommitObjectSchema.safeParse(`${largest}AAAA`).success).toBe(false);
});
