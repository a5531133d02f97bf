import { isLocal } from '../connection/connection.ts';
import { command } from '../frame/command.ts';
import { accountCommands } from '../init/account-commands.ts';
import { askLocalCloud, requireServed } from '../init/ask-local-cloud.ts';
import { describeRegistration } from '../init/describe-registration.ts';
import { planRegistration } from '../init/plan-registration.ts';
import { makeFirstRelease, readInstallation, readRegistered, send } from '../init/register.ts';
import { requestsFor, showRequest } from '../init/registration-requests.ts';
import { newestCommitOf } from '../init/repository.ts';
import { wishesOf } from '../init/wishes-of-options.ts';
import { findWorkingApplication } from '../init/working-application.ts';

export const init = command({
  usage: 'init [app]',
  summary: 'Register an application from the directories of a working copy of its config repository',
  options: (yargs) =>
    yargs
      .positional('app', { type: 'string', describe: 'Application: a directory in apps/' })
      .options({
        stage: text('Stages of environments whose names do not say it: qa=staging'),
        account: text('Account ids: dev1=111111111111,prod1=333333333333, or one for all'),
        'account-region': text('Regions of environments: prod1=us-east-1, or one for all'),
        staff: text('Approvers of the staff: ops@example.com, or ops@example.com=<AWS principal>'),
        client: text('Approvers of the client'),
        'client-name': text('Name of the client'),
        url: text('Address of the repository, if it is not that of origin'),
        branch: text('Branch that is deployed, if it is not the one that origin checks out'),
        provider: text('Kind of git host, if its name does not say it: github-enterprise'),
        connection: text('ARN of the CodeConnections connection that may read the repository'),
        engine: text('terraform or opentofu'),
        release: { type: 'boolean', describe: 'Make the first release at once (in a local cloud, that is so anyway)' },
        'dry-run': { type: 'boolean', default: false, describe: 'Only show the requests' },
      })
      .example('$0 init --staff ops@example.com --client owner@example.com', 'in a clone of the config repository'),
  async run(session) {
    const { api, options, surroundings } = session;
    const { yes, dryRun } = options;
    const wishes = wishesOf(options);
    const { repository, application, directories } = await findWorkingApplication(surroundings.directory, options.app);
    const example = await askLocalCloud(api.connection);
    if (example && options.url === undefined) requireServed(example, repository);
    const registered = await readRegistered(api, application);
    const ask = yes ? undefined : surroundings.terminal?.ask;
    const wanted = await planRegistration({ application, repository, directories, wishes, example, ask });
    const { requests, differences } = requestsFor(wanted, registered);
    for (const difference of differences) session.note(`left as it is: ${difference}`);
    for (const request of requests) session.note(showRequest(request));
    const isHere = isLocal(new URL(api.connection.url));
    if (requests.length > 0 && !dryRun) {
      if (!isHere)
        await session.confirm(`Send ${requests.length === 1 ? 'this request' : `these ${requests.length} requests`}?`);
      for (const request of requests) await send(api, application, request);
    }
    const { branch = 'main' } = registered?.application.configRepository ?? wanted.settings.configRepository;
    const isReleased = !dryRun && (options.release ?? isHere);
    const findCommit = async () => {
      const commit = await newestCommitOf(repository.root, branch);
      if (commit === undefined)
        session.note(
          `no release was made: this working copy knows no branch ${branch} of the remote. Try \`git fetch\`.`,
        );
      return commit;
    };
    const release = isReleased ? await makeFirstRelease(api, application, findCommit) : undefined;
    const environments = wanted.environments.map(({ name, settings }) => ({ name, ...settings }));
    const [first] = environments;
    const region = /\.execute-api\.([a-z0-9-]+)\./.exec(api.connection.url)?.[1];
    const commands =
      isHere || dryRun || !first
        ? undefined
        : accountCommands({
            application,
            environments,
            region,
            installation: await readInstallation(api, application, first.name),
          });
    const told = requests.map(({ path, body }) => ({ method: 'PUT', path, body }));
    const result = {
      application,
      requests: told,
      isSent: !dryRun,
      differences,
      release: release ?? null,
      commands: commands ?? null,
    };
    session.report(result, () => describeRegistration({ ...result, isHere, url: api.connection.url }));
    return 'ok';
  },
});

const text = (describe: string) => ({ type: 'string', requiresArg: true, describe }) as const;
