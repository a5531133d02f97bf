import type { RunObject } from '../../../lambdas/domain/run-objects.ts';

/** A version of an object in the artifact bucket. */
export interface Address {
  readonly key: string;
  readonly versionId: string;
}

export interface PutOptions {
  /** Fails with ObjectExistsError where the object is there already. */
  readonly once?: boolean;
  /** Of the body, where it is known: hashed once and not again for the upload. */
  readonly sha256?: Buffer;
}

/** The artifact bucket as one build sees it: its own run's objects to write, and the approved bundle to read. */
export interface Artifacts {
  put(object: RunObject, body: Buffer | string, options?: PutOptions): Promise<Address>;
  get(key: string, versionId: string): Promise<Buffer>;
  /** Loads what the first call needs, while something else is going on. */
  warmUp(): void;
}

/** The object that may be written once is there. */
export class ObjectExistsError extends Error {
  override readonly name = 'ObjectExistsError';
}

/** The bucket refused or could not be reached; the message is the name of its error, which is all that may be shown. */
export class ArtifactStoreError extends Error {
  override readonly name = 'ArtifactStoreError';
}
