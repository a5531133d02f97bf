import { open } from 'node:fs/promises';
import { Readable } from 'node:stream';
import { GetObjectCommand, PutObjectCommand, S3Client, S3ServiceException } from '@aws-sdk/client-s3';
import { providerPackageKey } from '../../../lambdas/domain/contract/provider-cache.ts';
import type { ProviderCache } from './provider-cache.ts';

/** Milliseconds after which a cache that no longer answers counts as a miss. */
export interface Patience {
  readonly connectionTimeout: number;
  readonly socketTimeout: number;
}

/**
 * A logger that prints nothing. The SDK would print that it cannot repeat the upload of a file, but the caller reports
 * how the upload ended.
 */
export const SILENT = { debug() {}, info() {}, warn() {}, error() {} };

/** Connects to the cache in the artifact bucket, with the build's own role. */
export const connectProviderCache = (bucket: string, patience: Patience): ProviderCache =>
  s3ProviderCache(new S3Client({ maxAttempts: 3, requestHandler: patience, logger: SILENT }), bucket);

/** Returns the cache in the artifact bucket. */
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

    async store(platform, { file, sha256, bytes }, stop) {
      const handle = await open(file);
      const upload = new AbortController();
      // Without a listener, an error of the stream would end the process.
      const body = handle.createReadStream().once('error', (error) => upload.abort(error));
      try {
        await client.send(
          new PutObjectCommand({
            Bucket: bucket,
            Key: providerPackageKey(platform, sha256),
            Body: body,
            ContentLength: bytes,
            ContentType: 'application/zip',
            // S3 verifies the hash again.
            ChecksumSHA256: Buffer.from(sha256, 'hex').toString('base64'),
            IfNoneMatch: '*',
          }),
          { abortSignal: stop ? AbortSignal.any([stop, upload.signal]) : upload.signal },
        );
        return 'stored';
      } catch (error) {
        if (error instanceof S3ServiceException && error.name === 'PreconditionFailed') return 'there already';
        throw error;
      } finally {
        body.destroy();
        // S3 may answer before the file is read to its end. Then the SDK would keep the connection, and so the process.
        upload.abort();
      }
    },
  };
}

/** Returns whether a package is missing. Builds may not list the bucket, so S3 answers 403 instead of 404 then. */
const isAbsent = (error: unknown) =>
  error instanceof S3ServiceException && [403, 404].includes(error.$metadata.httpStatusCode ?? 0);
