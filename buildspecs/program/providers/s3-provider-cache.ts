import { open } from 'node:fs/promises';
import { Readable } from 'node:stream';
import { GetObjectCommand, PutObjectCommand, S3Client, S3ServiceException } from '@aws-sdk/client-s3';
import { providerPackageKey } from '../../../lambdas/domain/contract/provider-cache.ts';
import type { ProviderCache } from './provider-cache.ts';

/** Milliseconds after which a cache that does not answer any more has nothing. */
export interface Patience {
  readonly connectionTimeout: number;
  readonly socketTimeout: number;
}

/** The SDK would print that it cannot repeat the upload of a file; how the upload ended is told by who asked for it. */
export const SILENT = { debug() {}, info() {}, warn() {}, error() {} };

/** The cache in the artifact bucket, asked as the build. */
export const connectProviderCache = (bucket: string, patience: Patience): ProviderCache =>
  s3ProviderCache(new S3Client({ maxAttempts: 3, requestHandler: patience, logger: SILENT }), bucket);

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

    async store(platform, { file, sha256, bytes }, stop) {
      const handle = await open(file);
      const upload = new AbortController();
      // A stream that nobody listens to would end the process with its error.
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
        // S3 may answer before the file is read to its end: then the SDK would keep the connection, and with it the
        // process.
        upload.abort();
      }
    },
  };
}

/** Builds may not list the bucket, so S3 says 403 and not 404 for what is not there. */
const isAbsent = (error: unknown) =>
  error instanceof S3ServiceException && [403, 404].includes(error.$metadata.httpStatusCode ?? 0);
