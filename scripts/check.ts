import { spawnSync } from 'node:child_process';
import { runSteps, type Step } from './run-steps.ts';

/** `npm run check`: types, lint and format, unused code. Everything is reported, not only the first failure. */
const steps: Step[] = [
  { name: 'types', command: 'tsc', args: ['-p', '.'] },
  { name: 'lint and format', command: 'biome', args: ['ci', '.'] },
  { name: 'unused code', command: 'knip', args: [] },
];

if (spawnSync('shellcheck', ['--version']).status === 0)
  steps.push({ name: 'shell scripts', command: 'bash', args: ['-c', 'shellcheck -x buildspecs/scripts/*.sh'] });
else console.log('shellcheck is not installed; the build scripts are checked where it is');

const failed = await runSteps(steps);
if (failed.length > 0) {
  console.error(`\ncheck failed: ${failed.join(', ')}`);
  process.exitCode = 1;
}
