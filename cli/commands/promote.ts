import { readEnvironment } from '../deployment/deployments.ts';
import { command } from '../frame/command.ts';
import { numberOption } from '../frame/numbers.ts';
import { readPipeline } from '../pipeline/pipeline-now.ts';
import { reportDeployment } from '../watch/report-deployment.ts';

export const promote = command({
  usage: 'promote <environment>',
  summary: 'Deploy a release to an environment, after it succeeded in the one before',
  options: (yargs) =>
    yargs
      .positional('environment', { type: 'string', demandOption: true, describe: 'Where to deploy it' })
      .option('release', numberOption('release', 'Its number; usually the newest that can be promoted'))
      .option('watch', { type: 'boolean', default: false, describe: 'Wait until the deployment ends' }),
  async run(session) {
    const { api, options } = session;
    const app = await session.application();
    const { stage, promotesFrom } = await readEnvironment(api, app, options.environment);
    let release = options.release;
    if (stage === 'production') {
      // What is confirmed is what is asked for: the release that runs in the environment before.
      const { environments } = await readPipeline(api, app);
      release ??= environments.find(({ name }) => name === promotesFrom)?.environment?.deployed?.release;
      await session.confirmIn(
        stage,
        `Promote ${release === undefined ? 'the newest release' : `release ${release}`} to ${options.environment} of ${app}?`,
      );
    }
    const body = { to: options.environment, ...(release !== undefined && { release }) };
    const deployment = await api.body(
      api.http.POST('/applications/{app}/promotions', { params: { path: { app } }, body }),
    );
    return reportDeployment(session, deployment, options.watch);
  },
});
