/** Tells callers that wait for a build that it has ended. */
export interface BuildEnds {
  announce(buildId: string): void;
  /** Resolves when the end is announced, or when `signal` aborts. */
  next(buildId: string, signal?: AbortSignal): Promise<void>;
}

export function createBuildEnds(): BuildEnds {
  const waiting = new Map<string, Set<() => void>>();
  return {
    announce(buildId) {
      const resolvers = waiting.get(buildId) ?? [];
      waiting.delete(buildId);
      for (const resolve of resolvers) resolve();
    },
    next: (buildId, signal) =>
      new Promise((resolve) => {
        const resolvers = waiting.get(buildId) ?? new Set();
        waiting.set(buildId, resolvers.add(resolve));
        const stopWaiting = () => {
          resolvers.delete(resolve);
          resolve();
        };
        signal?.addEventListener('abort', stopWaiting, { once: true });
      }),
  };
}
