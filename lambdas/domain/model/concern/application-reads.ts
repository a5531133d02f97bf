import * as z from 'zod';
import { type RepositoryReads, UNKNOWN_READS } from '../../contract/repository-reads.ts';
import { ApplicationNameSchema, EnvironmentNameSchema, ReleaseNumberSchema } from '../../names.ts';

/** What the plan of the newest release that was planned in an environment reads of the repository. */
const EnvironmentReadsSchema = z.object({
  environment: EnvironmentNameSchema,
  release: ReleaseNumberSchema,
  /** Files and directories outside of the application's own directory, as git writes their paths. */
  paths: z.array(z.string()),
  /** Whether these are all. */
  isComplete: z.boolean(),
});

/** What the regular environments of an application read, in one record, because each push asks for all of it. */
export const ApplicationReadsSchema = z.object({
  application: ApplicationNameSchema,
  environments: z.array(EnvironmentReadsSchema),
});
export type ApplicationReads = z.infer<typeof ApplicationReadsSchema>;

/** Most bytes of paths in a record; DynamoDB takes 400 kB. */
const MOST_BYTES = 200_000;

/** Records what a plan reads, unless a newer release was planned there. */
export function withReads(
  known: ApplicationReads | undefined,
  { application, environment, release }: { application: string; environment: string; release: number },
  reads: RepositoryReads,
): ApplicationReads {
  const environments = known?.environments ?? [];
  const before = environments.find((each) => each.environment === environment);
  if (known && before && before.release > release) return known;
  const others = environments.filter((each) => each.environment !== environment);
  const fits = [...others, reads].reduce((bytes, { paths }) => bytes + sizeOf(paths), 0) <= MOST_BYTES;
  return { application, environments: [...others, { environment, release, ...(fits ? reads : UNKNOWN_READS) }] };
}

/** Returns the record without an environment. */
export const withoutReads = (known: ApplicationReads, environment: string): ApplicationReads => ({
  ...known,
  environments: known.environments.filter((each) => each.environment !== environment),
});

const sizeOf = (paths: readonly string[]): number => new TextEncoder().encode(paths.join('')).length;

/** What is known of the paths that an application reads outside of its own directory. */
export interface KnownReads {
  readonly paths: readonly string[];
  /** Whether it reads nothing else, so that a change elsewhere does not matter to it. */
  readonly areAll: boolean;
}

/**
 * Returns what an application reads in any environment. This is all if each environment of the pipeline has been planned
 * and the first one with the newest release: an older plan does not know what a newer commit reads.
 */
export function readsOf(
  known: ApplicationReads | undefined,
  { pipeline, newest }: { readonly pipeline: readonly string[]; readonly newest: number },
): KnownReads {
  const environments = known?.environments ?? [];
  const inOrder = pipeline.map((name) => environments.find(({ environment }) => environment === name));
  return {
    paths: environments.flatMap(({ paths }) => paths),
    areAll: inOrder[0]?.release === newest && inOrder.every((found) => found?.isComplete === true),
  };
}
