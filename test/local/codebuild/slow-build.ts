import { setTimeout as sleep } from 'node:timers/promises';
import { accountId, openBuildCloud } from './open-build-cloud.ts';

/**
 * Runs in its own process, to be killed by a test: starts a build that takes long, and prints its id once one of its
 * commands runs.
 */
const [directory = '', buildspec = ''] = process.argv.slice(2);
const cloud = await openBuildCloud({ directory });
await cloud.addProject('stagegate-slow', buildspec, {
  ServiceRole: `arn:aws:iam::${accountId}:role/stagegate-plan-build`,
});
const commit = cloud.repository.commit({ 'file.txt': 'from the repository\n' });
const { id } = await cloud.start('stagegate-slow', {}, commit);
while (!cloud.log(id).includes('Running command')) await sleep(10);
console.log(id);
