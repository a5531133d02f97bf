import { basename } from 'node:path';
import { secondsSince } from '../build/build.ts';
import { type Diagnostic, describeDiagnostic, findCause, PhaseError } from '../build/failure.ts';
import type { Phase } from '../build/phases.ts';
import type { AnyBuild } from '../build/run-build.ts';
import type { Engine } from './engine.ts';
import { engineEnvironment } from './engine-environment.ts';
import { describeEvent, type EngineEvent, parseEvent, toDiagnostic } from './events.ts';
import { redact } from './redact.ts';

/** How one run of the engine ended. */
export interface StepOutcome<Name extends string = Phase> {
  /** Of the phase, for a step that ends the build where it fails. */
  readonly name: Name;
  readonly exitCode: number;
  readonly events: readonly EngineEvent[];
  readonly diagnostics: readonly Diagnostic[];
  readonly errorOutput: string;
  readonly wasStopped: boolean;
}

interface StepOptions {
  readonly arguments: readonly string[];
  /** The planned directory where nothing is said. */
  readonly directory?: string;
  /** Beside what every step gets. */
  readonly environment?: Readonly<Record<string, string>>;
  readonly input?: Buffer;
  /** Takes the output as it is. */
  readonly outputFile?: string;
  /** The engine is not interrupted: what was applied must be told. */
  readonly isUnstoppable?: boolean;
}

/** An apply begins by telling its plan again, and every step tells its version. */
const isRepeated = (step: string, { type }: EngineEvent): boolean =>
  (type === 'planned_change' && step === 'apply') || (type === 'version' && step !== 'init');

/** Runs the engine and prints address and action of what happens; how it ended is for the caller to judge. */
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

/** The `Error: …` line of output that is no JSON: wrong arguments, a broken CLI configuration. */
const firstErrorLine = (text: string): string | undefined =>
  text
    .split('\n')
    .map((line) => line.replace(/^[│╷╵\s]+/, '').trim())
    .find((line) => line.startsWith('Error: '))
    ?.slice('Error: '.length);

const redactDiagnostic = (diagnostic: Diagnostic, secrets: readonly string[]): Diagnostic => ({
  ...diagnostic,
  summary: redact(diagnostic.summary, secrets),
  ...(diagnostic.detail === undefined ? {} : { detail: redact(diagnostic.detail, secrets) }),
});

/** Prints what the engine found, without secrets, and throws where the step did not succeed. */
export function concludeStep(
  build: AnyBuild,
  engine: Engine,
  { name: phase, exitCode, diagnostics, errorOutput, wasStopped }: StepOutcome,
  succeeded: readonly number[] = [0],
): void {
  const { secrets } = build;
  const shown = diagnostics.map((diagnostic) => redactDiagnostic(diagnostic, secrets));
  for (const diagnostic of shown)
    build.log(`${diagnostic.severity === 'error' ? 'Error' : 'Warning'}: ${describeDiagnostic(diagnostic)}`);
  if (succeeded.includes(exitCode)) return;
  const cause = findCause(shown);
  const unstructured = firstErrorLine(errorOutput);
  const fallback = `${basename(engine.name)} ${phase} ended with exit code ${exitCode}`;
  const message = cause ? describeDiagnostic(cause) : unstructured ? redact(unstructured, secrets) : fallback;
  if (!cause && shown.length > 0) build.log(`Error: ${message}`);
  const reason = diagnostics.some(isStale) ? 'plan-stale' : wasStopped ? 'stopped' : undefined;
  throw new PhaseError(phase, message, { diagnostics: shown, ...(reason ? { reason } : {}) });
}
