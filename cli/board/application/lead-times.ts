import type { Schemas } from '../../client/api-client.ts';

type Release = Schemas['Release'];

/** How long a release took to production, in seconds; undefined if it is not there. */
export interface Lead {
  readonly release: number;
  readonly seconds: number | undefined;
  /** Whether a deployment of it failed in production. */
  readonly hasFailed: boolean;
}

/**
 * Returns for each release, oldest first, how long it took from when it was made to its first success in production, as
 * the lead time of DORA is counted (docs/dora.md). Releases that never came to production are left out.
 */
export function leadTimes(releases: readonly Release[], production: readonly string[]): Lead[] {
  return releases.toReversed().flatMap(({ number: release, createdAt, succeededIn, environments }) => {
    const [first] = succeededIn
      .filter(({ environment }) => production.includes(environment))
      .map(({ at }) => Date.parse(at))
      .sort((one, other) => one - other);
    const hasFailed = environments.some(
      ({ environment, state }) => production.includes(environment) && state === 'failed',
    );
    if (first === undefined && !hasFailed) return [];
    const seconds = first === undefined ? undefined : Math.max(0, (first - Date.parse(createdAt)) / 1000);
    return [{ release, seconds, hasFailed }];
  });
}
