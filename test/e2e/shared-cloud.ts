import { afterAll } from '@jest/globals';
import { buildsOutsideOfJest } from '../harness/outside-of-jest.ts';
import { type EngineName, TestCloud } from './test-cloud.ts';

let started: Promise<TestCloud> | undefined;

/**
 * Returns the one cloud of all suites of a test file, each of which has its own applications: most of a cloud's cost is
 * its start and the first call of each function. Their builds run in this process. `engine` is for applications that name
 * none.
 */
export function sharedCloud(engine: EngineName = 'opentofu'): Promise<TestCloud> {
  started ??= start(engine);
  return started;
}

const start = async (engine: EngineName) =>
  TestCloud.start({ engine, files: { 'README.md': 'config' }, buildStandIn: await buildsOutsideOfJest() });

afterAll(async () => (await started)?.stop());
