import { setHold } from '../environment/set-hold.ts';
import { command } from '../frame/command.ts';

export const hold = command({
  usage: 'hold <environment>',
  summary: 'Keep automatic deployments out of an environment until the hold is lifted',
  options: (yargs) =>
    yargs.positional('environment', { type: 'string', demandOption: true, describe: 'Environment' }).option('reason', {
      type: 'string',
      demandOption: true,
      requiresArg: true,
      describe: 'Why, for everybody who sees it',
    }),
  run: (session) => setHold(session, true),
});
