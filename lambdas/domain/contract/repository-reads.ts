import * as z from 'zod';

/** Most paths of which a build tells, and most bytes of them together. With more of them, none is known. */
export const MOST_READ_PATHS = 500;
export const MOST_READ_BYTES = 16 * 1024;

/** The path of the repository itself. */
export const WHOLE_REPOSITORY = '.';

const isNormal = (path: string): boolean =>
  path === WHOLE_REPOSITORY || path.split('/').every((part) => !['', '.', '..'].includes(part));

/** A path in a repository as git writes it: from the top, with forward slashes. */
const RepositoryPathSchema = z
  .string()
  .refine(isNormal, { error: 'must be a path from the top of the repository, without "." and ".."' });

/**
 * What the configuration of an environment reads of its repository outside of the application's own directory: files,
 * directories with everything below them, and links on the way to these.
 */
export const RepositoryReadsSchema = z.strictObject({
  paths: z
    .array(RepositoryPathSchema)
    .max(MOST_READ_PATHS)
    .refine((paths) => bytesOf(paths) <= MOST_READ_BYTES, { error: `must have at most ${MOST_READ_BYTES} bytes` }),
  /** Whether the configuration names all of its paths so that they can be told without running it. */
  isComplete: z.boolean(),
});
export type RepositoryReads = z.infer<typeof RepositoryReadsSchema>;

export const UNKNOWN_READS: RepositoryReads = { paths: [], isComplete: false };

/** Returns reads as a build tells them: sorted, and none of them if they are too many. */
export function boundReads({ paths, isComplete }: RepositoryReads): RepositoryReads {
  if (paths.length > MOST_READ_PATHS || bytesOf(paths) > MOST_READ_BYTES) return UNKNOWN_READS;
  return { paths: [...paths].sort(), isComplete };
}

const bytesOf = (paths: readonly string[]): number =>
  paths.reduce((bytes, path) => bytes + new TextEncoder().encode(path).length, 0);
