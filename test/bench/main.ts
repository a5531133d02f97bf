import { describeMeasurements, measureAnalysis } from './analyze.ts';
import { describeColdStarts, measureColdStarts } from './cold-start.ts';
import { measureDeployments } from './deployments.ts';

/** `npm run bench`: figures, not judgements. Each is paired with a baseline measured in the same run. */
console.log('Plan analysis by size of the plan (median of 3 processes)\n');
console.log(describeMeasurements(measureAnalysis()));

console.log('\nCold starts beside a hello-world (median of 5 processes)\n');
console.log(describeColdStarts(await measureColdStarts()));

console.log('\nA development deployment in the local cloud beside the same work by bare Terraform (median of 5)\n');
const { deploymentMilliseconds, bareMilliseconds } = await measureDeployments();
console.log(`  push to succeeded  ${deploymentMilliseconds.toFixed(0)} ms`);
console.log(`  bare Terraform     ${bareMilliseconds.toFixed(0)} ms`);
console.log(`  ratio              ${(deploymentMilliseconds / bareMilliseconds).toFixed(1)}`);
