import { PlaceSchema } from '../../differences.ts';

/** Runs builds of the same environment one after another: they share a fixed path. */
export interface EnvironmentQueue {
  /** Runs at once what belongs to no environment; else waits until the earlier build has ended, also its clean-up. */
  run(variables: Readonly<Record<string, string>>, build: () => Promise<void>): Promise<void>;
}

export function createEnvironmentQueue(): EnvironmentQueue {
  /** The end of the last build of each environment. */
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
