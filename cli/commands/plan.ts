import { findDeployment } from '../deployment/deployments.ts';
import { command } from '../frame/command.ts';
import { describePlan, readPlan } from '../plan/plan.ts';

export const plan = command({
  usage: 'plan <environment>',
  summary: 'Show what the deployment under way would do, or what the last one did: changes, cost, blast radius',
  options: (yargs) =>
    yargs
      .positional('environment', { type: 'string', demandOption: true, describe: 'Environment' })
      .option('deployment', { type: 'string', requiresArg: true, describe: 'Id of another deployment' }),
  async run(session) {
    const { api, options, surroundings } = session;
    const app = await session.application();
    const hasPlan = ({ planDigest }: { planDigest: string | null }) => planDigest !== null;
    const found = await findDeployment(api, app, options.environment, options.deployment, hasPlan);
    const analysis = await readPlan(api, found);
    session.report(analysis, (harmless) => describePlan(found, harmless, surroundings.terminal));
    return 'ok';
  },
});
