import { GetObjectCommand, PutObjectCommand, S3Client, S3ServiceException } from '@aws-sdk/client-s3';
import { runObjectKey } from '../../../lambdas/domain/run-objects.ts';
import { type Address, ArtifactStoreError, type Artifacts, ObjectExistsError } from './artifacts.ts';

/** The artifact bucket in S3. */
export interface S3Artifacts extends Pick<Artifacts, 'put' | 'get'> {
  /** Finds out who signs, which the first call would wait for. */
  findCredentials(): Promise<unknown>;
}

const TAKEN: readonly string[] = ['PreconditionFailed', 'ConditionalRequestConflict'];

export function s3Artifacts(bucket: string, prefix: string): S3Artifacts {
  const client = new S3Client({ maxAttempts: 5 });
  return {
    put: (object, body, { once = false, sha256 } = {}) =>
      told(async (): Promise<Address> => {
        const key = runObjectKey(prefix, object);
        const { VersionId: versionId } = await client.send(
          new PutObjectCommand({
            Bucket: bucket,
            Key: key,
            Body: body,
            ContentType: key.endsWith('.gz') ? 'application/gzip' : 'application/json',
            ...(sha256 ? { ChecksumSHA256: sha256.toString('base64') } : { ChecksumAlgorithm: 'SHA256' }),
            ...(once ? { IfNoneMatch: '*' } : {}),
          }),
        );
        if (versionId === undefined) throw new ArtifactStoreError(`the bucket "${bucket}" keeps no versions`);
        return { key, versionId };
      }),
    get: (key, versionId) =>
      told(async () => {
        const { Body: body } = await client.send(
          new GetObjectCommand({ Bucket: bucket, Key: key, VersionId: versionId }),
        );
        return Buffer.from((await body?.transformToByteArray()) ?? []);
      }),
    findCredentials: () => client.config.credentials(),
  };
}

async function told<T>(action: () => Promise<T>): Promise<T> {
  try {
    return await action();
  } catch (error) {
    if (error instanceof S3ServiceException && TAKEN.includes(error.name))
      throw new ObjectExistsError(error.name, { cause: error });
    if (error instanceof Error && !(error instanceof ArtifactStoreError))
      throw new ArtifactStoreError(error.name, { cause: error });
    throw error;
  }
}
