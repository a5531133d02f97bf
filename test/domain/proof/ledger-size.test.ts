import { describe, expect, test } from '@jest/globals';
import type { Composition } from '../../../lambdas/domain/model/proof/composition.ts';
import { LEDGER_PAGES } from '../../../lambdas/domain/model/proof/ledger.ts';
import { enterInLedger } from '../../../lambdas/domain/proof/ledger.ts';
import { World } from '../../harness/world.ts';

/** Bytes of an item of DynamoDB, and of all that a transaction writes. */
const MOST_OF_AN_ITEM = 400_000;
const MOST_OF_A_TRANSACTION = 4_000_000;

const WHERE = { application: 'my-app', environment: 'stage1' };
const identity = (at: number, digit = 'a') => digit + at.toString(16).padStart(63, '0');

describe('the ledger', () => {
  test.each(['x', '名', '\u0001', '\ud83d'])(
    'never outgrows an item or a transaction, whatever sources say: %j',
    async (letter) => {
      const world = await World.open();
      const state = { ...(await world.state('stage1')), successes: 0 };
      for (let success = 1; success <= 2; success += 1) {
        const modules = Array.from({ length: 300 }, (_, at) =>
          [...'0123456789abcdef'].map((digit) => ({
            identity: identity(at + success * 1000, digit),
            source: letter.repeat(300),
            version: letter.repeat(300),
            calls: ['module.web'],
            inUse: true,
          })),
        ).flat();
        const composition: Composition = {
          deploymentId: 'my-app-stage1-1-abc123',
          round: 1,
          engine: { name: 'terraform', version: '1.11.4' },
          modules,
        };
        await world.store.transact((transaction) =>
          enterInLedger(transaction, { ...state, successes: success }, success, composition),
        );
      }
      const pages = await Promise.all(LEDGER_PAGES.map((page) => world.store.get('ledgerPage', { ...WHERE, page })));
      const bytes = pages.map((page) => Buffer.byteLength(JSON.stringify(page ?? {})));
      // What was seen last is still there.
      const kept = pages.flatMap((page) => page?.entries.map(({ newest }) => newest.success) ?? []);
      expect(new Set(kept)).toContain(2);
      expect(kept.filter((success) => success === 2).length).toBeGreaterThan(
        kept.filter((success) => success === 1).length,
      );
      expect(Math.max(...bytes)).toBeLessThan(MOST_OF_AN_ITEM);
      expect(bytes.reduce((sum, each) => sum + each, 0)).toBeLessThan(MOST_OF_A_TRANSACTION - MOST_OF_AN_ITEM);
    },
  );
});
