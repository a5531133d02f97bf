import { beforeAll, describe, expect, test } from '@jest/globals';
import type { RepositoryHeads } from '../../lambdas/domain/ports.ts';

interface Open {
  readonly heads: RepositoryHeads;
  /** Address of a repository with these branches and tags besides. */
  readonly url: string;
  readonly branches: ReadonlyMap<string, string>;
  /** Address of a repository without commits. */
  readonly empty: string;
  /** Address on the same host at which there is no repository. */
  readonly absent: string;
}

/** What everything that calls itself RepositoryHeads must do. */
export function describeRepositoryHeads(name: string, open: () => Promise<Open>): void {
  describe(name, () => {
    let opened: Open = {} as Open;
    beforeAll(async () => {
      opened = await open();
    });

    test('tells the commit of each branch, and of nothing else', async () => {
      const { heads, url, branches } = opened;
      const told = await heads.of(url);
      expect(told).toEqual({ kind: 'branches', branches });
      expect(branches.size).toBeGreaterThan(1);
    });

    test('tells that a repository has no branches', async () => {
      expect(await opened.heads.of(opened.empty)).toEqual({ kind: 'branches', branches: new Map() });
    });

    test('tells why it knows none of a repository that is not there', async () => {
      expect(await opened.heads.of(opened.absent)).toMatchObject({
        kind: 'refused',
        problem: expect.stringContaining('answers 404'),
      });
    });
  });
}
