import { describe, expect, test } from '@jest/globals';
import * as fc from 'fast-check';
import { AdvertisementError, branchesIn } from '../../../lambdas/domain/heads/ref-advertisement.ts';
import { commitOf } from '../../harness/builders.ts';

const END = '0000';
const packet = (text: string): string => (Buffer.byteLength(text) + 4).toString(16).padStart(4, '0') + text;
const SERVICE = packet('# service=git-upload-pack\n') + END;
const CAPABLE = '\0multi_ack side-band-64k symref=HEAD:refs/heads/main agent=git/2.50';
const [A, B] = [commitOf(1), commitOf(2)];

/** Makes an answer of these refs; the first one is followed by the capabilities. */
const answer = (...refs: readonly string[]): string =>
  SERVICE + refs.map((ref, at) => packet(`${ref}${at === 0 ? CAPABLE : ''}\n`)).join('') + END;
const read = (text: string) => Object.fromEntries(branchesIn(Buffer.from(text)));

describe('the refs that a git host advertises', () => {
  test('name the commit of each branch', () => {
    const refs = [`${A} HEAD`, `${A} refs/heads/feature/größe`, `${B} refs/heads/main`];
    const others = [`${A} refs/pull/1/head`, `${A} refs/tags/v1`, `${B} refs/tags/v1^{}`];
    expect(read(answer(...refs, ...others))).toEqual({ 'feature/größe': A, main: B });
  });

  test('are none in an empty repository', () => {
    expect(read(answer(`${'0'.repeat(40)} capabilities^{}`))).toEqual({});
  });

  test('may come without the ends of lines', () => {
    expect(read(packet('# service=git-upload-pack') + END + packet(`${A} refs/heads/main${CAPABLE}`) + END)).toEqual({
      main: A,
    });
  });

  const MAIN = `${A} refs/heads/main`;
  test.each([
    ['nothing', '', 'begins with ""'],
    ['a page', '<!doctype html><title>Log in</title>', 'has "<!do" in the place of a length'],
    ['another service', packet('# service=git-receive-pack\n') + END + END, 'begins with "# service=git-receive-pack"'],
    ['refs without the name of the service', packet(`${MAIN}${CAPABLE}\n`) + END, `begins with "${A} refs/heads/ma`],
    ['no end after the service', packet('# service=git-upload-pack\n') + packet(`${MAIN}\n`) + END, 'has no end after'],
    ['nothing after the service', SERVICE, 'ends before its end'],
    ['no end', SERVICE + packet(`${MAIN}${CAPABLE}\n`), 'ends before its end'],
    ['something after the end', answer(MAIN) + answer(MAIN), 'goes on after its end'],
    [
      'version 1',
      SERVICE + packet('version 1\n') + packet(`${MAIN}${CAPABLE}\n`) + END,
      'has "version 1" in the place',
    ],
    ['version 2', SERVICE + packet('version 2\n') + packet('ls-refs\n') + END, 'has "version 2" in the place'],
    ['an error', SERVICE + packet('ERR repository not exported\n') + END, 'has "ERR repository not exported" in the'],
    ['commits of SHA-256', answer(`${'a'.repeat(64)} refs/heads/main`), 'in the place of a ref'],
    ['commits in capitals', answer(`${'A'.repeat(40)} refs/heads/main`), 'in the place of a ref'],
    ['a branch twice', answer(MAIN, `${B} refs/heads/main`), 'names the branch "main" twice'],
    ['a packet that is cut', SERVICE + packet(`${MAIN}${CAPABLE}\n`).slice(0, -3), 'ends within a packet'],
    ['a length that is cut', `${SERVICE}00`, 'has "00" in the place of a length'],
    ['a delimiter of version 2', `${SERVICE}0001${END}`, 'has a packet of 1 bytes'],
    ['an empty packet', `${SERVICE}0004${END}`, 'has a packet of 4 bytes'],
    ['a packet that is too long', `${SERVICE}fff1${'x'.repeat(70_000)}`, 'has a packet of 65521 bytes'],
  ])('are not read from %s', (_, text, message) => {
    expect(() => read(text)).toThrow(AdvertisementError);
    expect(() => read(text)).toThrow(message);
  });

  test('are read from whatever arrives, or it is refused: nothing else is thrown, and only commits come out', async () => {
    const texts = fc.array(
      fc.oneof(
        fc.constantFrom(SERVICE, END, '0001', packet(`${MAIN}${CAPABLE}\n`), packet(`${B} refs/heads/x\n`)),
        fc.string().map(packet),
        fc.string(),
      ),
      { maxLength: 6 },
    );
    await fc.assert(
      fc.asyncProperty(texts, async (parts) => {
        try {
          for (const commit of Object.values(read(parts.join('')))) expect(commit).toMatch(/^[0-9a-f]{40}$/);
        } catch (error) {
          expect(error).toBeInstanceOf(AdvertisementError);
        }
      }),
      { seed: 20261130, numRuns: 1000 },
    );
  });
});
