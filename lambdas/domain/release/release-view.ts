import * as z from 'zod';
import { releasePath } from '../links.ts';
import { isProven } from '../model/environment-state.ts';
import type { Release } from '../model/release.ts';
import { WORDS_FROM, wordsFrom } from '../model/release-words.ts';
import { LISTINGS } from '../model/table/listings.ts';
import { CommitSchema, ReleaseNumberSchema } from '../names.ts';
import type { Reader, Store } from '../ports.ts';
import { listAll } from '../transaction/list-all.ts';
import { ReleaseStandingSchema, standingIn } from './release-standings.ts';

/** A release as the API shows it, with what became of it in each environment to which it was deployed. */
export const ReleaseViewSchema = z
  .object({
    application: z.string(),
    number: ReleaseNumberSchema,
    commit: CommitSchema,
    message: z.string(),
    author: z.string(),
    source: z.enum(['push', 'api']),
    wordsFrom: z.enum(WORDS_FROM),
    stated: z.object({ message: z.string(), author: z.string() }).nullable(),
    createdAt: z.string(),
    /** Where its success counts for promotion: applied, or passed through. */
    succeededIn: z.array(z.object({ environment: z.string(), deploymentId: z.string(), at: z.string() })),
    /** In the order of the pipeline, then environments that are no longer in it. */
    environments: z.array(ReleaseStandingSchema),
    links: z.object({ self: z.string() }),
  })
  .meta({ id: 'Release' });
export type ReleaseView = z.input<typeof ReleaseViewSchema>;

/** Shows a release. Several releases of one application may share a reader, which reads each environment once. */
export async function viewRelease(store: Store, release: Release, reader?: Reader): Promise<ReleaseView> {
  const { application, number } = release;
  const ahead = reader ?? (await store.readAhead());
  const [owner, outcomes] = await Promise.all([
    ahead.get('application', { name: application }),
    listAll(store, LISTINGS.outcomesOfRelease(application, number)),
  ]);
  const names = new Set([...(owner?.pipeline ?? []), ...outcomes.map(({ environment }) => environment)]);
  const places = await Promise.all(
    [...names].map(async (environment) => ({
      environment,
      state: await ahead.get('environmentState', { application, environment }),
      outcome: outcomes.find((outcome) => outcome.environment === environment),
    })),
  );
  return {
    ...release,
    wordsFrom: wordsFrom(release),
    stated: release.stated ?? null,
    succeededIn: places.flatMap(({ state, outcome }) => {
      if (!outcome || !isProven(state, outcome)) return [];
      const { environment, deploymentId, at } = outcome;
      return [{ environment, deploymentId, at }];
    }),
    environments: places.flatMap((place) => standingIn(number, place) ?? []),
    links: { self: releasePath(application, number) },
  };
}
