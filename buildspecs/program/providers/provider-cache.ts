import type { Readable } from 'node:stream';
import type { DownloadedPackage } from './downloaded-package.ts';

/** Packages of providers by their SHA-256: what the installation keeps. */
export interface ProviderCache {
  /** Undefined: a miss, also where the answer is only that access is denied. What it holds is to be verified. */
  read(platform: string, sha256: string, stop?: AbortSignal): Promise<Readable | undefined>;
  /** Writes a package under its hash, once. Only inspect builds and operators may. */
  store(platform: string, downloaded: DownloadedPackage, stop?: AbortSignal): Promise<'stored' | 'there already'>;
}
