/**
 * Retry intervals and waits of the state machine are this many times shorter than the template says, and so are outages
 * and the patience of builds with the credentials broker.
 */
export const WAITS_DIVIDED_BY = 100;

/** Returns the milliseconds of a time that is this many seconds long in AWS. */
export const shortened = (seconds: number): number => (seconds * 1000) / WAITS_DIVIDED_BY;
