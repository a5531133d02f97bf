import { runSteps } from './run-steps.ts';

/** `npm test [-- jest arguments]`: runs all test suites. */
const failed = await runSteps([
  {
    name: 'tests',
    command: process.execPath,
    args: ['--experimental-vm-modules', '--no-warnings', 'node_modules/jest/bin/jest.js', ...process.argv.slice(2)],
  },
]);
process.exitCode = failed.length === 0 ? 0 : 1;
