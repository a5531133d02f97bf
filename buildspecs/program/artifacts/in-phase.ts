import { PhaseError } from '../build/failure.ts';
import type { Phase } from '../build/phases.ts';
import { ArtifactStoreError, ObjectExistsError } from './artifacts.ts';

const FACTS = { reason: 'artifact-store' } as const;

/** Errors of the bucket belong to the phase in which they happen; their names are all that may be shown. */
export async function inPhase<T>(phase: Phase, doing: string, action: () => Promise<T>): Promise<T> {
  try {
    return await action();
  } catch (error) {
    if (!(error instanceof ArtifactStoreError)) throw error;
    throw new PhaseError(phase, `${doing}: ${error.message}`, FACTS);
  }
}

/** The same for what nobody else has any business to write. */
export async function uploading<T>(what: string, action: () => Promise<T>): Promise<T> {
  try {
    return await inPhase('upload', `uploading ${what}`, action);
  } catch (error) {
    if (!(error instanceof ObjectExistsError)) throw error;
    throw new PhaseError('upload', `uploading ${what}: something else was put in its place before`, FACTS);
  }
}
