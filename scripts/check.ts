import { runSteps, type Step } from './run-steps.ts';

/**
 * `npm run check`: checks types, lint, format, unused code, the generated client and the OpenAPI document. It reports all
 * failures, not only the first one.
 */
const steps: Step[] = [
  { name: 'types', command: 'tsc', args: ['-p', '.'] },
  { name: 'types of what runs in browsers', command: 'tsc', args: ['-p', 'cli/board/browser'] },
  { name: 'lint and format', command: 'biome', args: ['ci', '.'] },
  { name: 'unused code', command: 'knip', args: [] },
  { name: 'generated code', command: process.execPath, args: ['scripts/cli/generate.ts', '--check'] },
  { name: 'lint of the API', command: process.execPath, args: ['scripts/api/lint.ts'] },
];

const failed = await runSteps(steps);
if (failed.length > 0) {
  console.error(`\ncheck failed: ${failed.join(', ')}`);
  process.exitCode = 1;
}
