import { readEnvironment } from '../deployment/deployments.ts';
import { olderReleasesIn } from '../deployment/older-releases.ts';
import { command } from '../frame/command.ts';
import { numberOption } from '../frame/numbers.ts';
import { CommandError } from '../output/command-error.ts';
import { reportDeployment } from '../watch/report-deployment.ts';

export const rollback = command({
  usage: 'rollback <environment>',
  summary: 'Go back to an older release',
  options: (yargs) =>
    yargs
      .positional('environment', { type: 'string', demandOption: true, describe: 'Environment' })
      .option('release', numberOption('release', 'Its number; usually the one that succeeded before'))
      .option('watch', { type: 'boolean', default: false, describe: 'Wait until the deployment ends' }),
  async run(session) {
    const { api, options } = session;
    const app = await session.application();
    const env = options.environment;
    const { stage, ...environment } = await readEnvironment(api, app, env);
    const [older] = olderReleasesIn(environment);
    const release = options.release ?? older?.release;
    if (release === undefined)
      throw new CommandError('not-found', `nothing older succeeded in ${env} of ${app} among its last deployments`, {
        nextStep: 'Name the release with --release NUMBER.',
      });
    await session.confirmIn(stage, `Roll ${env} of ${app} back to release ${release}?`);
    const deployment = await api.body(
      api.http.POST('/applications/{app}/environments/{env}/deployments', {
        params: { path: { app, env } },
        body: { release, operation: 'rollback' },
      }),
    );
    return reportDeployment(session, deployment, options.watch);
  },
});
