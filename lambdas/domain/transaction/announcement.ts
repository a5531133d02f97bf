import { ENDINGS } from '../endings.ts';
import type { EventDetail, EventName } from '../events.ts';
import type { Deployment } from '../model/deployment.ts';
import { hasPassedThrough } from '../model/passed-through.ts';

type Announcement = { [Name in EventName]: { name: Name; detail: EventDetail<Name> } }[EventName];

/** Returns the event that reports how a deployment ended; undefined while it is open. */
export function eventOf(deployment: Deployment): Announcement | undefined {
  const { id, application, environment, release, commit, operation } = deployment;
  const facts = { deploymentId: id, application, environment, release, commit, operation };
  switch (deployment.status) {
    case 'queued':
    case 'planning':
    case 'awaiting_approval':
    case 'applying':
      return undefined;
    case 'succeeded':
      return {
        name: ENDINGS.succeeded.event,
        detail: { ...facts, changes: deployment.planned.hasChanges, passedThrough: hasPassedThrough(deployment) },
      };
    default:
      return {
        name: ENDINGS[deployment.status].event,
        detail: { ...facts, status: deployment.status, reason: deployment.error.reason },
      };
  }
}
