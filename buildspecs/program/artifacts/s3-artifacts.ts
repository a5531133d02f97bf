import { createHash } from 'node:crypto';
import {
  GetObjectCommand,
  HeadObjectCommand,
  PutObjectCommand,
  S3Client,
  S3ServiceException,
} from '@aws-sdk/client-s3';
import { runObjectKey } from '../../../lambdas/domain/run-objects.ts';
import { type Address, ArtifactStoreError, type Artifacts, ObjectExistsError } from './artifacts.ts';

/** The artifact bucket in S3. */
export interface S3Artifacts extends Pick<Artifacts, 'put' | 'get'> {
  /** Finds out who signs, which the first call would wait for. */
  findCredentials(): Promise<unknown>;
}

const TAKEN: readonly string[] = ['PreconditionFailed', 'ConditionalRequestConflict'];
const isTaken = (error: unknown): boolean => error instanceof S3ServiceException && TAKEN.includes(error.name);

export function s3Artifacts(bucket: string, prefix: string): S3Artifacts {
  const client = new S3Client({ maxAttempts: 5 });

  async function write(key: string, body: Buffer | string, checksum: string): Promise<string | undefined> {
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

  /** The version of an object that has these contents: a write whose answer was lost is tried again, and refused then. */
  async function find(key: string, checksum: string): Promise<string | undefined> {
    const { ChecksumSHA256, VersionId } = await client.send(
      new HeadObjectCommand({ Bucket: bucket, Key: key, ChecksumMode: 'ENABLED' }),
    );
    return ChecksumSHA256 === checksum ? VersionId : undefined;
  }

  return {
    put: (object, body, sha256 = createHash('sha256').update(body).digest()) =>
      told(async (): Promise<Address> => {
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
    get: ({ key, versionId }, mostBytes) =>
      told(async () => {
        const { Body: body, ContentLength: bytes = 0 } = await client.send(
          new GetObjectCommand({ Bucket: bucket, Key: key, VersionId: versionId }),
        );
        if (bytes > mostBytes) throw new ArtifactStoreError(`${key} has ${bytes} bytes, more than ${mostBytes}`);
        return Buffer.from((await body?.transformToByteArray()) ?? []);
      }),
    findCredentials: () => client.config.credentials(),
  };
}

async function told<T>(action: () => Promise<T>): Promise<T> {
  try {
    return await action();
  } catch (error) {
    if (error instanceof Error && isTaken(error)) throw new ObjectExistsError(error.name, { cause: error });
    if (error instanceof Error && !(error instanceof ArtifactStoreError))
      throw new ArtifactStoreError(error.name, { cause: error });
    throw error;
  }
}
