import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Diagnostic, describeDiagnostic, PhaseError } from '../build/failure.ts';
import type { PlanBuild } from '../build/run-build.ts';
import { NUL, type UnreadableFile } from '../configuration/read-configuration.ts';
import type { Engine } from './engine.ts';
import { runStep } from './engine-step.ts';

/** Exit codes of `fmt -check` for a text that is formatted, and for one that is not. */
const NOTHING_WRONG = [0, 3];

/**
 * Returns an error that says what is wrong with a file that our parser cannot read. The engine explains its own
 * language best, but a file that was not checked may contain anything. So the engine only formats this one text, which
 * evaluates nothing. Returns undefined if the engine finds nothing wrong, and nothing is needed of what is unknown to us.
 */
export async function explainUnreadable(
  build: PlanBuild,
  engine: Promise<Engine>,
  { file, line, isContained }: UnreadableFile,
): Promise<PhaseError | undefined> {
  const unreadable = (problem: string) =>
    new PhaseError('backend', `${file}:${line}: ${problem}`, { reason: 'unparsable' });
  const input = readFileSync(join(build.paths.tree, file));
  if (input.includes(NUL)) return unreadable('there is a NUL byte, which no configuration may have');
  if (file.endsWith('.json')) return unreadable('this is no JSON');
  const { name } = await engine;
  const { errorOutput, exitCode } = await runStep(build, await engine, 'fmt', {
    arguments: ['fmt', '-check', '-no-color', '-'],
    // The repository has no files in this directory itself.
    directory: build.paths.base,
    input,
  });
  const cause = firstFinding(errorOutput, file);
  if (!cause && isContained && NOTHING_WRONG.includes(exitCode)) return undefined;
  if (!cause)
    return unreadable(
      `Stagegate cannot read this, whatever ${name} makes of it: what it has not looked through is not planned; write it another way`,
    );
  build.log(`Error: ${describeDiagnostic(cause)}`);
  return new PhaseError('init', describeDiagnostic(cause), { diagnostics: [cause] });
}

/** Reads the first error of `fmt`: a summary, the place with its lines, and a detail, with empty lines between them. */
function firstFinding(text: string, file: string): Diagnostic | undefined {
  const found =
    /^Error: (?<summary>.+)\n+ +on <stdin> line (?<line>\d+).*(?:\n +\d+:.*)*(?:\n+(?!Error: )(?<detail>.+(?:\n.+)*))?/m;
  const { summary, line, detail } = found.exec(text)?.groups ?? {};
  if (summary === undefined) return undefined;
  return { severity: 'error', summary, ...(detail === undefined ? {} : { detail }), file, line: Number(line) };
}
