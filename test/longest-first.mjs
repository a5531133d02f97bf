import Sequencer from '@jest/test-sequencer';

/**
 * End-to-end suites begin first: each takes longer than any other, and where nothing was run before (a fresh clone) Jest
 * would sort by the size of files.
 */
export default class LongestFirst extends Sequencer {
  sort(tests) {
    const isLong = ({ path }) => path.includes('/test/e2e/');
    const sorted = super.sort(tests);
    return [...sorted.filter(isLong), ...sorted.filter((test) => !isLong(test))];
  }
}
