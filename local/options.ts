import { spawnSync } from 'node:child_process';
import { realpathSync, statSync } from 'node:fs';
import { parseArgs } from 'node:util';
import * as z from 'zod';

/** The command line options of `npm start`. */

/** The port when none is given. The command line looks for a local cloud there. */
export const USUAL_PORT = 4700;

export const USAGE = `usage: npm start -- [--port ${USUAL_PORT}] [--config-repo DIR] [--data DIR] [--target-endpoint URL] [--assembly DIR]`;

const directoryOf = (option: string) =>
  z.string().superRefine((path, { addIssue }) => {
    const found = statSync(path, { throwIfNoEntry: false });
    if (!found) addIssue(`${option} ${path} does not exist`);
    else if (!found.isDirectory()) addIssue(`${option} ${path} is a file, not a directory`);
  });

const PORT = /^\d{1,5}$/;
const OptionsSchema = z.object({
  port: z
    .string()
    .refine((port) => PORT.test(port) && Number(port) <= 65_535, {
      error: ({ input }) => `--port ${String(input)} is not a number from 0 to 65535`,
    })
    .transform(Number)
    .default(USUAL_PORT),
  'config-repo': directoryOf('--config-repo')
    .superRefine((path, { addIssue }) => {
      const objection = statSync(path, { throwIfNoEntry: false })?.isDirectory() && objectionToRepository(path);
      if (objection) addIssue(`--config-repo ${path} ${objection}`);
    })
    .optional(),
  /** Made if it does not exist. */
  data: z
    .string()
    .refine((path) => statSync(path, { throwIfNoEntry: false })?.isDirectory() !== false, {
      error: ({ input }) => `--data ${String(input)} is a file, not a directory`,
    })
    .optional(),
  'target-endpoint': z
    .url({ error: ({ input }) => `--target-endpoint ${String(input)} is not a URL`, protocol: /^https?$/ })
    .optional(),
  /** A synthesized cloud assembly to start instead of the one made from the sources. */
  assembly: directoryOf('--assembly').optional(),
  help: z.boolean().default(false),
});
export type Options = z.infer<typeof OptionsSchema>;

/** Returns why the directory cannot be watched as a git repository, if so. */
function objectionToRepository(directory: string): string | undefined {
  const git = (...args: string[]) => spawnSync('git', ['-C', directory, 'rev-parse', ...args], { encoding: 'utf8' });
  const { status, stdout, stderr, error } = git('--path-format=absolute', '--is-bare-repository', '--git-dir');
  if (error) return `cannot be read with git: ${error.message}`;
  if (status !== 0) {
    const why =
      stderr
        .trim()
        .split('\n')[0]
        ?.replace(/^fatal: /, '') ?? '';
    return why === '' || why.startsWith('not a git repository')
      ? 'is not a git repository; run "git init" and commit there first'
      : `cannot be read by git: ${why}`;
  }
  const [isBare, own = ''] = stdout.trim().split('\n');
  const top = isBare === 'true' ? own : git('--show-toplevel').stdout.trim();
  if (top === '' || realpathSync(top) === realpathSync(directory)) return undefined;
  return `is inside of the git repository ${top}, not a repository of its own; copy it elsewhere and run "git init" there`;
}

/** Returns the options. Throws an error that names what is wrong with them, and the values given. */
export function readOptions(args: readonly string[]): Options {
  const option = { type: 'string' } as const;
  const { values } = parseArgs({
    args: [...args],
    options: {
      port: option,
      'config-repo': option,
      data: option,
      'target-endpoint': option,
      assembly: option,
      help: { type: 'boolean', short: 'h' },
    },
  });
  const { data, error } = OptionsSchema.safeParse(values);
  if (error) throw new Error(error.issues.map(({ message }) => message).join('; '));
  return data;
}
