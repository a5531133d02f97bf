import { checkApplication } from '../doctor/application-checks.ts';
import { readApplicationFacts } from '../doctor/application-facts.ts';
import { unknown } from '../doctor/check.ts';
import { describeChecks } from '../doctor/describe-checks.ts';
import { checkInstallation } from '../doctor/installation-checks.ts';
import { command } from '../frame/command.ts';
import { CommandError } from '../output/command-error.ts';
import { SeveralApplicationsError } from '../working-copy/application.ts';

export const doctor = command({
  usage: 'doctor [app]',
  summary: 'Check the installation and an application: roles, quotas, DNS, approvers, versions',
  options: (yargs) => yargs.positional('app', { type: 'string', describe: 'Application' }),
  async run(session) {
    const { api, options, surroundings } = session;
    const installation = await checkInstallation(api, surroundings.version, options.region);
    const app = await session.application().catch((error: unknown) => {
      // Without an application, or with several, the installation alone can be looked at.
      if (error instanceof SeveralApplicationsError) return error;
      if (error instanceof CommandError && error.ending === 'not-found') return undefined;
      throw error;
    });
    const own = typeof app === 'string' ? await checkApplication(await readApplicationFacts(api, app)) : [];
    if (app instanceof SeveralApplicationsError) own.push(unknown('application', app.message, app.nextStep));
    const checks = [...installation, ...own];
    session.report({ application: typeof app === 'string' ? app : null, checks }, describeChecks);
    return checks.some(({ result }) => result === 'problem') ? 'failed' : 'ok';
  },
});
