import { describe, expect, test } from '@jest/globals';
import * as fc from 'fast-check';
import type { ApplicationReads } from '../../../../lambdas/domain/model/concern/application-reads.ts';
import { concerns } from '../../../../lambdas/domain/model/concern/concerns.ts';
import { readsOf, withoutReads, withReads } from '../../../../lambdas/domain/model/concern/known-reads.ts';

const NOTHING = { paths: [], areAll: true };
const UNKNOWN = { paths: [], areAll: false };
const reading = (...paths: readonly string[]) => ({ paths, areAll: true });
const web = (reads: { readonly paths: readonly string[]; readonly areAll: boolean }) => ({
  name: 'web',
  registered: new Set(['web', 'api']),
  reads,
});
const push = (...changedPaths: readonly string[]) => ({ forced: false, changedPaths: [...changedPaths] });

describe('a push concerns an application', () => {
  test.each([
    ['a change of the application', 'apps/web/dev1/main.tf', NOTHING, true],
    ['a change of another application', 'apps/api/dev1/main.tf', NOTHING, false],
    ['a change of another application, where reads are unknown', 'apps/api/dev1/main.tf', UNKNOWN, false],
    ['an application whose name begins the same', 'apps/web-2/x.tf', NOTHING, false],
    ['a shared module', 'modules/web/main.tf', NOTHING, true],
    ['a file at the top', 'README.md', NOTHING, true],
    ['a file right below apps', 'apps/versions.tf', NOTHING, true],
    ['a file called like the application', 'apps/web', NOTHING, true],
    ['a directory apps somewhere else', 'modules/apps/api/x.tf', NOTHING, true],

    ['a directory that belongs to nobody', 'apps/_modules/vpc/main.tf', NOTHING, false],
    ['a directory that belongs to nobody, where reads are unknown', 'apps/_modules/vpc/main.tf', UNKNOWN, true],
    ['a module in it', 'apps/_modules/vpc/main.tf', reading('apps/_modules/vpc'), true],
    ['deep in a module', 'apps/_modules/vpc/files/a/b.json', reading('apps/_modules/vpc'), true],
    ['beside a module', 'apps/_modules/vpc-2/main.tf', reading('apps/_modules/vpc'), false],
    ['beside a file', 'apps/_common/common.tf.bak', reading('apps/_common/common.tf'), false],
    ['a file', 'apps/_common/common.tf', reading('apps/_common/common.tf'), true],
    ['a file whose name has other letters', 'apps/_common/Common.tf', reading('apps/_common/common.tf'), false],
    ['a module of another application', 'apps/api/modules/q/main.tf', reading('apps/api/modules/q'), true],
    ['another file of that application', 'apps/api/dev1/main.tf', reading('apps/api/modules/q'), false],
    ['what takes the place of a directory above', 'apps/_modules/net', reading('apps/_modules/net/vpc/main.tf'), true],
    ['beside a directory above', 'apps/_modules/x', reading('apps/_modules/net/vpc/main.tf'), false],
    ['anything, if the whole repository is read', 'apps/api/dev1/main.tf', reading('.'), true],
    ['anything below apps, if that is read', 'apps/api/dev1/main.tf', reading('apps'), true],
  ])('%s: %s', (_, path, reads, isConcerned) => {
    expect(concerns(push(path), web(reads))).toBe(isConcerned);
    expect(concerns(push('apps/api/x/README.md', path), web(reads))).toBe(isConcerned || reads.paths.includes('apps'));
  });

  test.each([
    ['without any change', { forced: false, changedPaths: [] }],
    ['with a list that was cut', { forced: false, changedPaths: undefined }],
    ['by force', { forced: true, changedPaths: ['apps/api/x.tf'] }],
  ])('%s', (_, facts) => {
    expect(concerns(facts, web(NOTHING))).toBe(true);
  });

  test('exactly as a plain model says', async () => {
    const part = fc.constantFrom('apps', 'web', 'api', '_m', 'a', 'b');
    const path = fc.array(part, { minLength: 1, maxLength: 5 }).map((parts) => parts.join('/'));
    const paths = fc.array(path, { minLength: 1, maxLength: 4 });
    await fc.assert(
      fc.property(paths, paths, fc.boolean(), (changed, read, areAll) => {
        expect(concerns(push(...changed), web({ paths: read, areAll }))).toBe(
          changed.some((each) => {
            if (read.some((other) => `${each}/`.startsWith(`${other}/`) || `${other}/`.startsWith(`${each}/`)))
              return true;
            if (!/^apps\/[^/]+\//.test(each) || each.startsWith('apps/web/')) return true;
            return !areAll && !each.startsWith('apps/api/');
          }),
        );
      }),
      { seed: 8, numRuns: 2000 },
    );
  });
});

describe('what an application reads', () => {
  const PIPELINE = { pipeline: ['dev1', 'stage1'], newest: 3 };
  const WHERE = { application: 'web', environment: 'dev1', release: 3 };
  const COMPLETE = { paths: ['apps/_a'], isComplete: true };
  const planned = (dev1: object = {}, stage1: object = {}): ApplicationReads => {
    const first = withReads(undefined, { ...WHERE, ...dev1 }, { ...COMPLETE, ...dev1 });
    return withReads(
      first,
      { ...WHERE, environment: 'stage1', release: 1, ...stage1 },
      { ...COMPLETE, paths: ['apps/_b'], ...stage1 },
    );
  };

  test('is what any of its environments reads', () => {
    expect(readsOf(planned(), PIPELINE)).toEqual({ paths: ['apps/_a', 'apps/_b'], areAll: true });
  });

  test.each([
    ['nothing was planned', undefined],
    ['an environment was never planned', withReads(undefined, WHERE, COMPLETE)],
    ['the newest release was not planned in the first one', planned({ release: 2 })],
    ['a configuration names too little', planned({ isComplete: false })],
    ['a later configuration names too little', planned({}, { isComplete: false })],
  ])('is not all that it reads, as long as %s', (_, known) => {
    expect(readsOf(known, PIPELINE).areAll).toBe(false);
  });

  test('is not known of a pipeline without environments, or before the first release', () => {
    expect(readsOf(planned(), { pipeline: [], newest: 3 }).areAll).toBe(false);
    expect(readsOf(undefined, { pipeline: ['dev1'], newest: 0 }).areAll).toBe(false);
  });

  test('is what the newest release reads: a plan of an older one changes nothing', () => {
    const known = planned();
    expect(withReads(known, { ...WHERE, release: 2 }, { ...COMPLETE, paths: [] })).toEqual(known);
    const again = withReads(known, WHERE, { ...COMPLETE, paths: ['apps/_c'] });
    expect(readsOf(again, PIPELINE).paths).toEqual(['apps/_b', 'apps/_c']);
  });

  test('is forgotten with the environment', () => {
    const left = withoutReads(planned(), 'stage1');
    expect(readsOf(left, PIPELINE)).toEqual({ paths: ['apps/_a'], areAll: false });
    expect(withoutReads(left, 'stage1')).toEqual(left);
  });

  test('fits into a record, however many environments there are', () => {
    const paths = Array.from({ length: 16 }, (_, at) => `apps/_${at}/${'x'.repeat(1000)}`);
    let known: ApplicationReads | undefined;
    for (let at = 0; at < 30; at++)
      known = withReads(known, { ...WHERE, environment: `e${at}` }, { paths, isComplete: true });
    expect(known?.environments).toHaveLength(30);
    expect(JSON.stringify(known).length).toBeLessThan(400_000);
    expect(known?.environments.at(-1)).toMatchObject({ paths: [], isComplete: false });
  });
});
