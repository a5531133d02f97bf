import type { ArgumentsCamelCase, Argv } from 'yargs';
import { CommandError } from '../output/command-error.ts';
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
  /** The options that may be given several times. Any other is refused then, rather than one of the values chosen. */
  readonly repeated?: readonly string[];
  /** Does it. Throws CommandError to end with a message. */
  readonly run: (session: Session<ArgumentsCamelCase<Options>>) => Promise<Ending>;
}

/** A command, ready to be put into the list. */
export interface Command {
  readonly usage: string;
  readonly summary: string;
  /** `words` is how many words of the command line name the command: 2 for `ephemeral list`. */
  readonly register: (
    yargs: Argv<GlobalOptions>,
    surroundings: Surroundings,
    end: (ending: Ending) => void,
    words?: number,
  ) => void;
}

export const command = <Options extends GlobalOptions>(declaration: Declaration<Options>): Command => ({
  usage: declaration.usage,
  summary: declaration.summary,
  register(yargs, surroundings, end, words = 1) {
    const { usage, summary, options: declare, repeated = [], run } = declaration;
    yargs.command(usage, summary, declare, async (options) => {
      const [surplus] = options._.slice(words);
      if (surplus !== undefined) throw new CommandError('usage', `${JSON.stringify(surplus)} is one argument too many`);
      const twice = Object.keys(options).find(
        (name) => name !== '_' && Array.isArray(options[name]) && !repeated.includes(name),
      );
      if (twice !== undefined) throw new CommandError('usage', `--${twice} is given more than once`);
      end(await run(new Session(options, surroundings)));
    });
  },
});

/** A command that only has others below it: `ephemeral list`. */
export const group = (name: string, summary: string, commands: readonly Command[]): Command => ({
  usage: name,
  summary,
  register(yargs, surroundings, end, words = 1) {
    yargs.command(
      name,
      summary,
      (below: Argv<GlobalOptions>) => {
        for (const each of commands) each.register(below, surroundings, end, words + 1);
        return below.demandCommand(1, `Say what to do: stagegate ${name} --help lists it.`);
      },
      () => {},
    );
  },
});
