import { ENDINGS, type Ending } from '../endings.ts';
import type { Deployment } from './deployment.ts';
import { type EnvironmentState, isProven, type Outcome } from './environment-state.ts';

/**
 * Returns whether a deployment succeeded because there was nothing to change: its content passed through the
 * environment, and nothing was applied. A destruction brings no content.
 */
export const hasPassedThrough = (deployment: Deployment): boolean =>
  deployment.status === 'succeeded' && deployment.operation !== 'destroy' && !deployment.planned.hasChanges;

/**
 * What became of a release in an environment. `applied` and `passed`: it succeeded, with or without changes.
 * `succeeded`: which of the two is not known, because it was recorded before the two were told apart. `withdrawn`: it
 * succeeded, and the success no longer counts. `unsuccessful`: how it ended was not recorded. The others are endings.
 */
export const STANDINGS = [
  ...['applied', 'passed', 'succeeded', 'withdrawn', 'unsuccessful'],
  ...['rejected', 'expired', 'canceled', 'superseded', 'blocked', 'failed'],
] as const;
export type Standing = (typeof STANDINGS)[number];

/** Returns what became of the release of an outcome. */
export function standingOf(state: EnvironmentState | undefined, outcome: Outcome): Standing {
  const { succeeded, ending, passed } = outcome;
  if (!succeeded) return ending === undefined || ending === 'succeeded' ? 'unsuccessful' : ending;
  if (!isProven(state, outcome)) return 'withdrawn';
  if (passed === undefined) return 'succeeded';
  return passed ? 'passed' : 'applied';
}

/** The result of a deployment for its release. `success` is the number of its success in the environment. */
interface Result {
  readonly ended: Deployment;
  readonly ending: Ending;
  /** Whether the ending says anything about the release. */
  readonly isVerdict: boolean;
  readonly release: number;
  readonly success: number;
  readonly at: string;
}

/**
 * Returns the outcome that a deployment leaves, or undefined if the outcome stays as it is: an ending that says nothing
 * about the release takes the place of no verdict, except of one of the same name: the latest deployment is shown.
 */
export function outcomeAfter(before: Outcome | undefined, result: Result): Outcome | undefined {
  const { ended, ending, release, success, at } = result;
  const { application, environment, id: deploymentId } = ended;
  const facts = { application, environment, release, ending, deploymentId, at };
  if (ending === 'succeeded') return { ...facts, succeeded: true, passed: hasPassedThrough(ended), success };
  const counts = result.isVerdict || !before || !isVerdict(before) || before.ending === ending;
  return counts ? { ...facts, succeeded: false, success: 0 } : undefined;
}

const isVerdict = ({ ending }: Outcome): boolean => ending === undefined || ENDINGS[ending].isVerdict;
