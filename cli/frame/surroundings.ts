/** Everything that the command line takes from the process that it runs in, so that tests can give their own. */
export interface Surroundings {
  /** The version of the package. */
  readonly version: string;
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** The directory in which the command was given. */
  readonly directory: string;
  readonly homeDirectory: string;
  readonly print: (text: string) => void;
  readonly complain: (text: string) => void;
  /** The terminal that a person sits at. Undefined for scripts and pipes. */
  readonly terminal: Terminal | undefined;
  readonly now: () => Date;
  /** Resolves after the time, or at once when the command is interrupted. */
  readonly sleep: (milliseconds: number) => Promise<void>;
  /** Aborts with Ctrl-C. */
  readonly interrupted: AbortSignal;
  /** Opens an address in the browser. Returns false when this machine has none. */
  readonly openBrowser: (url: string) => Promise<boolean>;
}

export interface Terminal {
  readonly columns: number;
  readonly hasColors: boolean;
  /** Shows a question and returns the line that was typed. */
  readonly ask: (question: string) => Promise<string>;
  /** Replaces the lines that it wrote before with these. After anything else was printed, they are written below it. */
  readonly redraw: (text: string) => void;
}
