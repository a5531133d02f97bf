import { constants } from 'node:os';
import type { EngineExit } from './engine.ts';

/** What an engine said that ended without an event about its failure. */
interface LastWords {
  /** Undefined if it said nothing. */
  readonly text: string | undefined;
  /** Whether the text is the engine's own message about an error. */
  readonly isError?: true;
  /** Whether the engine, or a plugin of it, crashed. Then its own message does not say why. */
  readonly isCrash?: true;
}

const LONGEST = 300;

/** The first line of a crash of a program in Go. What follows are the calls, which say nothing to people. */
const CRASH = /^(?:panic|fatal error|runtime): /;

/**
 * Returns what is known about the failure of an engine from its error output: the first line of a crash, else its own
 * line `Error: …` (after wrong arguments or a broken CLI configuration), else the last line, after the signal that ended
 * the engine. The output must have been redacted before, because half of a secret would not be found.
 */
export function lastWordsOf({ exitCode, errorOutput }: EngineExit): LastWords {
  const lines = errorOutput
    .split('\n')
    .map(bare)
    .filter((line) => line !== '');
  const crash = lines.find((line) => CRASH.test(line));
  if (crash !== undefined) return { text: shorten(crash), isCrash: true };
  const error = lines.find((line) => line.startsWith(ERROR));
  if (error !== undefined) return { text: shorten(error.slice(ERROR.length)), isError: true };
  const last = lines.at(-1);
  const told = [signalOf(exitCode), last && shorten(last)].filter((part) => part !== undefined);
  return { text: told.length === 0 ? undefined : told.join('; ') };
}

const ERROR = 'Error: ';

/** Removes colours and the frame that the engine draws around its messages. */
const bare = (line: string): string =>
  line
    // biome-ignore lint/suspicious/noControlCharactersInRegex: escape sequences begin with a control character
    .replace(/\x1b\[[0-9;]*m/g, '')
    .replace(/^[│╷╵\s]+/, '')
    .trim();

const shorten = (text: string): string => (text.length <= LONGEST ? text : `${text.slice(0, LONGEST).toWellFormed()}…`);

/** Returns how a signal ended the engine: shells and `runEngineBinary` add 128 to its number. */
function signalOf(exitCode: number): string | undefined {
  const [name] = Object.entries(constants.signals).find(([, number]) => number === exitCode - 128) ?? [];
  if (exitCode <= 128 || name === undefined) return undefined;
  return name === 'SIGKILL'
    ? 'it was killed (SIGKILL), as happens when the memory runs out'
    : `it was ended by ${name}`;
}
