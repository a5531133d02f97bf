import type { Argv } from 'yargs';

/** The options that every command has. */
export interface GlobalOptions {
  readonly app?: string | undefined;
  readonly endpoint?: string | undefined;
  readonly profile?: string | undefined;
  readonly region?: string | undefined;
  readonly as?: string | undefined;
  readonly json: boolean;
  readonly yes: boolean;
}

/** Declares them, in a group of their own at the end of each help text. */
export const withGlobalOptions = (yargs: Argv): Argv<GlobalOptions> =>
  yargs
    .option('app', { type: 'string', requiresArg: true, describe: 'Application, if the directory does not say it' })
    .option('endpoint', { type: 'string', requiresArg: true, describe: 'Address of the API' })
    .option('profile', { type: 'string', requiresArg: true, describe: 'Profile in ~/.config/stagegate/config.json' })
    .option('region', { type: 'string', requiresArg: true, describe: 'Region to sign for, if the address has none' })
    .option('as', { type: 'string', requiresArg: true, describe: 'Caller in a local cloud' })
    .option('json', { type: 'boolean', default: false, describe: 'Print the result, and errors, as JSON' })
    .option('yes', { type: 'boolean', alias: 'y', default: false, describe: 'Do not ask, for scripts' })
    // Groups are shown in the order in which they are made: what belongs to the command comes first.
    .group(['help'], 'Options:')
    .group(['app', 'endpoint', 'profile', 'region', 'as', 'json', 'yes', 'version'], 'For every command:');
