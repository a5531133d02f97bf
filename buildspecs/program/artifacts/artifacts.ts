import type { RunObject } from '../../../lambdas/domain/contract/run-objects.ts';

/** A version of an object in the artifact bucket. */
export interface Address {
  readonly key: string;
  readonly versionId: string;
}

/** The artifact bucket as one build sees it: its own run's objects to write, and what builds before it have left. */
export interface Artifacts {
  /**
   * Writes an object, which is done once: where another one is there it throws ObjectExistsError. `sha256` of the body,
   * where it is known.
   */
  put(object: RunObject, body: Buffer | string, sha256?: Buffer): Promise<Address>;
  /** Throws ArtifactStoreError, also for an object of more than `mostBytes`. */
  get(address: { readonly key: string; readonly versionId?: string }, mostBytes: number): Promise<Buffer>;
  /** Loads what the first call needs, while something else is going on. */
  warmUp(): void;
}

/** The object is there, and it is another one. */
export class ObjectExistsError extends Error {
  override readonly name = 'ObjectExistsError';
}

/** The bucket refused or could not be reached; the message is the name of its error, which is all that may be shown. */
export class ArtifactStoreError extends Error {
  override readonly name = 'ArtifactStoreError';
}
