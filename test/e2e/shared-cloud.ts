import { afterAll } from '@jest/globals';
import { type EngineName, TestCloud } from './test-cloud.ts';

let started: Promise<TestCloud> | undefined;

/**
 * Returns the one cloud of all suites of a test file, each of which has its own applications: most of a cloud's cost is
 * its start and the first call of each function. `engine` is for applications that name none.
 */
export function sharedCloud(engine: EngineName = 'opentofu'): Promise<TestCloud> {
  started ??= TestCloud.start({ engine, files: { 'README.md': 'config' } });
  return started;
}

afterAll(async () => (await started)?.stop());
