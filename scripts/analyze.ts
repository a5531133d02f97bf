/** `npm run analyze -- PLAN.json` */
import { analyzeFile } from './analyze-file.ts';
import { commandLine } from './command-line.ts';

process.exitCode = analyzeFile(commandLine(), {
  width: process.stdout.columns,
  hasColors: process.stdout.isTTY === true && !process.env.NO_COLOR,
});
