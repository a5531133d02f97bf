import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setImmediate as turn } from 'node:timers/promises';
import { expect, test } from '@jest/globals';
import { pack, unpack } from '../../buildspecs/program/bundle/archive.ts';
import { temporaryDirectory } from '../local/temporary-directory.ts';

/** Contents that gzip cannot shorten, so that half of an archive holds half of its files. */
const CONTENT = Buffer.from(crypto.getRandomValues(new Uint8Array(2000)));

function directoryWith(names: readonly string[]): string {
  const directory = temporaryDirectory();
  mkdirSync(join(directory, 'tree'));
  for (const name of names) writeFileSync(join(directory, name), Buffer.concat([Buffer.from(name), CONTENT]));
  return directory;
}

const names = Array.from({ length: 100 }, (_, index) => `tree/file-${String(index).padStart(3, '0')}`);

test('an archive that ends half way is refused when nothing of it is being written any more', async () => {
  const { bytes } = await pack(directoryWith(names), names);
  const target = temporaryDirectory();
  await expect(unpack(bytes.subarray(0, bytes.length / 2), target)).rejects.toThrow();
  const laidOut = readdirSync(join(target, 'tree')).sort();
  expect(laidOut[0]).toBe('file-000');
  expect(laidOut.length).toBeLessThan(names.length);
});

test('of several files that cannot be read one is told, and the others are the end of nothing', async () => {
  const gone = ['tree/gone-1', 'tree/gone-2', 'tree/gone-3', 'tree/gone-4'];
  const directory = directoryWith(names);
  for (let round = 0; round < 20; round++) {
    await expect(pack(directory, ['tree/file-000', ...gone])).rejects.toThrow('ENOENT');
    // A failure that comes later comes in one of the next turns.
    for (let left = 10; left > 0; left--) await turn();
  }
});

test('a path of more than a thousand directories is unpacked as it was packed', async () => {
  const directory = temporaryDirectory();
  const deep = 'd/'.repeat(1100);
  mkdirSync(join(directory, deep), { recursive: true });
  writeFileSync(join(directory, deep, 'file'), 'x');
  const target = temporaryDirectory();
  await unpack((await pack(directory, [`${deep}file`])).bytes, target);
  expect(readFileSync(join(target, deep, 'file'), 'utf8')).toBe('x');
});
