import type { GateName } from '../policy.ts';
import type { Store, Surroundings, Workflow } from '../ports.ts';

/** A task is retried a few times; more tokens than these cannot still be waiting. */
const MOST_EARLIER = 9;

/**
 * Stores the waiting task's token and does nothing more, unless the gate has been closed already: then it resumes the
 * task at once. A decision reads the token in the order opposite to this, so one of the two always sees the other.
 */
export async function awaitApproval(
  { store, workflow, surroundings }: { store: Store; workflow: Workflow; surroundings: Surroundings },
  deploymentId: string,
  name: GateName,
  token: string,
): Promise<void> {
  const isDecided = await store.transact(async (transaction) => {
    const [before, gate] = await Promise.all([
      transaction.get('taskToken', { deploymentId, gate: name }),
      transaction.get('gate', { deploymentId, gate: name }),
    ]);
    const earlier = before ? [before.token, ...(before.earlier ?? [])].slice(0, MOST_EARLIER) : [];
    transaction.put('taskToken', { deploymentId, gate: name, token, earlier, storedAt: surroundings.now() });
    return gate?.status !== 'open';
  });
  if (isDecided) await workflow.resume(token);
}
