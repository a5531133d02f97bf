import { readCommit } from '../contract/commit-facts.ts';
import type { Deployment } from '../model/deployment.ts';
import type { Transaction } from '../ports.ts';

/**
 * A release made by API gets message and author of its commit, once a build has shown that to us. What the request said
 * is kept beside it. Of a push the event has told, and what a build shows that is not the commit counts for nothing.
 */
export async function keepCommitFacts(
  transaction: Transaction,
  { application, release: number, commit }: Pick<Deployment, 'application' | 'release' | 'commit'>,
  commitObject: string | undefined,
): Promise<void> {
  const facts = commitObject === undefined ? undefined : readCommit(Buffer.from(commitObject, 'base64'), commit);
  if (!facts || number === undefined) return;
  const release = await transaction.get('release', { application, number });
  if (release?.source !== 'api' || release.commit !== commit || release.stated) return;
  const { message, author } = release;
  transaction.put('release', { ...release, ...facts, stated: { message, author } });
}
