import type { RunObject } from '../../../lambdas/domain/contract/run-objects.ts';

/** A version of an object in the artifact bucket. */
export interface Address {
  readonly key: string;
  readonly versionId: string;
}

/** The artifact bucket as one build sees it: it writes objects of its own run and reads those of earlier builds. */
export interface Artifacts {
  /**
   * Writes an object, which is possible only once. Throws ObjectExistsError if another object exists at its key.
   * `sha256`: the digest of the body, if the caller knows it.
   */
  put(object: RunObject, body: Buffer | string, sha256?: Buffer): Promise<Address>;
  /** Returns the contents of an object. Throws ArtifactStoreError, also for an object of more than `mostBytes`. */
  get(address: { readonly key: string; readonly versionId?: string }, mostBytes: number): Promise<Buffer>;
  /** Loads what the first call needs, while the build does something else. */
  warmUp(): void;
}

/** Thrown when an object exists already and has other contents. */
export class ObjectExistsError extends Error {
  override readonly name = 'ObjectExistsError';
}

/**
 * Thrown when the bucket refuses a call, cannot be reached or gives an unusable answer. The message is a text of our
 * own or the name of the SDK's error, never the text of that error, which must not be shown.
 */
export class ArtifactStoreError extends Error {
  override readonly name = 'ArtifactStoreError';
}
