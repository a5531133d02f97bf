import type { S3Client } from '@aws-sdk/client-s3';
import { runObjectKey } from '../../../lambdas/domain/run-objects.ts';
import { type Address, ArtifactStoreError, type Artifacts, ObjectExistsError } from './artifacts.ts';

const TAKEN: readonly string[] = ['PreconditionFailed', 'ConditionalRequestConflict'];

/** The artifact bucket in S3. The SDK is loaded at first use: it takes longer than all else the program consists of. */
export function s3Artifacts(bucket: string, prefix: string): Artifacts {
  let loading: Promise<{ sdk: typeof import('@aws-sdk/client-s3'); client: S3Client }> | undefined;
  const load = () => {
    loading ??= import('@aws-sdk/client-s3').then((sdk) => ({ sdk, client: new sdk.S3Client({ maxAttempts: 5 }) }));
    return loading;
  };
  async function told<T>(action: () => Promise<T>): Promise<T> {
    const { sdk } = await load();
    try {
      return await action();
    } catch (error) {
      if (error instanceof sdk.S3ServiceException && TAKEN.includes(error.name))
        throw new ObjectExistsError(error.name, { cause: error });
      if (error instanceof Error && !(error instanceof ArtifactStoreError))
        throw new ArtifactStoreError(error.name, { cause: error });
      throw error;
    }
  }
  return {
    put: (object, body, { once = false, sha256 } = {}) =>
      told(async (): Promise<Address> => {
        const { sdk, client } = await load();
        const key = runObjectKey(prefix, object);
        const { VersionId: versionId } = await client.send(
          new sdk.PutObjectCommand({
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
        const { sdk, client } = await load();
        const { Body: body } = await client.send(
          new sdk.GetObjectCommand({ Bucket: bucket, Key: key, VersionId: versionId }),
        );
        return Buffer.from((await body?.transformToByteArray()) ?? []);
      }),
    warmUp() {
      // What fails here fails again, and is told, at the first call.
      load()
        .then(({ client }) => client.config.credentials())
        .catch(() => undefined);
    },
  };
}
