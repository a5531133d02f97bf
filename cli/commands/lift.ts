import { setHold } from '../environment/set-hold.ts';
import { command } from '../frame/command.ts';

export const lift = command({
  usage: 'lift <environment>',
  summary: 'Lift the hold of an environment',
  options: (yargs) =>
    yargs
      .positional('environment', { type: 'string', demandOption: true, describe: 'Environment' })
      .option('reason', { type: 'string', requiresArg: true, describe: 'Why, for the history' }),
  run: (session) => setHold(session, false),
});
