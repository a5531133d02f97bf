import type { Readable } from 'node:stream';
import type { DownloadedPackage } from './downloaded-package.ts';

/** The cache in which the installation keeps packages of providers, by their SHA-256. */
export interface ProviderCache {
  /** Returns a package, or undefined for a miss, also if access is denied. The caller must verify the contents. */
  read(platform: string, sha256: string, stop?: AbortSignal): Promise<Readable | undefined>;
  /** Writes a package under its hash, once. Only inspect builds and operators may do this. */
  store(platform: string, downloaded: DownloadedPackage, stop?: AbortSignal): Promise<'stored' | 'there already'>;
}
