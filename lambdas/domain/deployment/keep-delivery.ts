import { countEnding, mayCount } from '../model/delivery/count-ending.ts';
import { type Deployment, plannedOf } from '../model/deployment.ts';
import type { Environment } from '../model/environment.ts';
import type { Reader, Transaction } from '../ports.ts';

/** Counts an ending in a production environment, in the transaction that records it: each counts once. */
export async function keepDelivery(transaction: Transaction, ended: Deployment): Promise<void> {
  if (!mayCount(ended)) return;
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

/** Reads in parallel the records that `keepDelivery` would read one after the other: production is always protected. */
export async function readForDelivery(ahead: Reader, deployment: Deployment): Promise<void> {
  const { application, environment: name, release } = deployment;
  const mayBeProduction = plannedOf(deployment)?.isProtected === true;
  await Promise.all([
    ahead.get('environment', { application, name }),
    mayBeProduction && ahead.get('delivery', { application, environment: name }),
    mayBeProduction && release !== undefined && ahead.get('release', { application, number: release }),
  ]);
}
