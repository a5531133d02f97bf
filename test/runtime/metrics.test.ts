import { afterEach, beforeEach, expect, test } from '@jest/globals';

// Lambda tells a function its name before it loads it. The query makes it a module of its own.
process.env.AWS_LAMBDA_FUNCTION_NAME = 'other-analyze-plan';
const ofOther = '../../lambdas/runtime/metrics.ts?function=other-analyze-plan';
const { countProviders }: typeof import('../../lambdas/runtime/metrics.ts') = await import(ofOther);

const lines: string[] = [];
const { log } = console;
const { write } = process.stdout;
beforeEach(() => {
  lines.length = 0;
  process.stdout.write = (line) => lines.push(String(line)) > 0;
});
afterEach(() => {
  process.stdout.write = write;
  console.log = log;
});

test('what a plan found in the provider cache is counted under the names that the alarm watches', () => {
  countProviders({ hits: 3, misses: 2, mismatches: 1 });
  const [counted = '{}'] = lines;
  expect(JSON.parse(counted)).toMatchObject({
    service: 'deployments',
    ProviderCacheHits: 3,
    ProviderCacheMisses: 2,
    ProviderCacheMismatches: 1,
    _aws: { CloudWatchMetrics: [{ Namespace: 'Stagegate/other', Dimensions: [['service']] }] },
  });
});
