import type { ProviderCache } from './provider-cache.ts';

/** Milliseconds after which a cache that does not answer any more has nothing. */
const PATIENCE = { connectionTimeout: 5_000, socketTimeout: 30_000 };

/** The cache in the artifact bucket. The SDK is loaded when the first package is asked for. */
export function openProviderCache(bucket: string, patience = PATIENCE): ProviderCache {
  let loading: Promise<ProviderCache> | undefined;
  const load = async () => {
    const [{ S3Client }, { s3ProviderCache }] = await Promise.all([
      import('@aws-sdk/client-s3'),
      import('./s3-provider-cache.ts'),
    ]);
    return s3ProviderCache(new S3Client({ maxAttempts: 3, requestHandler: patience }), bucket);
  };
  return {
    async read(platform, sha256, stop) {
      loading ??= load();
      return (await loading).read(platform, sha256, stop);
    },
  };
}
