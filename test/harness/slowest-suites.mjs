const SHOWN = 10;

/** Prints the slowest suites at the end of a run, for people. No test asserts these times. */
export default class SlowestSuites {
  /**
   * @param {unknown} _
   * @param {{ testResults: { testFilePath: string, perfStats: { runtime: number } }[] }} results
   */
  onRunComplete(_, { testResults }) {
    if (testResults.length <= SHOWN) return;
    const suites = testResults
      .map(({ testFilePath, perfStats }) => ({ path: testFilePath, seconds: perfStats.runtime / 1000 }))
      .sort((one, other) => other.seconds - one.seconds);
    const all = suites.reduce((sum, { seconds }) => sum + seconds, 0);
    const lines = suites
      .slice(0, SHOWN)
      .map(({ path, seconds }) => `${seconds.toFixed(1).padStart(7)} s  ${path.replace(`${process.cwd()}/`, '')}`);
    console.log(
      `\nThe ${SHOWN} slowest of ${suites.length} suites (${all.toFixed(0)} worker seconds):\n${lines.join('\n')}`,
    );
  }
}
