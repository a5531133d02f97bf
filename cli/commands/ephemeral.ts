import type { Argv } from 'yargs';
import { readAll } from '../client/read-all.ts';
import { describeAll, describeOne } from '../ephemeral/describe-ephemeral.ts';
import { parseVariables } from '../ephemeral/variables.ts';
import { command, group } from '../frame/command.ts';
import type { GlobalOptions } from '../frame/global-options.ts';
import { numberOption } from '../frame/numbers.ts';
import { reportDeployment } from '../watch/report-deployment.ts';

const named = (yargs: Argv<GlobalOptions>) =>
  yargs.positional('name', { type: 'string', demandOption: true, describe: 'Name of the ephemeral environment' });

const create = command({
  usage: 'create <name>',
  summary: 'Make an environment of a branch or a commit, and deploy it',
  options: (yargs) =>
    named(yargs)
      .option('ref', { type: 'string', requiresArg: true, describe: 'Branch, with which the environment ends' })
      .option('commit', { type: 'string', requiresArg: true, describe: 'Full id of a commit' })
      .option('based-on', {
        type: 'string',
        requiresArg: true,
        describe: 'Environment whose directory and account it uses',
      })
      .option('ttl-hours', numberOption('ttl-hours', 'Hours that it lives'))
      .option('follow', { type: 'boolean', describe: 'Deploy every push to the branch' })
      .option('var', { type: 'string', array: true, nargs: 1, describe: 'NAME=VALUE of a Terraform variable' })
      .conflicts('ref', 'commit'),
  repeated: ['var'],
  async run(session) {
    const { api, options, surroundings } = session;
    const { name, ref, commit, basedOn, ttlHours, follow } = options;
    const variables = parseVariables(options.var ?? []);
    const app = await session.application();
    const environment = await api.body(
      api.http.POST('/applications/{app}/ephemeral-environments', {
        params: { path: { app } },
        body: {
          name,
          ...(ref !== undefined && { ref }),
          ...(commit !== undefined && { commit }),
          ...(basedOn !== undefined && { basedOn }),
          ...(ttlHours !== undefined && { ttlHours }),
          ...(follow !== undefined && { follow }),
          ...(options.var && { variables }),
        },
      }),
    );
    session.report(environment, (harmless) => describeOne(harmless, surroundings.now()));
    return 'ok';
  },
});

const list = command({
  usage: 'list',
  summary: 'List the ephemeral environments that are not closed, of all applications or with --app of one',
  options: (yargs) => yargs,
  async run(session) {
    const { api, options, surroundings } = session;
    const items = await readAll((query) =>
      api.body(
        options.app === undefined
          ? api.http.GET('/ephemeral-environments', { params: { query } })
          : api.http.GET('/applications/{app}/ephemeral-environments', {
              params: { path: { app: options.app }, query },
            }),
      ),
    );
    session.report({ items }, (harmless) => describeAll(harmless.items, surroundings.now()));
    return 'ok';
  },
});

const show = command({
  usage: 'show <name>',
  summary: 'Show one of them',
  options: named,
  async run(session) {
    const { api, options, surroundings } = session;
    const path = { app: await session.application(), name: options.name };
    const environment = await api.body(
      api.http.GET('/applications/{app}/ephemeral-environments/{name}', { params: { path } }),
    );
    session.report(environment, (harmless) => describeOne(harmless, surroundings.now()));
    return 'ok';
  },
});

const extend = command({
  usage: 'extend <name>',
  summary: 'Let it live longer, counted from now',
  options: (yargs) =>
    named(yargs).option('ttl-hours', numberOption('ttl-hours', 'Hours from now')).demandOption('ttl-hours'),
  async run(session) {
    const { api, options, surroundings } = session;
    const path = { app: await session.application(), name: options.name };
    const environment = await api.body(
      api.http.PATCH('/applications/{app}/ephemeral-environments/{name}', {
        params: { path },
        body: { ttlHours: options.ttlHours },
      }),
    );
    session.report(environment, (harmless) => describeOne(harmless, surroundings.now()));
    return 'ok';
  },
});

const remove = command({
  usage: 'delete <name>',
  summary: 'Destroy it; try again if the attempts were given up',
  options: named,
  async run(session) {
    const { api, options, surroundings } = session;
    const path = { app: await session.application(), name: options.name };
    const environment = await api.body(
      api.http.DELETE('/applications/{app}/ephemeral-environments/{name}', { params: { path } }),
    );
    session.report(environment, (harmless) => describeOne(harmless, surroundings.now()));
    return 'ok';
  },
});

const deploy = command({
  usage: 'deploy <name>',
  summary: 'Deploy another commit there, or the same one again',
  options: (yargs) =>
    named(yargs)
      .option('commit', { type: 'string', requiresArg: true, describe: 'Full id of a commit' })
      .option('watch', { type: 'boolean', default: false, describe: 'Wait until the deployment ends' }),
  async run(session) {
    const { api, options } = session;
    const path = { app: await session.application(), name: options.name };
    const deployment = await api.body(
      api.http.POST('/applications/{app}/ephemeral-environments/{name}/deployments', {
        params: { path },
        body: options.commit === undefined ? {} : { commit: options.commit },
      }),
    );
    return reportDeployment(session, deployment, options.watch);
  },
});

export const ephemeral = group('ephemeral', 'Temporary environments outside of the pipeline', [
  create,
  list,
  show,
  extend,
  remove,
  deploy,
]);
