import { afterAll } from '@jest/globals';
import { type EngineName, TestCloud } from './test-cloud.ts';

let started: Promise<TestCloud> | undefined;

/**
 * The one cloud of all suites of a test file, each with applications of its own: most of what a cloud costs is its start
 * and the first call of each function. The engine is that of applications that name none.
 */
export function sharedCloud(engine: EngineName = 'opentofu'): Promise<TestCloud> {
  started ??= TestCloud.start({ engine, files: { 'README.md': 'config' } });
  return started;
}

afterAll(async () => (await started)?.stop());
