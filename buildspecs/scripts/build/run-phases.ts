import { PhaseError, recordFailure } from './failure.ts';
import { readVariables, workPaths } from './variables.ts';

/** Runs a program of the build: a refusal is printed, recorded for `result.json`, and ends the program with exit code 1. */
export async function runPhases(program: () => Promise<void>): Promise<void> {
  try {
    await program();
  } catch (error) {
    if (!(error instanceof PhaseError)) throw error;
    console.log(`Error: ${error.message}`);
    recordFailure(workPaths(readVariables()).failure, {
      phase: error.phase,
      message: error.message,
      ...(error.reason === undefined ? {} : { reason: error.reason }),
      diagnostics: [...error.diagnostics],
    });
    process.exitCode = 1;
  }
}
