import { type Environment, readEnvironment } from '../deployment/deployments.ts';
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
    const newest = newestAppliedIn(environment);
    const older = environment.history.find(
      ({ status, operation, release }) =>
        status === 'succeeded' && operation !== 'destroy' && release !== null && release < newest,
    );
    const release = options.release ?? older?.release ?? undefined;
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

/** The newest release of which something is applied: the one that is deployed, or one that failed half way since then. */
function newestAppliedIn({ deployed, history }: Pick<Environment, 'deployed' | 'history'>): number {
  const lastSuccess = history.findIndex(({ status }) => status === 'succeeded');
  const halfDone = history
    .slice(0, Math.max(0, lastSuccess))
    .filter(({ status, operation, applied }) => status === 'failed' && operation === 'deploy' && applied !== 'no')
    .map(({ release }) => release ?? 0);
  return Math.max(deployed?.release ?? 0, ...halfDone);
}
