import type { Deployment } from '../deployment.ts';
import { DAYS_KEPT, type Delivery, type DeliveryDay, dayOf, daysBefore, MOST_PER_DAY } from './delivery.ts';

/** What else has to be known of an ending. */
interface Facts {
  /** When the environment was made: what failed before, in another one of its name, is not repaired by this one. */
  readonly environmentCreatedAt: string;
  /** When the release was made; undefined for a deployment without a release. */
  readonly releaseCreatedAt: string | undefined;
}

type Ended = Extract<Deployment, { endedAt: string }>;

const isEnded = (deployment: Deployment): deployment is Ended => 'endedAt' in deployment;

/** Returns whether an ending may count: a success, or a failure after which something may have changed. */
export const mayCount = (deployment: Deployment): boolean =>
  deployment.status === 'succeeded' || (deployment.status === 'failed' && deployment.applied !== 'no');

/** Returns the counters of a production environment after a deployment there has ended (docs/dora.md). */
export function countEnding(known: Delivery | undefined, ended: Deployment, facts: Facts): Delivery | undefined {
  if (!isEnded(ended) || !mayCount(ended)) return known;
  const counted = count(ofThisEnvironment(known ?? begin(ended), facts), ended, facts);
  const oldest = daysBefore(dayOf(ended.endedAt), DAYS_KEPT);
  return { ...counted, lastEnding: ended.endedAt, days: counted.days.filter(({ day }) => day > oldest) };
}

/** Without counters, endings of earlier deployments were not counted. */
function begin({ application, environment, number, endedAt }: Ended): Delivery {
  const times = { since: endedAt, lastEnding: endedAt };
  return { application, environment, ...times, isWhole: number === 1, days: [], newestRelease: 0 };
}

function ofThisEnvironment(delivery: Delivery, { environmentCreatedAt }: Facts): Delivery {
  const { lastDeploy, failingSince, ...kept } = delivery;
  return {
    ...kept,
    ...(lastDeploy && lastDeploy.at >= environmentCreatedAt && { lastDeploy }),
    ...(failingSince && failingSince >= environmentCreatedAt && { failingSince }),
  };
}

function count(delivery: Delivery, ended: Ended, facts: Facts): Delivery {
  switch (ended.operation) {
    case 'deploy':
      return countDeploy(delivery, ended, facts);
    case 'rollback':
      return countRollback(delivery, ended);
    case 'destroy':
      return ended.status === 'succeeded' ? withoutPresent(delivery) : delivery;
  }
}

function countDeploy(delivery: Delivery, ended: Ended, { releaseCreatedAt }: Facts): Delivery {
  const { endedAt, release = 0, planned } = ended;
  if (ended.status === 'failed') {
    const failed = onDay(delivery, dayOf(endedAt), (day) => ({
      ...day,
      failedToDeploy: day.failedToDeploy + 1,
      failures: day.failures + 1,
    }));
    return { failingSince: endedAt, ...failed, lastDeploy: { at: endedAt, isFailed: true } };
  }
  const repaired = restored(delivery, endedAt);
  const newestRelease = Math.max(delivery.newestRelease, release);
  if (!planned?.hasChanges) return { ...repaired, newestRelease };
  const isNewer = release > delivery.newestRelease;
  const leads = isNewer && releaseCreatedAt !== undefined ? [secondsBetween(releaseCreatedAt, endedAt)] : [];
  const deployed = onDay(repaired, dayOf(endedAt), (day) => ({
    ...day,
    deployed: day.deployed + 1,
    leads: [...day.leads, ...leads].slice(0, MOST_PER_DAY),
  }));
  return { ...deployed, newestRelease, lastDeploy: { at: endedAt, isFailed: false } };
}

/** A rollback that changes something says that the deploy before it has failed. It is no deploy itself. */
function countRollback(delivery: Delivery, ended: Ended): Delivery {
  const { endedAt, createdAt, planned } = ended;
  const hasChanges = ended.status === 'failed' || planned?.hasChanges === true;
  // Somebody knew of the failure when the rollback was asked for, at the latest.
  const failing: Delivery = hasChanges ? { failingSince: createdAt, ...withLastFailed(delivery) } : delivery;
  return ended.status === 'failed' ? failing : restored(failing, endedAt);
}

function withLastFailed(delivery: Delivery): Delivery {
  const { lastDeploy } = delivery;
  if (!lastDeploy || lastDeploy.isFailed) return delivery;
  const day = dayOf(lastDeploy.at);
  const marked = { ...delivery, lastDeploy: { ...lastDeploy, isFailed: true } };
  // A deploy of so long ago that its day is no longer kept counts in no window.
  return delivery.days.some((each) => each.day === day)
    ? onDay(marked, day, (each) => ({ ...each, failures: each.failures + 1 }))
    : marked;
}

function restored(delivery: Delivery, at: string): Delivery {
  const { failingSince, ...rest } = delivery;
  if (failingSince === undefined) return delivery;
  return onDay(rest, dayOf(at), (day) => ({
    ...day,
    restores: [...day.restores, secondsBetween(failingSince, at)].slice(0, MOST_PER_DAY),
  }));
}

/** Nothing runs any more: nothing is left to repair or to roll back. */
const withoutPresent = ({ lastDeploy: _gone, failingSince: _since, ...kept }: Delivery): Delivery => kept;

function onDay(delivery: Delivery, day: string, change: (day: DeliveryDay) => DeliveryDay): Delivery {
  const found = delivery.days.find((each) => each.day === day);
  const known = found ?? { day, deployed: 0, failedToDeploy: 0, failures: 0, leads: [], restores: [] };
  const others = delivery.days.filter((each) => each !== found);
  const days = [...others, change(known)].sort((one, other) => (one.day < other.day ? -1 : 1));
  return { ...delivery, days };
}

const secondsBetween = (from: string, to: string): number =>
  Math.max(0, Math.round((Date.parse(to) - Date.parse(from)) / 1000));
