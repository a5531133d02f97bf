import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Diagnostic, describeDiagnostic, PhaseError } from '../build/failure.ts';
import type { Phase } from '../build/phases.ts';
import type { PlanBuild } from '../build/run-build.ts';
import { findingWithoutSecrets } from '../build/without-secrets.ts';
import { NUL, type UnreadableFile } from '../configuration/read-configuration.ts';
import { secretsOfUnread } from '../configuration/variable-secrets.ts';
import type { Engine } from './engine.ts';
import { runStep } from './engine-step.ts';

/** Exit codes of `fmt -check` for a text that is formatted, and for one that is not. */
const NOTHING_WRONG = [0, 3];

/** The phases in which a file fails: if nobody can say what is wrong with it, and if the engine says so. */
interface Phases {
  readonly unreadable: Phase;
  readonly invalid: Phase;
}
const OF_CONFIGURATION: Phases = { unreadable: 'backend', invalid: 'init' };

/**
 * Returns an error that says what is wrong with a file that our parser cannot read. The engine explains its own
 * language best, but a file that was not checked may contain anything. So the engine only formats this one text, which
 * evaluates nothing. Returns undefined if the engine finds nothing wrong, and nothing is needed of what is unknown to us.
 */
export async function explainUnreadable(
  build: PlanBuild,
  engine: Promise<Engine>,
  { file, line, isContained }: UnreadableFile,
  phases = OF_CONFIGURATION,
): Promise<PhaseError | undefined> {
  const unreadable = (problem: string) =>
    new PhaseError(phases.unreadable, `${file}:${line}: ${problem}`, { reason: 'unparsable' });
  const input = readFileSync(join(build.paths.tree, file));
  if (input.includes(NUL)) return unreadable('there is a NUL byte, which no configuration may have');
  if (file.endsWith('.json'))
    return unreadable(isJson(input) ? 'this is nested too deeply; write it another way' : 'this is no JSON');
  if (!isContained) build.secrets.push(...secretsOfUnread(input.toString()));
  const { name } = await engine;
  const { errorOutput, exitCode } = await runStep(build, await engine, 'fmt', {
    arguments: ['fmt', '-check', '-no-color', '-'],
    // The repository has no files in this directory itself.
    directory: build.paths.base,
    input,
  });
  const finding = firstFinding(errorOutput, file);
  if (!finding && isContained && NOTHING_WRONG.includes(exitCode)) return undefined;
  if (!finding)
    return unreadable(
      `Stagegate cannot read this, whatever ${name} makes of it: what it has not looked through is not planned; write it another way`,
    );
  const cause = findingWithoutSecrets(finding, build.secrets);
  build.log(`Error: ${describeDiagnostic(cause)}`);
  return new PhaseError(phases.invalid, describeDiagnostic(cause), { diagnostics: [cause] });
}

function isJson(input: Buffer): boolean {
  try {
    JSON.parse(input.toString());
    return true;
  } catch {
    return false;
  }
}

/** Reads the first error of `fmt`: a summary, the place with its lines, and a detail, with empty lines between them. */
function firstFinding(text: string, file: string): Diagnostic | undefined {
  const [first = ''] = text.split(/^(?=Error: )/m).filter((part) => part.startsWith('Error: '));
  const found = /^Error: (?<summary>.+)\n+ +on <stdin> line (?<line>\d+).*(?:\n +\d+:.*)*(?<rest>[\s\S]*)$/;
  const { summary, line, rest = '' } = found.exec(first)?.groups ?? {};
  if (summary === undefined) return undefined;
  // The engine breaks lines for terminals. Paragraphs stay.
  const detail = rest.trim().replace(/([^\n])\n(?=[^\n])/g, '$1 ');
  return { severity: 'error', summary, ...(detail === '' ? {} : { detail }), file, line: Number(line) };
}
