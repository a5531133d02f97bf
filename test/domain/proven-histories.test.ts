import { expect, test } from '@jest/globals';
import * as fc from 'fast-check';
import { HAPPENINGS, type Happening, PlayedHistory } from './histories/played-history.ts';
import { noCounts } from './histories/proof-checker.ts';

/**
 * Tests the second half of rule 1 by random histories: nothing is applied in production whose modules and engine were
 * not in the ledger of the environment before, unless lifted for exactly that, and nothing that was proven is blocked.
 */

/** `STAGEGATE_HISTORIES` and `STAGEGATE_SEED` ask for more and other histories. */
const NUMBER = Number(process.env.STAGEGATE_HISTORIES ?? 80);
const SEED = Number(process.env.STAGEGATE_SEED ?? 3);

const happening = fc.tuple(
  fc.oneof(
    ...(Object.keys(HAPPENINGS) as Happening[]).map((name) => ({
      arbitrary: fc.constant(name),
      weight: HAPPENINGS[name],
    })),
  ),
  fc.nat(99_999),
);

test('whatever happens, only what was proven or lifted is applied, and what was proven is not blocked', async () => {
  const counts = noCounts();
  const beginning = await PlayedHistory.begin();
  expect(beginning.checker.violations).toEqual([]);
  await fc.assert(
    fc.asyncProperty(fc.array(happening, { minLength: 2, maxLength: 8, size: 'max' }), async (script) => {
      const history = beginning.branch(counts);
      await history.perform(script);
      expect(history.checker.violations).toEqual([]);
    }),
    { seed: SEED, numRuns: NUMBER },
  );
  if (process.env.STAGEGATE_HISTORIES !== undefined) console.log(`seed ${SEED}, ${NUMBER} histories`, counts);
  const { appliedInProduction, rolledBackInProduction, appliedWithLift, blockedForModule, blockedForEngine } = counts;
  // Histories without these would have shown nothing.
  for (const times of [
    appliedInProduction,
    rolledBackInProduction,
    appliedWithLift,
    blockedForModule,
    blockedForEngine,
  ])
    expect(times).toBeGreaterThan(0);
});
