import * as z from 'zod';

/** The most paths that are listed; their number says how many there are. */
const MOST_LISTED = 100;
const LONGEST_PATH = 300;

/** A long path without its middle: what a file is stands at the end of its path. */
export function shortenPath(path: string): string {
  const characters = [...path];
  if (characters.length <= LONGEST_PATH) return path;
  const kept = LONGEST_PATH / 2;
  return `${characters.slice(0, kept - 1).join('')}…${characters.slice(-kept).join('')}`;
}

/** Files that a plan left in the repository, and that are applied with it: by their paths there. */
export const AddedFilesSchema = z.object({
  count: z.int().min(0),
  paths: z.array(z.string().overwrite(shortenPath)).max(MOST_LISTED),
});
export type AddedFiles = z.infer<typeof AddedFilesSchema>;

export const listAdded = (paths: readonly string[]): AddedFiles => ({
  count: paths.length,
  paths: [...paths].sort().slice(0, MOST_LISTED),
});
