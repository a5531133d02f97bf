import type { Problem } from '../../lambdas/runtime/http-errors.ts';
import type { Ending } from './exit-codes.ts';

interface Details {
  /** What the reader can do now: a command, or a sentence. */
  readonly nextStep?: string;
  /** What the API answered. */
  readonly problem?: Problem;
  readonly cause?: unknown;
}

/** Ends a command with an exit code, a message and, if there is one, a next step. */
export class CommandError extends Error {
  override readonly name = 'CommandError';
  readonly ending: Ending;
  readonly nextStep: string | undefined;
  readonly problem: Problem | undefined;

  constructor(ending: Ending, message: string, { nextStep, problem, cause }: Details = {}) {
    super(message, { cause });
    this.ending = ending;
    this.nextStep = nextStep;
    this.problem = problem;
  }
}
