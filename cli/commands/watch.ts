import { findDeployment } from '../deployment/deployments.ts';
import { command } from '../frame/command.ts';
import { numberOption } from '../frame/numbers.ts';
import { watchDeployment } from '../watch/watch-deployment.ts';
import { watchRelease } from '../watch/watch-release.ts';

export const watch = command({
  usage: 'watch [environment]',
  summary: 'Watch the newest release, or the deployment in one environment, until it ends',
  options: (yargs) =>
    yargs
      .positional('environment', { type: 'string', describe: 'Environment' })
      .option('deployment', { type: 'string', requiresArg: true, describe: 'Id of a deployment in it' })
      .option('release', numberOption('release', 'Number of another release'))
      .implies('deployment', 'environment')
      .conflicts('release', 'environment'),
  async run(session) {
    const { environment, deployment, release } = session.options;
    const app = await session.application();
    if (environment === undefined) return watchRelease(session, app, release);
    return watchDeployment(session, await findDeployment(session.api, app, environment, deployment));
  },
});
