/** Entry of the apply build: `node apply.mjs`. */
import { type ApplyProgress, applyPlan, judgeFailedApply } from './apply-plan.ts';
import { runApplyBuild } from './build/run-build.ts';
import { thisMachine } from './build/this-machine.ts';

const progress: ApplyProgress = {};
const isSuccessful = await runApplyBuild(
  thisMachine(),
  (build) => applyPlan(build, progress),
  (build, error) => judgeFailedApply(build, error, progress),
);
process.exit(isSuccessful ? 0 : 1);
