import { type RepositoryReads, UNKNOWN_READS } from '../../contract/repository-reads.ts';
import type { ApplicationReads } from './application-reads.ts';

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
