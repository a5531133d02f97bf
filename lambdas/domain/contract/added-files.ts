import * as z from 'zod';

/** Most paths that are listed; `count` is the number of all paths. */
const MOST_LISTED = 100;
const LONGEST_PATH = 300;

/** Removes the middle of a long path, because the end of a path shows what the file is. */
export function shortenPath(path: string): string {
  const characters = [...path];
  if (characters.length <= LONGEST_PATH) return path;
  const kept = LONGEST_PATH / 2;
  return `${characters.slice(0, kept - 1).join('')}…${characters.slice(-kept).join('')}`;
}

/** Files that a plan left in the repository and that are applied with the plan, by their paths in the repository. */
export const AddedFilesSchema = z.object({
  count: z.int().min(0),
  paths: z.array(z.string().overwrite(shortenPath)).max(MOST_LISTED),
});
export type AddedFiles = z.infer<typeof AddedFilesSchema>;

export const listAdded = (paths: readonly string[]): AddedFiles => ({
  count: paths.length,
  paths: [...paths].sort().slice(0, MOST_LISTED),
});
