import * as z from 'zod';

/** The most paths that are listed; their number says how many there are. */
const MOST_LISTED = 100;
const LONGEST_PATH = 300;

/** Files that a plan left in the repository, and that are applied with it: by their paths there. */
export const AddedFilesSchema = z.object({
  count: z.int().min(0),
  paths: z.array(z.string().overwrite((path) => path.slice(0, LONGEST_PATH))).max(MOST_LISTED),
});
export type AddedFiles = z.infer<typeof AddedFilesSchema>;

export const listAdded = (paths: readonly string[]): AddedFiles => ({
  count: paths.length,
  paths: [...paths].sort().slice(0, MOST_LISTED),
});
