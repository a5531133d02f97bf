/** What a command is given by whoever typed it, and where its words go. */
export interface CommandLine {
  readonly args: string[];
  /** Paths are meant from where the command was given. */
  readonly directory: string;
  readonly print: (text: string) => void;
  readonly complain: (text: string) => void;
}

/** The command line of this process. npm changes into the project, and says where it was called. */
export const commandLine = (): CommandLine => ({
  args: process.argv.slice(2),
  directory: process.env.INIT_CWD ?? '.',
  print: (text) => process.stdout.write(text),
  complain: (text) => process.stderr.write(text),
});
