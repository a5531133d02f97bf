import * as z from 'zod';
import { releasePath } from '../links.ts';
import { isProven } from '../model/environment-state.ts';
import type { Release } from '../model/release.ts';
import { WORDS_FROM, wordsFrom } from '../model/release-words.ts';
import { LISTINGS } from '../model/table/listings.ts';
import { CommitSchema, ReleaseNumberSchema } from '../names.ts';
import type { Store } from '../ports.ts';
import { listAll } from '../transaction/list-all.ts';

/** A release as the API shows it, with the environments in which it has succeeded and the success still counts. */
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
    succeededIn: z.array(z.object({ environment: z.string(), deploymentId: z.string(), at: z.string() })),
    links: z.object({ self: z.string() }),
  })
  .meta({ id: 'Release' });
export type ReleaseView = z.input<typeof ReleaseViewSchema>;

export async function viewRelease(store: Store, release: Release): Promise<ReleaseView> {
  const { application, number } = release;
  const outcomes = await listAll(store, LISTINGS.outcomesOfRelease(application, number));
  const proven = await Promise.all(
    outcomes.map(async (outcome) => {
      const { environment, deploymentId, at } = outcome;
      const state = await store.get('environmentState', { application, environment });
      return isProven(state, outcome) ? [{ environment, deploymentId, at }] : [];
    }),
  );
  return {
    ...release,
    wordsFrom: wordsFrom(release),
    stated: release.stated ?? null,
    succeededIn: proven.flat(),
    links: { self: releasePath(application, number) },
  };
}
