/** The arguments of a command, the directory it was given in, and where its output goes. */
export interface CommandLine {
  readonly args: string[];
  /** The directory in which the command was given. Paths in arguments are relative to it. */
  readonly directory: string;
  readonly print: (text: string) => void;
  readonly complain: (text: string) => void;
}

/** Returns the command line of this process. npm changes into the project, and INIT_CWD is where it was called. */
export const commandLine = (): CommandLine => ({
  args: process.argv.slice(2),
  directory: process.env.INIT_CWD ?? '.',
  print: (text) => process.stdout.write(text),
  complain: (text) => process.stderr.write(text),
});
