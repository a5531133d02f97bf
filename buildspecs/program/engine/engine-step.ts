import { basename } from 'node:path';
import { secondsSince } from '../build/build.ts';
import { type Diagnostic, describeDiagnostic, findCause, PhaseError } from '../build/failure.ts';
import type { Phase } from '../build/phases.ts';
import type { AnyBuild } from '../build/run-build.ts';
import { findingWithoutSecrets } from '../build/without-secrets.ts';
import type { Engine } from './engine.ts';
import { engineEnvironment } from './engine-environment.ts';
import { describeEvent, type EngineEvent, parseEvent, toDiagnostic } from './events.ts';
import { lastWordsOf } from './last-words.ts';
import { redact } from './redact.ts';

/** How one run of the engine ended. */
export interface StepOutcome<Name extends string = Phase> {
  /** Name of the step: the phase's, if a failure of the step ends the build. */
  readonly name: Name;
  readonly exitCode: number;
  readonly events: readonly EngineEvent[];
  readonly diagnostics: readonly Diagnostic[];
  readonly errorOutput: string;
  readonly wasStopped: boolean;
}

interface StepOptions {
  readonly arguments: readonly string[];
  /** The planned directory by default. */
  readonly directory?: string;
  /** Variables in addition to those that every step gets. */
  readonly environment?: Readonly<Record<string, string>>;
  readonly input?: Buffer;
  /** File that receives the output unchanged. */
  readonly outputFile?: string;
  /** Whether the engine is never interrupted, because the result must say what was applied. */
  readonly isUnstoppable?: boolean;
}

/** Returns whether an event repeats another: an apply first prints its plan again, and each step prints the version. */
const isRepeated = (step: string, { type }: EngineEvent): boolean =>
  (type === 'planned_change' && step === 'apply') || (type === 'version' && step !== 'init');

/** Runs the engine and prints address and action of its events. The caller judges how it ended. */
export async function runStep<Name extends string>(
  build: AnyBuild,
  engine: Engine,
  name: Name,
  {
    arguments: given,
    directory = build.paths.directory,
    environment = {},
    input,
    outputFile,
    isUnstoppable = false,
  }: StepOptions,
): Promise<StepOutcome<Name>> {
  const { stop } = build.machine;
  const events: EngineEvent[] = [];
  const startedAt = performance.now();
  const { exitCode, errorOutput } = await engine.run({
    arguments: given,
    directory,
    environment: { ...engineEnvironment(build), ...environment },
    ...(input === undefined ? {} : { input }),
    ...(outputFile === undefined ? {} : { outputFile }),
    ...(isUnstoppable ? {} : { stop }),
    onLine(line) {
      const event = parseEvent(line);
      if (!event) return;
      events.push(event);
      const text = isRepeated(name, event) ? undefined : describeEvent(event);
      if (text !== undefined) build.log(text);
    },
  });
  build.engineSeconds[name] = (build.engineSeconds[name] ?? 0) + secondsSince(startedAt);
  const diagnostics = events.flatMap((event) =>
    event.type === 'diagnostic' ? [toDiagnostic(event.diagnostic, build.variables.STAGEGATE_DIRECTORY)] : [],
  );
  return { name, exitCode, events, diagnostics, errorOutput, wasStopped: stop.aborted && !isUnstoppable };
}

export const isStale = ({ summary }: Diagnostic): boolean =>
  summary === 'Saved plan is stale' || summary === 'Saved plan does not match the given state';

/** Prints the engine's findings without secrets, and throws PhaseError if the step did not succeed. */
export function concludeStep(
  build: AnyBuild,
  engine: Engine,
  { name: phase, exitCode, diagnostics, errorOutput, wasStopped }: StepOutcome,
  succeeded: readonly number[] = [0],
): void {
  const { secrets } = build;
  const shown = diagnostics.map((diagnostic) => findingWithoutSecrets(diagnostic, secrets));
  for (const diagnostic of shown)
    build.log(`${diagnostic.severity === 'error' ? 'Error' : 'Warning'}: ${describeDiagnostic(diagnostic)}`);
  if (succeeded.includes(exitCode)) return;
  const cause = findCause(shown);
  const lastWords = lastWordsOf({ exitCode, errorOutput: redact(errorOutput, secrets) });
  const fallback = `${basename(engine.name)} ${phase} ended with exit code ${exitCode}`;
  const message = cause
    ? `${describeDiagnostic(cause)}${lastWords.isCrash ? ` (${lastWords.text})` : ''}`
    : lastWords.isError
      ? (lastWords.text ?? fallback)
      : `${fallback}${lastWords.text === undefined ? '' : `: ${lastWords.text}`}`;
  if (!cause && shown.length > 0) build.log(`Error: ${message}`);
  const reason = diagnostics.some(isStale) ? 'plan-stale' : wasStopped ? 'stopped' : undefined;
  throw new PhaseError(phase, message, { diagnostics: shown, ...(reason ? { reason } : {}) });
}
