import { lstatSync, mkdirSync, realpathSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { expect, test } from '@jest/globals';
import * as fc from 'fast-check';
import { followLinks } from '../../../buildspecs/program/reads/follow-links.ts';
import { temporaryDirectory } from '../../local/temporary-directory.ts';

/** Makes what is possible of a tree: a name that is taken stays as it is. */
function make(tree: string, entries: readonly { readonly path: string; readonly target: string | undefined }[]): void {
  for (const { path, target } of entries) {
    try {
      mkdirSync(dirname(join(tree, path)), { recursive: true });
      if (target === undefined) writeFileSync(join(tree, path), '');
      else symlinkSync(target, join(tree, path));
    } catch {}
  }
}

test('leads where the operating system leads, through any links', async () => {
  const name = fc.constantFrom('a', 'b', 'c');
  const path = fc.array(name, { minLength: 1, maxLength: 3 }).map((parts) => parts.join('/'));
  const target = fc.array(fc.constantFrom('a', 'b', 'c', '..', '.'), { minLength: 1, maxLength: 4 });
  const entry = fc.record({
    path,
    target: fc.option(
      target.map((parts) => parts.join('/')),
      { nil: undefined },
    ),
  });
  let compared = 0;
  await fc.assert(
    fc.property(fc.array(entry, { minLength: 1, maxLength: 8 }), path, (entries, asked) => {
      const tree = realpathSync(temporaryDirectory());
      make(tree, entries);
      let real: string | undefined;
      try {
        real = realpathSync.native(join(tree, asked));
      } catch {
        return;
      }
      const inside = relative(tree, real);
      const found = followLinks(tree, asked);
      if (inside.startsWith('..')) expect(found).toBeUndefined();
      else if (found) {
        expect(found.end).toBe(inside || '.');
        for (const link of found.links) expect(lstatSync(join(tree, link)).isSymbolicLink()).toBe(true);
        compared += 1;
      }
    }),
    { seed: 81, numRuns: 150 },
  );
  expect(compared).toBeGreaterThan(20);
});
