import { statSync } from 'node:fs';
import { parseArgs } from 'node:util';
import * as z from 'zod';

/** The command line options of `npm start`. */

export const USAGE =
  'usage: npm start -- [--port 4700] [--config-repo DIR] [--data DIR] [--target-endpoint URL] [--assembly DIR]';

const OptionsSchema = z.object({
  port: z.coerce.number<string>({ error: '--port is not a number' }).int().min(0).max(65_535).default(4700),
  'config-repo': z.string().refine(isDirectory, { error: '--config-repo is not a directory' }).optional(),
  data: z.string().optional(),
  'target-endpoint': z.url({ error: '--target-endpoint is not a URL' }).optional(),
  /** A synthesized cloud assembly to start instead of the one made from the sources. */
  assembly: z.string().refine(isDirectory, { error: '--assembly is not a directory' }).optional(),
});
export type Options = z.infer<typeof OptionsSchema>;

function isDirectory(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false;
}

/** Returns the options. Throws an error that names what is wrong with them. */
export function readOptions(args: readonly string[]): Options {
  const option = { type: 'string' } as const;
  const { values } = parseArgs({
    args: [...args],
    options: { port: option, 'config-repo': option, data: option, 'target-endpoint': option, assembly: option },
  });
  const { data, error } = OptionsSchema.safeParse(values);
  if (error) throw new Error(error.issues.map(({ message }) => message).join('; '));
  return data;
}
