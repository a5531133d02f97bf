import { afterAll } from '@jest/globals';
import { TestCloud } from './test-cloud.ts';

let started: Promise<TestCloud> | undefined;

/**
 * The one cloud of all suites of a test file, each with applications of its own: most of what a cloud costs is its start
 * and the first call of each function.
 */
export function sharedCloud(): Promise<TestCloud> {
  started ??= TestCloud.start({ engine: 'opentofu' });
  return started;
}

afterAll(async () => (await started)?.stop());
