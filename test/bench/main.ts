import { describeMeasurements, measureAnalysis } from './analyze.ts';
import { describeBoard, measureBoard } from './board.ts';
import { describeColdStarts, measureColdStarts } from './cold-start.ts';
import { describeIdleInstallation, measureIdleInstallation } from './idle/idle-installation.ts';
import { describeIdentities, measureIdentities } from './module-identities.ts';
import { describePipelines, measurePipelines } from './pipelines.ts';
import { describePromotions, measurePromotions } from './promotions.ts';
import { describeSlowPlans, measureSlowPlans } from './slow-plans.ts';

/**
 * `npm run bench [-- --json]`: figures, not judgements. Each is paired with a baseline measured in the same run; what is
 * left of the time is explained in docs/performance.md. With --json one document on stdout, progress on stderr.
 */
const [flag, ...more] = process.argv.slice(2);
if ((flag !== undefined && flag !== '--json') || more.length > 0) {
  console.error('usage: npm run bench -- [--json]');
  process.exit(2);
}

const doing = (what: string) => console.error(`bench: ${what} …`);

doing('plan analysis by size');
const analysis = measureAnalysis();
doing('identities of large modules');
const identities = measureIdentities();
doing('cold starts of every function');
const coldStarts = await measureColdStarts();
doing('an idle installation of 1,000 applications');
const idle = await measureIdleInstallation();
doing('the pipelines of 300 applications');
const pipelines = await measurePipelines();
doing('the board with 300 applications');
const board = await measureBoard();
doing('releases from push to prod1');
const promotions = await measurePromotions((run) => doing(run === 0 ? 'warm' : `release ${run} is in prod1`));
doing('plans that take their time');
const slowPlans = await measureSlowPlans();

if (flag === '--json')
  process.stdout.write(
    `${JSON.stringify({ ...promotions, slowPlans, coldStarts, idle, pipelines, board, analysis, identities }, null, 2)}\n`,
  );
else {
  console.log('\nA release in the local cloud beside the same jobs by bare Terraform (medians of 5)\n');
  console.log(describePromotions(promotions));
  console.log('\nA plan build beside the time its engine takes (medians of 3)\n');
  console.log(describeSlowPlans(slowPlans));
  console.log('\nCold starts beside a handler that does nothing (medians of 5 processes)\n');
  console.log(describeColdStarts(coldStarts));
  console.log('\nAn idle installation: requests of each run, and dollars a month at list prices\n');
  console.log(describeIdleInstallation(idle));
  console.log('\nThe pipelines of all applications (GET /applications?include=pipeline)\n');
  console.log(describePipelines(pipelines));
  console.log('\nThe board in a browser, beside the requests to the API alone (medians of 5)\n');
  console.log(describeBoard(board));
  console.log('\nIdentities of modules beside sha256sum of the same files (medians of 3 processes)\n');
  console.log(describeIdentities(identities));
  console.log('\nPlan analysis by size of the plan (median of 3 processes)\n');
  console.log(describeMeasurements(analysis));
}
