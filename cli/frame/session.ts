import { type Api, connectApi } from '../client/api-client.ts';
import { findConnection } from '../connection/connection.ts';
import { CommandError } from '../output/command-error.ts';
import { plain, plainLines } from '../output/plain.ts';
import { findApplication, nearApplication } from '../working-copy/application.ts';
import type { GlobalOptions } from './global-options.ts';
import type { Surroundings } from './surroundings.ts';

/** What a command gets: its options, the API, and ways to speak with the person or the script that gave it. */
export class Session<Options extends GlobalOptions = GlobalOptions> {
  readonly options: Options;
  readonly surroundings: Surroundings;
  #api: Api | undefined;

  constructor(options: Options, surroundings: Surroundings) {
    this.options = options;
    this.surroundings = surroundings;
  }

  /** The API. Its address is looked for when it is first needed. */
  get api(): Api {
    const { environment, homeDirectory } = this.surroundings;
    this.#api ??= connectApi(findConnection(this.options, environment, homeDirectory), this.surroundings);
    return this.#api;
  }

  /** The application that is named, or in whose directory this is; undefined if there is none or several. */
  nearApplication(): string | undefined {
    return nearApplication(this.options.app, this.surroundings.directory);
  }

  /** The application that the command is about. */
  application(): Promise<string> {
    return findApplication(this.options.app, this.surroundings.directory, this.api);
  }

  /** Prints the result: with `--json` the value, else the text that is made of it for people, without what could harm a terminal. */
  report<Value>(value: Value, text: (harmless: Value) => string): void {
    this.print(this.options.json ? JSON.stringify(value, null, 2) : text(plain(value)));
  }

  print(text: string): void {
    this.surroundings.print(text.endsWith('\n') || text === '' ? text : `${text}\n`);
  }

  /**
   * Says something to people beside the result, without what could harm a terminal: on standard error, so that scripts can
   * read the result.
   */
  note(text: string): void {
    this.noteInColor(plainLines(text));
  }

  /** The same for a text that has colors, and of which nothing can harm a terminal. */
  noteInColor(text: string): void {
    this.surroundings.complain(`${text}\n`);
  }

  /** Asks before something happens in production. */
  async confirmIn(stage: string, question: string): Promise<void> {
    if (stage === 'production') await this.confirm(`${question} That is production.`);
  }

  /**
   * Asks whether to go on. `--yes` answers it. Throws CommandError with the ending `unconfirmed` when the answer is no,
   * and when there is no terminal to ask on.
   */
  async confirm(question: string): Promise<void> {
    if (this.options.yes) return;
    const { terminal } = this.surroundings;
    if (!terminal)
      throw new CommandError('unconfirmed', `${question} There is no terminal to ask on. Nothing was changed.`, {
        nextStep: 'Give the same command with --yes.',
      });
    const answer = await terminal.ask(`${question} [y/N] `);
    if (!/^y(es)?$/i.test(answer.trim())) throw new CommandError('unconfirmed', 'Nothing was changed.');
  }
}
