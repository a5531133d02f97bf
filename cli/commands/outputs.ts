import { command } from '../frame/command.ts';
import { CommandError } from '../output/command-error.ts';
import { asDotenv, asExports, asTable, sensitiveOf } from '../outputs/formats.ts';

export const outputs = command({
  usage: 'outputs <environment>',
  summary: 'Show the Terraform outputs of an environment, for people, a shell, or a .env file',
  options: (yargs) =>
    yargs
      .positional('environment', { type: 'string', demandOption: true, describe: 'Environment' })
      .option('env', { type: 'boolean', default: false, describe: 'Print commands that set variables of a shell' })
      .option('dotenv', { type: 'boolean', default: false, describe: 'Print lines for a .env file' }),
  async run(session) {
    const { api, options } = session;
    if ([options.env, options.dotenv, options.json].filter(Boolean).length > 1)
      throw new CommandError('usage', 'only one of --env, --dotenv and --json can be given');
    const app = await session.application();
    const env = options.environment;
    const view = await api.body(
      api.http.GET('/applications/{app}/environments/{env}/outputs', { params: { path: { app, env } } }),
    );
    const hidden = sensitiveOf(view.outputs);
    if (hidden.length > 0) session.note(`Sensitive, so the API does not give the value: ${hidden.join(', ')}`);
    if (view.dropped.length > 0) session.note(`Too large to keep: ${view.dropped.join(', ')}`);
    if (view.at === null) session.note(`Nothing was applied in ${env} of ${app} yet.`);
    if (options.env) session.print(asExports(view.outputs));
    else if (options.dotenv) session.print(asDotenv(view.outputs));
    else session.report(view, (harmless) => asTable(harmless.outputs));
    return 'ok';
  },
});
