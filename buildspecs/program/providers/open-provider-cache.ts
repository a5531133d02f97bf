import type { ProviderCache } from './provider-cache.ts';
import type { Patience } from './s3-provider-cache.ts';

const PATIENCE: Patience = { connectionTimeout: 5_000, socketTimeout: 30_000 };

/** Opens the cache in the artifact bucket. The SDK is loaded at first use. */
export function openProviderCache(bucket: string, patience = PATIENCE): ProviderCache {
  let loading: Promise<ProviderCache> | undefined;
  const load = async () => {
    const { connectProviderCache } = await import('./s3-provider-cache.ts');
    return connectProviderCache(bucket, patience);
  };
  return {
    async read(platform, sha256, stop) {
      loading ??= load();
      return (await loading).read(platform, sha256, stop);
    },
    async store(platform, downloaded, stop) {
      loading ??= load();
      return (await loading).store(platform, downloaded, stop);
    },
  };
}
