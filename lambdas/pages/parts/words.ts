import { ENDINGS, type Ending, isEnding } from '../../domain/endings.ts';
import type { Deployment, Status } from '../../domain/model/deployment.ts';
import { hasPassedThrough } from '../../domain/model/passed-through.ts';
import type { Operation } from '../../domain/operation.ts';
import { counted } from '../../domain/plan/wording.ts';

export { moment, nameOf } from '../../domain/approval/in-words.ts';

/** Texts and formats of the pages. */

const DAY = new Intl.DateTimeFormat('en-GB', { dateStyle: 'medium', timeZone: 'UTC' });
const TIME = new Intl.DateTimeFormat('en-GB', { timeStyle: 'short', timeZone: 'UTC' });

/** Returns a day such as `23 Nov 2026`. */
export const day = (instant: string): string => DAY.format(new Date(instant));

/** Returns a time such as `10:00 UTC`. */
export const time = (instant: string): string => `${TIME.format(new Date(instant))} UTC`;

const SPANS = [
  [24 * 3600, 'day'],
  [3600, 'hour'],
  [60, 'minute'],
] as const;

/** Returns the time left, rounded down, such as `6 days left`, or undefined when the time is over. */
export function timeLeft(now: string, until: string): string | undefined {
  const seconds = (Date.parse(until) - Date.parse(now)) / 1000;
  if (seconds <= 0) return undefined;
  const [span, unit] = SPANS.find(([length]) => seconds >= length) ?? [60, 'minute'];
  return `${counted(Math.max(1, Math.floor(seconds / span)), unit)} left`;
}

export const money = (amount: number, currency: string): string =>
  new Intl.NumberFormat('en', { style: 'currency', currency }).format(amount);

/** Returns an amount with its sign: `+$12.50`, `-$3.00`, `$0.00`. */
export const difference = (amount: number, currency: string): string =>
  new Intl.NumberFormat('en', { style: 'currency', currency, signDisplay: 'exceptZero' }).format(amount);

export const capitalized = (text: string): string => text.slice(0, 1).toUpperCase() + text.slice(1);

/** Returns the request in words that follow "asks to". */
export function operationInWords(operation: Operation, content: string, environment: string): string {
  switch (operation) {
    case 'deploy':
      return `deploy ${content} to ${environment}`;
    case 'rollback':
      return `roll ${environment} back to ${content}`;
    case 'destroy':
      return `destroy everything in ${environment}`;
  }
}

/** Each open status of a deployment as one sentence. */
const OPEN_IN_WORDS: Readonly<Record<Exclude<Status, Ending>, string>> = {
  queued: 'The deployment waits for its turn.',
  planning: 'The deployment is being planned.',
  awaiting_approval: 'The deployment continues automatically when all approvals are given.',
  applying: 'The deployment is being applied.',
};

/** Each open status of a deployment in a word or two. */
const OPEN_IN_BRIEF: Readonly<Record<Exclude<Status, Ending>, string>> = {
  queued: 'Queued',
  planning: 'Being planned',
  awaiting_approval: 'Waiting',
  applying: 'Being applied',
};

export function statusInWords(deployment: Deployment): string {
  const { status } = deployment;
  if (hasPassedThrough(deployment)) return 'The deployment passed through: there was nothing left to change.';
  if ('appliesBannedSince' in deployment) return 'The deployment waits, because nothing may be applied at the moment.';
  return isEnding(status) ? ENDINGS[status].sentence : OPEN_IN_WORDS[status];
}

export const statusInBrief = (deployment: Deployment): string =>
  briefly({ status: deployment.status, passedThrough: hasPassedThrough(deployment) });

/** Returns the status of a deployment in a word or two. */
export function briefly({
  status,
  passedThrough,
}: {
  readonly status: Status;
  readonly passedThrough: boolean;
}): string {
  if (passedThrough) return 'Passed through';
  return isEnding(status) ? ENDINGS[status].word : OPEN_IN_BRIEF[status];
}

/** The reasons of Terraform for an action, in words that follow the address of the resource. */
export const REASON_IN_WORDS: Readonly<Record<string, string>> = {
  replace_because_cannot_update: 'cannot be changed in place',
  replace_because_tainted: 'marked as damaged',
  replace_by_request: 'replaced on request',
  replace_by_triggers: 'follows another change',
  delete_because_no_resource_config: 'no longer in the configuration',
  delete_because_wrong_repetition: 'its count or for_each changed',
  delete_because_count_index: 'its count shrinks',
  delete_because_each_key: 'its key has left for_each',
  delete_because_no_module: 'its module is no longer in the configuration',
  delete_because_no_move_target: 'what it moved to does not exist',
  read_because_config_unknown: 'read during the apply',
  read_because_dependency_pending: 'read during the apply',
  read_because_check_nested: 'read for a check',
};
