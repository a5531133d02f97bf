import yargs from 'yargs';
import { COMMANDS } from '../commands.ts';
import { CommandError } from '../output/command-error.ts';
import { type Ending, EXIT_CODES } from '../output/exit-codes.ts';
import { plainLines } from '../output/plain.ts';
import { withGlobalOptions } from './global-options.ts';
import type { Surroundings } from './surroundings.ts';

/** Runs a command line and returns the exit code. Everything that it says goes to the surroundings. */
export async function runCommandLine(args: readonly string[], surroundings: Surroundings): Promise<number> {
  let ending: Ending = 'ok';
  try {
    await parse(args, surroundings, (found) => {
      ending = found;
    });
  } catch (error) {
    const told = toldAs(error, surroundings.interrupted.aborted);
    surroundings.complain(args.includes('--json') ? asJson(told) : asText(told));
    ending = told.ending;
  }
  return EXIT_CODES[ending].code;
}

/** Parses the arguments and does what they say. What yargs prints itself is help, the version and the completion. */
async function parse(
  args: readonly string[],
  surroundings: Surroundings,
  end: (ending: Ending) => void,
): Promise<void> {
  const parser = withGlobalOptions(yargs([]))
    .scriptName('stagegate')
    .usage('$0 <command>\n\nPromotes Terraform releases through environments with approvals.')
    .locale('en')
    .version(surroundings.version)
    .strict()
    .recommendCommands()
    .demandCommand(1, 'Say what to do: stagegate --help lists the commands.')
    .parserConfiguration({ 'boolean-negation': false })
    .wrap(surroundings.terminal ? Math.min(120, surroundings.terminal.columns) : 100)
    .completion('completion', 'Print a script that completes commands in bash or zsh')
    .epilogue('The address of the API: --endpoint, --profile, STAGEGATE_ENDPOINT, or a local cloud on this machine.')
    .fail((message, error) => {
      // What is wrong with a value comes as an error of yargs.
      if (error && error.name !== 'YError') throw error;
      throw new CommandError('usage', inOurWords(message ?? error.message), { nextStep: helpFor(args) });
    });
  for (const each of COMMANDS) each.register(parser, surroundings, end);
  let printed = '';
  await parser.parseAsync([...args], {}, (_error, _options, output) => {
    printed = output;
  });
  if (printed !== '') surroundings.print(`${printed}\n`);
}

const inOurWords = (message: string): string =>
  message.startsWith('Not enough non-option arguments') ? 'an argument is missing' : message;

function helpFor(args: readonly string[]): string {
  const named = COMMANDS.find(({ usage }) => usage.split(' ')[0] === args.find((arg) => !arg.startsWith('-')));
  if (!named) return '`stagegate --help` lists the commands.';
  return `Usage: stagegate ${named.usage}; \`stagegate ${named.usage.split(' ')[0]} --help\` says more.`;
}

function toldAs(error: unknown, isInterrupted: boolean): CommandError {
  if (error instanceof CommandError) return error;
  if (isInterrupted) return new CommandError('interrupted', 'interrupted', { cause: error });
  return new CommandError('failed', error instanceof Error ? (error.stack ?? error.message) : String(error));
}

const asText = ({ message, nextStep, ending }: CommandError): string =>
  ending === 'interrupted' ? '' : plainLines(`stagegate: ${message}\n${nextStep === undefined ? '' : `${nextStep}\n`}`);

const asJson = ({ ending, message, nextStep, problem }: CommandError): string =>
  `${JSON.stringify({ error: { ending, exitCode: EXIT_CODES[ending].code, message, nextStep, problem } })}\n`;
