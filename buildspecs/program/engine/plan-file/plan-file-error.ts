/** Why a plan file cannot be judged: its contents are encrypted, or are not what an engine writes. */
export type PlanFileProblem = 'plan-encrypted' | 'plan-unreadable';

/** Thrown for a plan file that cannot be read. The message is one line and contains nothing from the file but names. */
export class PlanFileError extends Error {
  override readonly name = 'PlanFileError';
  readonly reason: PlanFileProblem;
  constructor(message: string, facts: { reason?: PlanFileProblem; cause?: unknown } = {}) {
    super(message, { cause: facts.cause });
    this.reason = facts.reason ?? 'plan-unreadable';
  }
}
