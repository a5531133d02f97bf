interface EndingRow {
  /** The workflow's state that records it, and what that state says of it. */
  readonly recordedBy: string;
  readonly comment: string;
  /** The state at which the execution ends, and the cause that the console shows; a success has none. */
  readonly endState: string;
  readonly cause?: string;
  /** What the bus is told. */
  readonly event: string;
  /** For people, as a sentence and in a word. */
  readonly sentence: string;
  readonly word: string;
  /** Whether it is a verdict on the release: one that is not a success takes an earlier proof away (rule 1). */
  readonly isVerdict: boolean;
}

/**
 * How a deployment ends, and what follows from that. Statuses, records, events, the workflow's last states and the words
 * of pages come from these rows.
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
/** Ends that are neither a success nor a machine's failure: all that is known of them is the reason. */
export type Unsuccessful = Exclude<Ending, 'succeeded' | 'failed'>;
export type EndingEvent = (typeof ENDINGS)[Exclude<Ending, 'succeeded'>]['event'];

export const isEnding = (status: string): status is Ending => status in ENDINGS;
const isUnsuccessful = (ending: Ending): ending is Unsuccessful => ending !== 'succeeded' && ending !== 'failed';

export const ENDING_NAMES: readonly Ending[] = Object.keys(ENDINGS).filter(isEnding);
export const UNSUCCESSFUL: readonly Unsuccessful[] = ENDING_NAMES.filter(isUnsuccessful);
