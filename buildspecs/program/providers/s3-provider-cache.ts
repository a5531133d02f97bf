import { Readable } from 'node:stream';
import { GetObjectCommand, type S3Client, S3ServiceException } from '@aws-sdk/client-s3';
import { providerPackageKey } from '../../../lambdas/domain/provider-cache.ts';
import type { ProviderCache } from './provider-cache.ts';

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
