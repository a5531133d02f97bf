import type { Operation, RequiredPermission } from '../../door/wire.ts';
import { onBucket, onObject } from './access.ts';
import type { ObjectStore } from './object-store.ts';
import { type S3Input, S3InputSchema } from './request.ts';

const writeConditionKeys = {
  's3:x-amz-server-side-encryption': 'x-amz-server-side-encryption',
  's3:x-amz-server-side-encryption-aws-kms-key-id': 'x-amz-server-side-encryption-aws-kms-key-id',
  's3:if-none-match': 'if-none-match',
  's3:if-match': 'if-match',
} as const;

const writeContext = ({ headers }: S3Input): Record<string, string> =>
  Object.fromEntries(
    Object.entries(writeConditionKeys).flatMap(([key, header]) => {
      const value = headers[header];
      return value === undefined ? [] : [[key, value]];
    }),
  );

/** Returns the permission to write an object. */
export const mayWrite =
  (store: ObjectStore): Operation['permissions'] =>
  (raw) => {
    const input = S3InputSchema.parse(raw);
    return [onObject(store, 's3:PutObject', input, writeContext(input))];
  };

export function readPermission(store: ObjectStore, input: S3Input): RequiredPermission {
  const { versionId } = input.query;
  if (versionId === undefined) return onObject(store, 's3:GetObject', input);
  return onObject(store, 's3:GetObjectVersion', input, { 's3:VersionId': versionId });
}

export function deletePermission(
  store: ObjectStore,
  object: Pick<S3Input, 'bucket' | 'key'>,
  versionId: string | undefined,
): RequiredPermission {
  if (versionId === undefined) return onObject(store, 's3:DeleteObject', object);
  return onObject(store, 's3:DeleteObjectVersion', object, { 's3:VersionId': versionId });
}

/**
 * Returns the permission for a listing (`s3:ListBucket` or a similar action), with the condition keys of the listing.
 */
export function mayListBucket(store: ObjectStore, action: string): Operation['permissions'] {
  return (raw) => {
    const { bucket, query } = S3InputSchema.parse(raw);
    const context = {
      ...(query.prefix === undefined ? {} : { 's3:prefix': query.prefix }),
      ...(query.delimiter === undefined ? {} : { 's3:delimiter': query.delimiter }),
      ...(query['max-keys'] === undefined ? {} : { 's3:max-keys': query['max-keys'] }),
    };
    return [onBucket(store, action, bucket, context)];
  };
}
