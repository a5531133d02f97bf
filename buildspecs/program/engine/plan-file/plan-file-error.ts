/** Why a plan file cannot be judged: its content is hidden on purpose, or is not what an engine writes. */
export type PlanFileProblem = 'plan-encrypted' | 'plan-unreadable';

/** A plan file that cannot be read. The message is one line and holds nothing of what is in the file but names. */
export class PlanFileError extends Error {
  override readonly name = 'PlanFileError';
  readonly reason: PlanFileProblem;
  constructor(message: string, facts: { reason?: PlanFileProblem; cause?: unknown } = {}) {
    super(message, { cause: facts.cause });
    this.reason = facts.reason ?? 'plan-unreadable';
  }
}
