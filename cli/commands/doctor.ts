import { checkApplication } from '../doctor/application-checks.ts';
import { readApplicationFacts } from '../doctor/application-facts.ts';
import { describeChecks } from '../doctor/describe-checks.ts';
import { checkInstallation } from '../doctor/installation-checks.ts';
import { command } from '../frame/command.ts';
import { CommandError } from '../output/command-error.ts';

export const doctor = command({
  usage: 'doctor [app]',
  summary: 'Check the installation and an application: roles, quotas, DNS, approvers, versions',
  options: (yargs) => yargs.positional('app', { type: 'string', describe: 'Application' }),
  async run(session) {
    const { api, options, surroundings } = session;
    const installation = await checkInstallation(api, surroundings.version, options.region);
    const app = await session.application().catch((error: unknown) => {
      // Without any application, the installation alone can be looked at.
      if (error instanceof CommandError && error.ending === 'not-found') return undefined;
      throw error;
    });
    const own = app === undefined ? [] : await checkApplication(await readApplicationFacts(api, app));
    const checks = [...installation, ...own];
    session.report({ application: app ?? null, checks }, describeChecks);
    return checks.some(({ result }) => result === 'problem') ? 'failed' : 'ok';
  },
});
