/**
 * Loads one bundle in a process of its own and, where an event is given, lets it answer: tells how long both took, and
 * which files were loaded up to then. The hook that counts slows loading down, so one process counts or measures.
 * Plain JavaScript, and nothing else is imported: what takes the types off would warm the modules up.
 */
// @ts-check
import { registerHooks } from 'node:module';

const [url = '', mode = '', event] = process.argv.slice(2);
/** @type {string[]} */
const files = [];
if (mode === 'count')
  registerHooks({
    load: (file, context, nextLoad) => {
      files.push(file);
      return nextLoad(file, context);
    },
  });

const startedCpu = process.cpuUsage();
const started = performance.now();
const module = await import(url);
const imported = {
  milliseconds: performance.now() - started,
  cpuMilliseconds: cpuSince(startedCpu),
  files: [...files],
};
const context = { invokedFunctionArn: 'arn:aws:lambda:eu-west-1:111111111111:function:stagegate-read' };
const response = event === undefined ? undefined : await module.handler(JSON.parse(event), context);
const answered = { milliseconds: performance.now() - started, cpuMilliseconds: cpuSince(startedCpu), files };
process.send?.({ imported, answered, ...(response && { response }) }, () => process.exit());

/** @param {NodeJS.CpuUsage} start */
function cpuSince(start) {
  const { user, system } = process.cpuUsage(start);
  return (user + system) / 1000;
}
