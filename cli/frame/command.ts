import type { ArgumentsCamelCase, Argv } from 'yargs';
import type { Ending } from '../output/exit-codes.ts';
import type { GlobalOptions } from './global-options.ts';
import { Session } from './session.ts';
import type { Surroundings } from './surroundings.ts';

interface Declaration<Options extends GlobalOptions> {
  /** The name and the arguments: `rollback <environment>`, or `status [app]` for one that may be left out. */
  readonly usage: string;
  /** One line for the list of commands. */
  readonly summary: string;
  /** Declares the arguments (`positional`) and options, and examples if there are any. */
  readonly options: (yargs: Argv<GlobalOptions>) => Argv<Options>;
  /** Does it. Throws CommandError to end with a message. */
  readonly run: (session: Session<ArgumentsCamelCase<Options>>) => Promise<Ending>;
}

/** A command, ready to be put into the list. */
export interface Command {
  readonly usage: string;
  readonly register: (yargs: Argv<GlobalOptions>, surroundings: Surroundings, end: (ending: Ending) => void) => void;
}

export const command = <Options extends GlobalOptions>(declaration: Declaration<Options>): Command => ({
  usage: declaration.usage,
  register(yargs, surroundings, end) {
    yargs.command(declaration.usage, declaration.summary, declaration.options, async (options) =>
      end(await declaration.run(new Session(options, surroundings))),
    );
  },
});
/** A command that only has others below it: `ephemeral list`. */
export const group = (name: string, summary: string, commands: readonly Command[]): Command => ({
  usage: name,
  register(yargs, surroundings, end) {
    yargs.command(
      name,
      summary,
      (below: Argv<GlobalOptions>) => {
        for (const each of commands) each.register(below, surroundings, end);
        return below.demandCommand(1, `Say what to do: stagegate ${name} --help lists it.`);
      },
      () => {},
    );
  },
});
