import type { Api, Schemas } from '../client/api-client.ts';

/** How many of the newest releases are looked through. A commit that was released before them is released again. */
const NEWEST = 50;

/** Returns the newest release of a commit, if there is one: a push may have made it already. */
export async function findRelease(api: Api, app: string, commit: string): Promise<Schemas['Release'] | undefined> {
  const params = { path: { app }, query: { limit: NEWEST } };
  const { items } = await api.body(api.http.GET('/applications/{app}/releases', { params }));
  return items.find((release) => release.commit === commit);
}
