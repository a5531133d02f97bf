/** Entry of the plan build: `node plan.mjs`. */
import { runPlanBuild } from './build/run-build.ts';
import { thisMachine } from './build/this-machine.ts';
import { planEnvironment } from './plan-environment.ts';

const isSuccessful = await runPlanBuild(thisMachine(), planEnvironment);
process.exit(isSuccessful ? 0 : 1);
