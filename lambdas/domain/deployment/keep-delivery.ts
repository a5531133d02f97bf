import { UnreadableRecordError } from '../errors.ts';
import { countEnding, mayCount } from '../model/delivery/count-ending.ts';
import { type Deployment, plannedOf } from '../model/deployment.ts';
import type { Environment } from '../model/environment.ts';
import type { Reader, Transaction } from '../ports.ts';
import { unlessUnreadable } from '../transaction/unless-unreadable.ts';

/**
 * Counts an ending in a production environment, in the transaction that records it: each counts once. If a record that
 * it needs cannot be read by `reader`, it is not counted: no figure may keep a deployment from ending.
 */
export async function keepDelivery(transaction: Transaction, ended: Deployment, reader: Reader): Promise<void> {
  if (!mayCount(ended) || !(await readForDelivery(reader, ended))) return;
  const { application, environment: name, release } = ended;
  const environment = await transaction.get('environment', { application, name });
  if (!environment || !isCounted(environment)) return;
  const [known, made] = await Promise.all([
    transaction.get('delivery', { application, environment: name }),
    release === undefined ? undefined : transaction.get('release', { application, number: release }),
  ]);
  const counted = countEnding(known, ended, {
    environmentCreatedAt: environment.createdAt,
    releaseCreatedAt: made?.createdAt,
  });
  if (counted) transaction.put('delivery', counted);
}

/** Returns whether deployments to an environment count in the figures. */
export const isCounted = ({ type, stage }: Pick<Environment, 'type' | 'stage'>): boolean =>
  type === 'regular' && stage === 'production';

/** Reads ahead what `keepDelivery` needs. Returns false if one of the records cannot be read. */
export async function readForDelivery(ahead: Reader, deployment: Deployment): Promise<boolean> {
  const { application, environment: name, release } = deployment;
  const read = await unlessUnreadable(async () => {
    const counters = () =>
      Promise.all([
        ahead.get('delivery', { application, environment: name }),
        release === undefined ? undefined : ahead.get('release', { application, number: release }),
      ]);
    // Production is always protected: then nothing has to be known first.
    const mayBeProduction = plannedOf(deployment)?.isProtected === true;
    const [environment] = await Promise.all([
      ahead.get('environment', { application, name }),
      mayBeProduction ? counters() : undefined,
    ]);
    if (!mayBeProduction && environment && isCounted(environment)) await counters();
  });
  return !(read instanceof UnreadableRecordError);
}
