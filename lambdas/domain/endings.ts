import * as z from 'zod';

interface EndingRow {
  /** The workflow state that records the ending, and the comment of that state. */
  readonly recordedBy: string;
  readonly comment: string;
  /** The state at which the execution ends, and the cause that the console shows; a success has no cause. */
  readonly endState: string;
  readonly cause?: string;
  /** The event that is published on the bus. */
  readonly event: string;
  /** The ending in words for people, as a sentence and as one word. */
  readonly sentence: string;
  readonly word: string;
  /** Whether the ending is a verdict on the release: verdicts other than success withdraw an earlier proof (rule 1). */
  readonly isVerdict: boolean;
}

/**
 * The endings of a deployment, and what follows from each. Statuses, records, events, the last states of the workflow
 * and the words of pages come from these rows.
 */
export const ENDINGS = {
  succeeded: {
    recordedBy: 'RecordSuccess',
    comment: 'Applied, or nothing to apply',
    endState: 'Succeeded',
    event: 'DeploymentSucceeded',
    sentence: 'The deployment succeeded.',
    word: 'Succeeded',
    isVerdict: true,
  },
  rejected: {
    recordedBy: 'RecordRejection',
    comment: 'A person said no',
    endState: 'Rejected',
    cause: 'an approver said no',
    event: 'DeploymentRejected',
    sentence: 'The deployment was rejected.',
    word: 'Rejected',
    isVerdict: true,
  },
  expired: {
    recordedBy: 'RecordExpiry',
    comment: 'The clock said no',
    endState: 'Expired',
    cause: 'a gate was not decided in time',
    event: 'DeploymentExpired',
    sentence: 'The deployment expired.',
    word: 'Expired',
    isVerdict: false,
  },
  canceled: {
    recordedBy: 'RecordCancellation',
    comment: 'A request said no',
    endState: 'Canceled',
    cause: 'somebody asked to stop',
    event: 'DeploymentCanceled',
    sentence: 'The deployment was canceled.',
    word: 'Canceled',
    isVerdict: false,
  },
  superseded: {
    recordedBy: 'RecordSupersession',
    comment: 'A newer release said no',
    endState: 'Superseded',
    cause: 'a newer release took its place',
    event: 'DeploymentSuperseded',
    sentence: 'A newer release took the place of the deployment.',
    word: 'Superseded',
    isVerdict: false,
  },
  blocked: {
    recordedBy: 'RecordBlocked',
    comment: 'A policy said no',
    endState: 'Blocked',
    cause: 'a policy forbids it',
    event: 'DeploymentBlocked',
    sentence: 'A policy stopped the deployment.',
    word: 'Blocked',
    isVerdict: true,
  },
  failed: {
    recordedBy: 'RecordFailure',
    comment: 'A machine failed',
    endState: 'Failed',
    cause: 'something broke; the deployment says what and where',
    event: 'DeploymentFailed',
    sentence: 'The deployment failed.',
    word: 'Failed',
    isVerdict: true,
  },
} as const satisfies Record<string, EndingRow>;

export type Ending = keyof typeof ENDINGS;
/** Endings other than success and technical failure: only the reason is known about them. */
export type Unsuccessful = Exclude<Ending, 'succeeded' | 'failed'>;
export type EndingEvent = (typeof ENDINGS)[Exclude<Ending, 'succeeded'>]['event'];

export const isEnding = (status: string): status is Ending => Object.hasOwn(ENDINGS, status);
const isUnsuccessful = (ending: Ending): ending is Unsuccessful => ending !== 'succeeded' && ending !== 'failed';

export const ENDING_NAMES: readonly Ending[] = Object.keys(ENDINGS).filter(isEnding);
export const UNSUCCESSFUL: readonly Unsuccessful[] = ENDING_NAMES.filter(isUnsuccessful);

/** Why a deployment ended other than with success. */
export const EndingErrorSchema = z.object({
  /** Short and stable, for machines: `plan-failed`, `plan-stale`, `state-address-taken` … */
  reason: z.string(),
  message: z.string().max(2000),
  /** State of the workflow in which the error happened. */
  state: z.string().optional(),
  diagnostics: z
    .array(
      z.object({
        severity: z.string(),
        summary: z.string(),
        detail: z.string().optional(),
        address: z.string().optional(),
        file: z.string().optional(),
        line: z.int().optional(),
      }),
    )
    .max(20)
    .optional(),
});
export type EndingError = z.infer<typeof EndingErrorSchema>;
