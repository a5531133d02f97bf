import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { setImmediate as turn } from 'node:timers/promises';
import { expect, test } from '@jest/globals';
import { fillProviderCache } from '../../buildspecs/program/providers/fill-provider-cache.ts';
import { readLockFile } from '../../buildspecs/program/providers/lock-file.ts';
import { mirrorIn, packedPath } from '../../buildspecs/program/providers/mirror.ts';
import { temporaryDirectory } from '../local/temporary-directory.ts';
import { fakePackage, lockFileOf } from './providers/packages.ts';

const PLATFORM = 'linux_arm64';

test('a package that cannot be kept is told when all others are: nothing is stored while the build goes on', async () => {
  const workDirectory = temporaryDirectory();
  const lockFile = join(workDirectory, '.terraform.lock.hcl');
  const packages = ['broken', 'slow'].map((type) => ({ type, ...fakePackage('1.0.0', type, type) }));
  const text = packages
    .map(({ type, sha256 }) => lockFileOf(`registry.example.invalid/acme/${type}`, '1.0.0', [`zh:${sha256}`]))
    .join('\n');
  writeFileSync(lockFile, text);
  const misses = await readLockFile(lockFile, text);
  for (const provider of misses)
    mkdirSync(dirname(packedPath(mirrorIn(workDirectory), provider, PLATFORM)), { recursive: true });

  let fail: () => void = () => undefined;
  const failed = new Promise<void>((resolve) => {
    fail = resolve;
  });
  const stored: string[] = [];
  const log: string[] = [];
  const prepared = { environment: {}, hits: [], misses, mismatches: 0 };
  const filled = await fillProviderCache(prepared, {
    lockFile,
    workDirectory,
    platform: PLATFORM,
    async runEngine(_, given) {
      for (const [index, provider] of misses.entries()) {
        const file = packedPath(given.at(-1) ?? '', provider, PLATFORM);
        mkdirSync(dirname(file), { recursive: true });
        writeFileSync(file, packages[index]?.zip ?? '');
      }
      return undefined;
    },
    cache: {
      async store(_, { file }) {
        if (file.includes('broken')) return 'stored';
        await failed;
        // Longer than the report of the failure takes.
        for (let left = 100; left > 0; left--) await turn();
        stored.push('slow');
        return 'stored';
      },
    },
    log(line) {
      log.push(line);
      if (!line.includes('broken')) return;
      fail();
      throw new Error('nobody can be told');
    },
  });
  expect([filled, stored]).toEqual([prepared, ['slow']]);
  expect(log.at(-1)).toBe('the provider cache is not filled: Error');
});
