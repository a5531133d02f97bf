import Sequencer from '@jest/test-sequencer';

/** Kinds of suites, the slowest first. The suite named by its path takes longer than the rest of its project. */
const KINDS = [
  ({ path }) => ['e2e', 'cases', 'faults'].some((folder) => path.includes(`/test/${folder}/`)),
  ({ path }) => path.includes('/test/adversary/') || path.endsWith('/test/domain/ticket-interleavings.test.ts'),
  ({ context }) => context.config.displayName?.name === 'programs',
  () => true,
];
const kindOf = (test) => KINDS.findIndex((isOf) => isOf(test));

/**
 * Starts long suites first, so that no long suite runs alone at the end. Jest knows how long each suite took the last
 * time. Without an earlier run (a fresh clone) it would sort by file size, but some small suites only name other files.
 */
export default class LongestFirst extends Sequencer {
  sort(tests) {
    return super.sort(tests).sort((one, other) => kindOf(one) - kindOf(other));
  }
}
