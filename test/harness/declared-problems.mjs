import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { RUN_DIRECTORY } from './run-directory.mjs';

const SUITES = join(import.meta.dirname, '..', 'api');

/**
 * Fails a run in which an operation declared a refusal that no test of the API got from it. The suites cannot know that
 * one by one, so this compares at the end, if all of them ran whole and passed.
 */
export default class DeclaredProblems {
  /** @type {Error | undefined} */
  #error;

  /** @param {{ testNamePattern?: string }} globalConfig */
  constructor({ testNamePattern }) {
    this.isWhole = !testNamePattern;
  }

  /**
   * @param {unknown} _
   * @param {{ numFailedTestSuites: number, testResults: { testFilePath: string }[] }} results
   */
  async onRunComplete(_, { numFailedTestSuites, testResults }) {
    const ran = new Set(testResults.map(({ testFilePath }) => testFilePath));
    const suites = readdirSync(SUITES).filter((name) => name.endsWith('.test.ts'));
    if (!this.isWhole || numFailedTestSuites > 0 || !suites.every((name) => ran.has(join(SUITES, name)))) return;
    process.env.AWS_LAMBDA_FUNCTION_NAME ??= 'stagegate-open';
    const { ANSWERED_PROBLEMS, neverAnswered } = await import('./answered-problems.ts');
    const file = join(process.env[RUN_DIRECTORY] ?? '', ANSWERED_PROBLEMS);
    const missing = await neverAnswered(existsSync(file) ? readFileSync(file, 'utf8') : '');
    if (missing.length === 0) return;
    this.#error = new Error(`declared, but answered in no test of test/api:\n${missing.join('\n')}`);
    console.error(`\n${this.#error.message}`);
  }

  getLastError() {
    return this.#error;
  }
}
