import type { Readable } from 'node:stream';

/** Packages of providers by their SHA-256: what a build may ask of the installation. */
export interface ProviderCache {
  /** Undefined: a miss, also where the answer is only that access is denied. What it holds is to be verified. */
  read(platform: string, sha256: string, stop?: AbortSignal): Promise<Readable | undefined>;
}
