import { Readable } from 'node:stream';
import { GetObjectCommand, S3Client, S3ServiceException } from '@aws-sdk/client-s3';
import { providerPackageKey } from '../../../lambdas/domain/provider-cache.ts';
import type { ProviderCache } from './provider-cache.ts';

/** Milliseconds after which a cache that does not answer any more has nothing. */
export interface Patience {
  readonly connectionTimeout: number;
  readonly socketTimeout: number;
}

/** The cache in the artifact bucket, asked as the build. */
export const connectProviderCache = (bucket: string, patience: Patience): ProviderCache =>
  s3ProviderCache(new S3Client({ maxAttempts: 3, requestHandler: patience }), bucket);

/** The cache in the artifact bucket. */
export function s3ProviderCache(client: S3Client, bucket: string): ProviderCache {
  return {
    async read(platform, sha256, stop) {
      try {
        const { Body } = await client.send(
          new GetObjectCommand({ Bucket: bucket, Key: providerPackageKey(platform, sha256) }),
          { abortSignal: stop },
        );
        return Body instanceof Readable ? Body : undefined;
      } catch (error) {
        if (isAbsent(error)) return undefined;
        throw error;
      }
    },
  };
}

/** Builds may not list the bucket, so S3 says 403 and not 404 for what is not there. */
const isAbsent = (error: unknown) =>
  error instanceof S3ServiceException && [403, 404].includes(error.$metadata.httpStatusCode ?? 0);
