/** Entry of the inspect build: `node inspect.mjs`. */
import { runInspectBuild } from './build/run-build.ts';
import { thisMachine } from './build/this-machine.ts';
import { inspectPlan } from './inspect-plan.ts';

const isSuccessful = await runInspectBuild(thisMachine(), inspectPlan);
process.exit(isSuccessful ? 0 : 1);
