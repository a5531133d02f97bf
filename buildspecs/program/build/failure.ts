import { types } from 'node:util';
import type { PlanResult } from '../../../lambdas/domain/contract/build-result.ts';
import type { Cause, Phase } from './phases.ts';

/** The contents of the result of a failed build. */
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

const oneLine = (text: string): string => text.replace(/\s+/g, ' ').trim();

/**
 * Returns one line for people: what failed, where, if the place is known, and the beginning of the engine's detail. The
 * summary of the engine is a heading ("Error acquiring the state lock"), and only the detail says what happened.
 */
export function describeDiagnostic({ summary, detail, address, file, line }: Diagnostic): string {
  const place = file === undefined ? undefined : line === undefined ? file : `${file}:${line}`;
  const where = [address, place].filter((part) => part !== undefined).join(', ');
  const what = oneLine(summary);
  const told = firstStatement(detail ?? '');
  const heading = where === '' ? what : `${what} (${where})`;
  return told === '' || what.includes(told) ? heading : `${heading}: ${told}`;
}

/** Most characters of a detail that a message has: enough for a refusal by AWS and for who holds a lock. */
const LONGEST_STATEMENT = 600;

/**
 * Returns the first paragraph of a detail, with the next one where it ends in a colon, and facts: what an external program
 * said stands in a paragraph of its own, such as `Error Message: …`. What follows else is advice, which is often for
 * people at a command line.
 */
function firstStatement(detail: string): string {
  const paragraphs = detail
    .split(/\n\s*\n/)
    // A field without a value at the end of a list announces nothing.
    .map((paragraph) => oneLine(paragraph.replace(/\n\s+\w+:\s*$/, '')))
    .filter((paragraph) => paragraph !== '');
  const end = paragraphs.findIndex((paragraph) => !paragraph.endsWith(':'));
  const told = paragraphs.filter((paragraph, at) => end === -1 || at <= end || FACTS.test(paragraph)).join(' ');
  // A command in front of it may be a whole script.
  const exit = EXIT_STATUS.exec(oneLine(detail))?.[0];
  if (exit === undefined || shorten(told, LONGEST_STATEMENT).includes('exit status'))
    return shorten(told, LONGEST_STATEMENT);
  return `${shorten(told, LONGEST_STATEMENT / 2)} … ${shorten(exit, LONGEST_STATEMENT / 2)}`;
}

const FACTS = /^(?:[A-Z][a-z]+ ?){1,3}: \S/;
const EXIT_STATUS = /\bexit status \d+\b.*/;

const shorten = (text: string, most: number): string =>
  text.length <= most ? text : `${text.slice(0, most).toWellFormed()}…`;

/** Returns the diagnostic that says most about a failure: the first error that names a file, else the first error. */
export function findCause(diagnostics: readonly Diagnostic[]): Diagnostic | undefined {
  const errors = diagnostics.filter(({ severity }) => severity === 'error');
  return errors.find(({ file }) => file !== undefined) ?? errors[0];
}

/** Limits of a result, because a configuration may have thousands of mistakes. */
const MOST_DIAGNOSTICS = 20;
const LONGEST_MESSAGE = 1000;

/** Returns the part of a failure that its result keeps: errors before warnings, and a message of one readable line. */
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

/** Returns whether an error is one of the operating system. Those name file and cause, and no contents of the file. */
const isSystemError = (error: unknown): error is Error =>
  types.isNativeError(error) && 'syscall' in error && 'code' in error;

/**
 * Returns what may be shown of an error. An error of the operating system gives its message. Any other error, such as
 * one from a mistake of ours, gives only its name, because its text could contain anything.
 */
export function describeError(error: unknown): string {
  if (isSystemError(error)) return error.message;
  return types.isNativeError(error) ? error.name : typeof error;
}

/** Returns an error that ends the build in the given phase. A PhaseError is returned unchanged. */
export function toPhaseError(error: unknown, phase: Phase): PhaseError {
  if (error instanceof PhaseError) return error;
  const told = describeError(error);
  return new PhaseError(phase, isSystemError(error) ? told : `the build broke in phase "${phase}" (${told})`);
}
