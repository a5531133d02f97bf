import type { RepositoryReads } from '../contract/repository-reads.ts';
import { withReads } from '../model/concern/known-reads.ts';
import type { Deployment } from '../model/deployment.ts';
import type { Transaction } from '../ports.ts';

/** Keeps what a plan reads of the repository, by which pushes are judged. Ephemeral environments have no releases. */
export async function keepReads(
  transaction: Transaction,
  deployment: Pick<Deployment, 'application' | 'environment' | 'release'>,
  reads: RepositoryReads | undefined,
): Promise<void> {
  const { application, environment, release } = deployment;
  if (!reads || release === undefined) return;
  const known = await transaction.get('applicationReads', { application });
  transaction.put('applicationReads', withReads(known, { application, environment, release }, reads));
}
