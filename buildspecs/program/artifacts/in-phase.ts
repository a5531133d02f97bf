import { PhaseError } from '../build/failure.ts';
import type { Phase } from '../build/phases.ts';
import { ArtifactStoreError, ObjectExistsError } from './artifacts.ts';

const FACTS = { reason: 'artifact-store' } as const;

/** Runs an action. An error of the bucket becomes a failure of the given phase, with no more than its message. */
export async function inPhase<T>(phase: Phase, doing: string, action: () => Promise<T>): Promise<T> {
  try {
    return await action();
  } catch (error) {
    if (!(error instanceof ArtifactStoreError)) throw error;
    throw new PhaseError(phase, `${doing}: ${error.message}`, FACTS);
  }
}

/** Runs an upload in the phase `upload`. An object that exists is a failure, as only this build may write there. */
export async function uploading<T>(what: string, action: () => Promise<T>): Promise<T> {
  try {
    return await inPhase('upload', `uploading ${what}`, action);
  } catch (error) {
    if (!(error instanceof ObjectExistsError)) throw error;
    throw new PhaseError('upload', `uploading ${what}: something else was put in its place before`, FACTS);
  }
}
