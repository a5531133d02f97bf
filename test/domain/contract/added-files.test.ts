import { describe, expect, test } from '@jest/globals';
import { AddedFilesSchema, listAdded } from '../../../lambdas/domain/contract/added-files.ts';

describe('files that a plan left', () => {
  const listed = (...paths: readonly string[]) => AddedFilesSchema.parse(listAdded(paths));

  test('are listed by their paths, and counted where there are too many', () => {
    expect(listed('b.zip', 'a.zip')).toEqual({ count: 2, paths: ['a.zip', 'b.zip'] });
    const many = listed(...Array.from({ length: 150 }, (_, index) => `${index}`));
    expect([many.count, many.paths.length]).toEqual([150, 100]);
  });

  test('keep beginning and end of a long path, where it says what they are', () => {
    const { paths } = listed(`build/${'x'.repeat(400)}/run.sh`);
    expect(paths).toEqual([`build/${'x'.repeat(143)}…${'x'.repeat(143)}/run.sh`]);
    expect(AddedFilesSchema.parse({ count: 1, paths })).toEqual({ count: 1, paths });
  });

  test('keep a path whole that is just not too long, and characters of every size', () => {
    const path = '🌍'.repeat(300);
    expect(listed(path).paths).toEqual([path]);
    expect(listed(`${path}🌍`).paths).toEqual([`${'🌍'.repeat(149)}…${'🌍'.repeat(150)}`]);
  });
});
