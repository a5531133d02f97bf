import { PlaceSchema } from '../../differences.ts';

/** Runs builds of the same environment one after another, because they share a fixed path. */
export interface EnvironmentQueue {
  /**
   * Runs a build. A build without an environment runs at once; others wait until the environment's earlier build has
   * ended, including its clean-up.
   */
  run(variables: Readonly<Record<string, string>>, build: () => Promise<void>): Promise<void>;
}

export function createEnvironmentQueue(): EnvironmentQueue {
  /** For each environment, a promise that resolves when its last build has ended. */
  const ends = new Map<string, Promise<void>>();
  return {
    async run(variables, build) {
      const place = PlaceSchema.safeParse(variables).data;
      if (!place) return build();
      const key = `${place.STAGEGATE_APPLICATION}/${place.STAGEGATE_ENVIRONMENT}`;
      const turn = (ends.get(key) ?? Promise.resolve()).then(build);
      const ended = turn.catch(() => {});
      ends.set(key, ended);
      await turn;
      if (ends.get(key) === ended) ends.delete(key);
    },
  };
}
