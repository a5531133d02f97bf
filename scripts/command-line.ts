import { type ParseArgsConfig, parseArgs } from 'node:util';
import * as z from 'zod';

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

/** Returns whether the arguments ask how the command is used. */
export const asksForHelp = (args: readonly string[]): boolean => args.includes('--help') || args.includes('-h');

/** Thrown for wrong arguments: exit code 2. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}

const ErrorSchema = z.object({ message: z.string() });

/** Returns the options of a command, parsed. Throws UsageError, which names each option that is wrong. */
export function parseOptions<Schema extends z.ZodType>(
  schema: Schema,
  args: string[],
  options: NonNullable<ParseArgsConfig['options']>,
): z.output<Schema> {
  try {
    return schema.parse(parseArgs({ args, options }).values);
  } catch (error) {
    const why =
      error instanceof z.ZodError ? error.issues.map(({ path, message }) => `${path.join('.')} ${message}`) : [];
    const reason = ErrorSchema.safeParse(error).data?.message ?? String(error);
    throw new UsageError(why.join('; ').trim() || reason, { cause: error });
  }
}
