import { readCommit } from '../contract/commit-facts.ts';
import type { Deployment } from '../model/deployment.ts';
import type { Transaction } from '../ports.ts';

/**
 * Gives a release that was made by API the message and author of its commit, once a build has handed the commit over.
 * The message and author that the request gave are kept in `stated`. The event of a push contains both already. An
 * object that is not the commit is ignored.
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
