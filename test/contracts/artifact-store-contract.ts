import { createHash } from 'node:crypto';
import { beforeAll, describe, expect, test } from '@jest/globals';
import type { ArtifactStore } from '../../lambdas/domain/ports.ts';

/** What everything that calls itself an ArtifactStore must do. */
export function describeArtifactStore(
  name: string,
  open: () => Promise<{
    readonly store: ArtifactStore;
    /** Puts an object with its SHA-256, as builds do. */
    readonly putWithSum: (key: string, text: string) => Promise<void>;
  }>,
): void {
  describe(name, () => {
    let store: ArtifactStore;
    let putWithSum: (key: string, text: string) => Promise<void>;
    beforeAll(async () => {
      ({ store, putWithSum } = await open());
    });

    test('gives back what was put, with its version', async () => {
      const value = { text: 'größer 🚀', list: [1, null, true], nested: { big: 1e300 } };
      const { key, versionId } = await store.putJson('runs/a/b/plan/result.json', value);
      expect(await store.getJson(key)).toEqual({ value, versionId });
      expect(await store.getJson(key, versionId)).toEqual({ value, versionId });
    });

    test('keeps every version, and gives the newest when none is named', async () => {
      const first = await store.putJson('versions', 1);
      const second = await store.putJson('versions', 2);
      expect(first.versionId).not.toBe(second.versionId);
      expect((await store.getJson('versions', first.versionId))?.value).toBe(1);
      expect((await store.getJson('versions'))?.value).toBe(2);
    });

    test('gives the newest text of an object with the time it was put there', async () => {
      await store.putJson('texts', 'older');
      await store.putJson('texts', 'größer 🚀');
      const found = await store.getText('texts');
      expect(found?.text).toBe('"größer 🚀"');
      expect(found?.modifiedAt).toMatch(/^20\d\d-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
    });

    test('copies an object once, and knows its own copy again', async () => {
      await putWithSum('copies/from in +ü', '"größer 🚀"');
      const sha256 = createHash('sha256').update('"größer 🚀"').digest('hex');
      const copy = await store.copyOnce('copies/from in +ü', 'copies/to');
      expect(copy).toEqual({ key: 'copies/to', versionId: expect.any(String), sha256 });
      expect(await store.getJson('copies/to')).toEqual({ value: 'größer 🚀', versionId: copy?.versionId });
      expect(await store.copyOnce('copies/from in +ü', 'copies/to')).toMatchObject({ key: 'copies/to', sha256 });
    });

    test('does not copy what is not there', async () => {
      expect(await store.copyOnce('nowhere', 'copies/free')).toBeUndefined();
      expect(await store.getJson('copies/free')).toBeUndefined();
    });

    test.each([true, false])('deletes for good (a version is named: %s), also what is not there', async (isNamed) => {
      const key = `deletions/${isNamed}`;
      const { versionId } = await store.putJson(key, 1);
      expect(await store.isThere({ key, versionId })).toBe(true);
      for (const _again of [1, 2]) {
        await store.deleteForGood(key, isNamed ? versionId : undefined);
        expect(await store.getJson(key)).toBeUndefined();
        expect(await store.getJson(key, versionId)).toBeUndefined();
        expect(await store.isThere({ key, versionId })).toBe(false);
      }
    });

    test('knows nothing of an object, or of a version, that is not there', async () => {
      expect(await store.getJson('nowhere')).toBeUndefined();
      expect(await store.getText('nowhere')).toBeUndefined();
      const { versionId } = await store.putJson('somewhere', 1);
      const other = versionId.replace(/./, (digit) => (digit === '1' ? '2' : '1'));
      expect(await store.getJson('somewhere', other)).toBeUndefined();
    });
  });
}
