import Sequencer from '@jest/test-sequencer';

/** Kinds of suites, those that take longest first; a path stands for what takes longer than the rest of its project. */
const KINDS = [
  ({ path }) => path.includes('/test/e2e/'),
  ({ path }) => path.includes('/test/adversary/') || path.endsWith('/test/domain/ticket-interleavings.test.ts'),
  ({ context }) => context.config.displayName?.name === 'programs',
  () => true,
];
const kindOf = (test) => KINDS.findIndex((isOf) => isOf(test));

/**
 * Long suites begin first, so that none is left alone at the end. Jest knows how long each took the last time; where
 * nothing was run before (a fresh clone) it would sort by the size of files, and some only name other files.
 */
export default class LongestFirst extends Sequencer {
  sort(tests) {
    return super.sort(tests).sort((one, other) => kindOf(one) - kindOf(other));
  }
}
