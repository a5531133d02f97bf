import { createHash } from 'node:crypto';
import {
  GetObjectCommand,
  HeadObjectCommand,
  PutObjectCommand,
  S3Client,
  S3ServiceException,
} from '@aws-sdk/client-s3';
import pRetry from 'p-retry';
import { runObjectKey } from '../../../lambdas/domain/contract/run-objects.ts';
import { type Address, ArtifactStoreError, type Artifacts, ObjectExistsError } from './artifacts.ts';

/** The artifact bucket in S3. */
export interface S3Artifacts extends Pick<Artifacts, 'put' | 'get'> {
  /** Finds the credentials that sign requests, so that the first call need not wait for them. */
  findCredentials(): Promise<unknown>;
}

/** S3's error while another write of the same key is under way. Which write wins is known when that one has ended. */
const UNDER_WAY = 'ConditionalRequestConflict';
const TAKEN: readonly string[] = ['PreconditionFailed', UNDER_WAY];
const isTaken = (error: unknown): boolean => error instanceof S3ServiceException && TAKEN.includes(error.name);
/** Returns whether an object is missing. S3 answers 403 for a missing object if the caller may not list the bucket. */
const isNotThere = (error: unknown): boolean =>
  error instanceof S3ServiceException && [403, 404].includes(error.$metadata.httpStatusCode ?? 0);

/** Thrown when the connection ends in the middle of an object. The SDK does not read it again by itself. */
class ObjectCutError extends ArtifactStoreError {}

/** Limits for calls that S3 does not perform. */
export interface S3Patience {
  readonly retries: number;
  /** Milliseconds before the first retry. They double before each further one, up to the longest. */
  readonly minTimeout: number;
  readonly maxTimeout: number;
}

/** Retries after UNDER_WAY and after a cut, which the SDK does not retry: for half a minute, as long as the SDK does. */
export const S3_PATIENCE: S3Patience = { retries: 11, minTimeout: 250, maxTimeout: 5_000 };

/**
 * The settings of the client, apart from those in the environment of the build. A build has cost a minute when it begins,
 * and people may have approved its plan, so it goes on asking for about half a minute.
 */
export const S3_SETTINGS = { maxAttempts: 12 };

export function s3Artifacts(
  bucket: string,
  prefix: string,
  patience = S3_PATIENCE,
  client = new S3Client(S3_SETTINGS),
): S3Artifacts {
  const write = (key: string, body: Buffer | string, checksum: string): Promise<string | undefined> =>
    pRetry(() => writeOnce(key, body, checksum), {
      ...patience,
      shouldRetry: ({ error }) => error.name === UNDER_WAY,
    });

  async function writeOnce(key: string, body: Buffer | string, checksum: string): Promise<string | undefined> {
    const { VersionId } = await client.send(
      new PutObjectCommand({
        Bucket: bucket,
        Key: key,
        Body: body,
        ContentType: key.endsWith('.gz') ? 'application/gzip' : 'application/json',
        ChecksumSHA256: checksum,
        IfNoneMatch: '*',
      }),
    );
    return VersionId;
  }

  /**
   * Returns the version of an object if it has these contents. They are our own if the answer to a write was lost: the
   * SDK then tries the write again, and S3 refuses the second one.
   */
  async function find(key: string, checksum: string): Promise<string | undefined> {
    const head = new HeadObjectCommand({ Bucket: bucket, Key: key, ChecksumMode: 'ENABLED' });
    const { ChecksumSHA256, VersionId } = await client.send(head).catch((error: unknown) => {
      if (isNotThere(error)) return { ChecksumSHA256: undefined, VersionId: undefined };
      throw error;
    });
    return ChecksumSHA256 === checksum ? VersionId : undefined;
  }

  async function read({ key, versionId }: Parameters<Artifacts['get']>[0], mostBytes: number): Promise<Buffer> {
    const { Body: body, ContentLength: bytes = 0 } = await client.send(
      new GetObjectCommand({ Bucket: bucket, Key: key, VersionId: versionId }),
    );
    // The message does not name the key, which contains the secret of the run.
    if (bytes > mostBytes) throw new ArtifactStoreError(`an object has ${bytes} bytes, more than ${mostBytes}`);
    const reading = body?.transformToByteArray().catch((cause: unknown) => {
      throw new ObjectCutError('the connection ended in the middle of an object', { cause });
    });
    return Buffer.from((await reading) ?? []);
  }

  return {
    put: (object, body, sha256 = createHash('sha256').update(body).digest()) =>
      asStoreError(async (): Promise<Address> => {
        const key = runObjectKey(prefix, object);
        const checksum = sha256.toString('base64');
        const versionId = await write(key, body, checksum).catch(async (error) => {
          const found = isTaken(error) ? await find(key, checksum) : undefined;
          if (found === undefined) throw error;
          return found;
        });
        if (versionId === undefined) throw new ArtifactStoreError(`the bucket "${bucket}" keeps no versions`);
        return { key, versionId };
      }),
    get: (address, mostBytes) =>
      asStoreError(() =>
        pRetry(() => read(address, mostBytes), {
          ...patience,
          shouldRetry: ({ error }) => error instanceof ObjectCutError,
        }),
      ),
    findCredentials: () => client.config.credentials(),
  };
}

async function asStoreError<T>(action: () => Promise<T>): Promise<T> {
  try {
    return await action();
  } catch (error) {
    if (error instanceof Error && isTaken(error)) throw new ObjectExistsError(error.name, { cause: error });
    if (error instanceof Error && !(error instanceof ArtifactStoreError))
      throw new ArtifactStoreError(error.name, { cause: error });
    throw error;
  }
}
