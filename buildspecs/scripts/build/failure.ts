import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import * as z from 'zod';

const DiagnosticSchema = z.object({
  severity: z.enum(['error', 'warning']),
  summary: z.string(),
  detail: z.string().optional(),
  address: z.string().optional(),
  file: z.string().optional(),
  line: z.number().optional(),
});
/** One finding of the engine, without source text and values. */
export type Diagnostic = z.infer<typeof DiagnosticSchema>;

const FailureSchema = z.object({
  phase: z.string(),
  message: z.string(),
  /** A word for a cause that the control plane treats differently (`plan-stale`). */
  reason: z.string().optional(),
  diagnostics: z.array(DiagnosticSchema),
});
/** Why a build failed, as one of its programs recorded it. */
export type Failure = z.infer<typeof FailureSchema>;

/** A refusal or error that ends the build in a known phase. */
export class PhaseError extends Error {
  override readonly name = 'PhaseError';
  readonly phase: string;
  readonly reason: string | undefined;
  readonly diagnostics: readonly Diagnostic[];
  constructor(phase: string, message: string, facts: { reason?: string; diagnostics?: readonly Diagnostic[] } = {}) {
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

/** What a reader of `result.json` can rely on; a configuration may have thousands of mistakes. */
const mostDiagnostics = 20;
const longestMessage = 1000;

/** Shortens a failure to what is worth keeping: errors before warnings, and a message of one readable line. */
export function summarizeFailure(failure: Failure): Failure {
  const bySeverity = (severity: string) => failure.diagnostics.filter((diagnostic) => diagnostic.severity === severity);
  return {
    ...failure,
    message: failure.message.replace(/\s+/g, ' ').trim().slice(0, longestMessage),
    diagnostics: [...bySeverity('error'), ...bySeverity('warning')].slice(0, mostDiagnostics),
  };
}

/** Keeps the failure for the program that writes `result.json`. The first one recorded is the cause; later ones follow from it. */
export function recordFailure(file: string, failure: Failure): void {
  if (!existsSync(file)) writeFileSync(file, JSON.stringify(failure), { mode: 0o600 });
}

/** Reads the recorded failure, if a program recorded one. */
export function readFailure(file: string): Failure | undefined {
  return existsSync(file) ? FailureSchema.parse(JSON.parse(readFileSync(file, 'utf8'))) : undefined;
}
