import { runCommandLine } from '../../cli/frame/run-command-line.ts';
import type { Surroundings } from '../../cli/frame/surroundings.ts';
import { LiveText } from '../../cli/output/live-text.ts';
import { PipelineWorld } from '../api/pipeline-world.ts';
import { Screen } from './screen.ts';
import { ServedApi } from './served-api.ts';

export interface Ended {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** The command line in this process, in front of the real API with fakes behind it. */
export class CommandLineWorld {
  readonly api: PipelineWorld;
  readonly served: ServedApi;
  /** What the person at the terminal types. Undefined when there is no terminal. */
  typed: string[] | undefined;
  readonly asked: string[] = [];
  /** What the terminal shows after the command. */
  screen = '';
  readonly opened: string[] = [];
  /** How long the command waited, in milliseconds, each time; and what happens meanwhile. */
  readonly pauses: number[] = [];
  meanwhile: () => Promise<void> = async () => {};
  readonly interruption = new AbortController();
  environment: Record<string, string> = {};
  directory = '/nowhere';
  hasBrowser = true;
  /** What the commands that run have printed so far. */
  #soFar = '';

  private constructor(api: PipelineWorld, served: ServedApi) {
    this.api = api;
    this.served = served;
  }

  static async create(): Promise<CommandLineWorld> {
    const api = await PipelineWorld.create();
    return new CommandLineWorld(api, await ServedApi.serve(api));
  }

  /** Gives a command line as a person types it, without quotes. */
  run(line: string): Promise<Ended> {
    return this.give(line.split(' ').filter((word) => word !== ''));
  }

  async give(args: readonly string[]): Promise<Ended> {
    let stdout = '';
    let stderr = '';
    const screen = new Screen();
    const live = new LiveText(120, (text) => {
      stdout += text;
      screen.write(text);
    });
    const surroundings: Surroundings = {
      version: '1.2.3',
      environment: { STAGEGATE_ENDPOINT: this.served.url, ...this.environment },
      directory: this.directory,
      homeDirectory: '/nowhere',
      print: (text) => {
        stdout += text;
        this.#soFar += text;
        live.leave();
        screen.write(text);
      },
      complain: (text) => {
        stderr += text;
        live.leave();
        screen.write(text);
      },
      terminal: this.typed && {
        columns: 120,
        hasColors: false,
        ask: async (question) => {
          this.asked.push(question);
          return this.typed?.shift() ?? '';
        },
        redraw: (text) => live.redraw(text),
      },
      now: () => new Date(this.api.surroundings.now()),
      sleep: async (milliseconds) => {
        this.pauses.push(milliseconds);
        await this.meanwhile();
      },
      interrupted: this.interruption.signal,
      openBrowser: async (url) => {
        this.opened.push(url);
        return this.hasBrowser;
      },
    };
    const code = await runCommandLine(args, surroundings);
    this.screen = screen.text;
    return { code, stdout, stderr };
  }

  /** Waits until the running commands have printed something; returns the first group of the match with this number. */
  async printed(pattern: RegExp, nth = 0): Promise<string> {
    for (;;) {
      const found = [...this.#soFar.matchAll(new RegExp(pattern, 'g'))][nth]?.[1];
      if (found !== undefined) return found;
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
  }

  stop(): Promise<void> {
    return this.served.stop();
  }
}
