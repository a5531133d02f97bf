import { findDeployment } from '../deployment/deployments.ts';
import { command } from '../frame/command.ts';
import { CommandError } from '../output/command-error.ts';
import { approvalPage } from '../page/pages-of.ts';

export const open = command({
  usage: 'open <environment>',
  summary: 'Open the page of the deployment in the browser: its approval in a local cloud, else its execution',
  options: (yargs) =>
    yargs
      .positional('environment', { type: 'string', demandOption: true, describe: 'Environment' })
      .option('deployment', { type: 'string', requiresArg: true, describe: 'Id of another deployment' }),
  async run(session) {
    const { api, options, surroundings } = session;
    const app = await session.application();
    const found = await findDeployment(api, app, options.environment, options.deployment);
    const url = (await approvalPage(api, found)) ?? found.links.execution;
    if (url === undefined)
      throw new CommandError('not-found', `the deployment ${found.id} has no page`, {
        nextStep: 'An approver has the link to the approval page in an e-mail.',
      });
    const isOpened = !options.json && surroundings.terminal !== undefined && (await surroundings.openBrowser(url));
    session.report({ url }, (harmless) => (isOpened ? `Opened ${harmless.url}` : harmless.url));
    return 'ok';
  },
});
