import { types } from 'node:util';
import type { PlanResult } from '../../../lambdas/domain/contract/build-result.ts';
import type { Cause, Phase } from './phases.ts';

/** What a failed build says of itself in its result. */
type ReportedFailure = Extract<PlanResult, { ok: false }>;

/** One finding of the engine, without source text and values. */
export interface Diagnostic {
  readonly severity: 'error' | 'warning';
  readonly summary: string;
  readonly detail?: string;
  readonly address?: string;
  readonly file?: string;
  readonly line?: number;
}

/** A refusal or error that ends the build in a known phase. */
export class PhaseError extends Error {
  override readonly name = 'PhaseError';
  readonly phase: Phase;
  /** A word for a cause that the control plane treats differently (`plan-stale`). */
  readonly reason: Cause | undefined;
  readonly diagnostics: readonly Diagnostic[];
  constructor(phase: Phase, message: string, facts: { reason?: Cause; diagnostics?: readonly Diagnostic[] } = {}) {
    super(message);
    this.phase = phase;
    this.reason = facts.reason;
    this.diagnostics = facts.diagnostics ?? [];
  }
}

/** One line for people: what failed, and where when that is known. */
export function describeDiagnostic({ summary, address, file, line }: Diagnostic): string {
  const place = file === undefined ? undefined : line === undefined ? file : `${file}:${line}`;
  const where = [address, place].filter((part) => part !== undefined).join(', ');
  const what = summary.replace(/\s+/g, ' ').trim();
  return where === '' ? what : `${what} (${where})`;
}

/** The diagnostic that tells most about a failure: an error that names its place, else the first error. */
export function findCause(diagnostics: readonly Diagnostic[]): Diagnostic | undefined {
  const errors = diagnostics.filter(({ severity }) => severity === 'error');
  return errors.find(({ file }) => file !== undefined) ?? errors[0];
}

/** What a reader of a result can rely on; a configuration may have thousands of mistakes. */
const MOST_DIAGNOSTICS = 20;
const LONGEST_MESSAGE = 1000;

/** What is worth keeping of a failure: errors before warnings, and a message of one readable line. */
export function summarizeFailure({
  phase,
  message,
  reason,
  diagnostics,
}: Pick<PhaseError, 'phase' | 'message' | 'reason' | 'diagnostics'>): Omit<ReportedFailure, 'ok' | 'seconds'> {
  const bySeverity = (severity: string) => diagnostics.filter((diagnostic) => diagnostic.severity === severity);
  return {
    phase,
    message: message.replace(/\s+/g, ' ').trim().slice(0, LONGEST_MESSAGE),
    ...(reason === undefined ? {} : { reason }),
    diagnostics: [...bySeverity('error'), ...bySeverity('warning')].slice(0, MOST_DIAGNOSTICS),
  };
}

/** Errors of the operating system say which file and why, and hold nothing of what was in it. */
const isSystemError = (error: unknown): error is Error =>
  types.isNativeError(error) && 'syscall' in error && 'code' in error;

/** What may be told of any error. What broke by a mistake of ours is told by name only: its text could hold anything. */
export function describeError(error: unknown): string {
  if (isSystemError(error)) return error.message;
  return types.isNativeError(error) ? error.name : typeof error;
}

/** Any error as one that ends the build in the phase it is in. */
export function toPhaseError(error: unknown, phase: Phase): PhaseError {
  if (error instanceof PhaseError) return error;
  const told = describeError(error);
  return new PhaseError(phase, isSystemError(error) ? told : `the build broke in phase "${phase}" (${told})`);
}
