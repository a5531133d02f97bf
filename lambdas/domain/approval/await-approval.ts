import type { GateName } from '../policy.ts';
import type { Store, Surroundings, Workflow } from '../ports.ts';

/**
 * Most earlier tokens that are kept. A task is retried some twenty times, and an attempt that was given up may store its
 * token after the next one.
 */
const MOST_EARLIER = 24;

/**
 * Stores the token of the waiting task. If the gate is closed already, it also resumes the task at once. A decision
 * works in the opposite order: it closes the gate and then reads the token. So one of the two always sees the other.
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
