import { AwsError, type CallContext, type Door, type RequiredPermission } from '../../door/wire.ts';
import type { Bucket, BucketEncryption, ObjectStore } from './object-store.ts';
import type { S3Input } from './request.ts';

/** Returns the ARN of a bucket. */
export const bucketArn = (bucket: string) => `arn:aws:s3:::${bucket}`;
/** Returns the ARN of an object. */
const objectArn = (bucket: string, key: string) => `${bucketArn(bucket)}/${key}`;

/**
 * Returns the permission for an action on a bucket, with the account that owns the bucket, because the ARN does not
 * contain it.
 */
export function onBucket(
  store: ObjectStore,
  action: string,
  bucket: string,
  context: RequiredPermission['context'] = {},
): RequiredPermission {
  const resourceAccountId = store.findBucket(bucket)?.accountId;
  return { action, resources: [bucketArn(bucket)], context, ...(resourceAccountId ? { resourceAccountId } : {}) };
}

/** Returns the permission for an action on an object. */
export function onObject(
  store: ObjectStore,
  action: string,
  { bucket, key }: Pick<S3Input, 'bucket' | 'key'>,
  context: RequiredPermission['context'] = {},
): RequiredPermission {
  return { ...onBucket(store, action, bucket, context), resources: [objectArn(bucket, key)] };
}

/** Returns whether a part of a call is allowed. A part that is not counts as denied, though the call goes on. */
export function isAllowed(door: Door, call: CallContext, permission: RequiredPermission): boolean {
  try {
    door.authorize(call.caller, permission);
    return true;
  } catch (error) {
    if (error instanceof AwsError) return false;
    throw error;
  }
}

/**
 * Returns S3's error for a key (or version) that does not exist. A caller who may not list the bucket gets only
 * AccessDenied.
 */
export function missingObject(store: ObjectStore, door: Door, call: CallContext, input: S3Input): AwsError {
  const mayList = door.allows(call.caller, onBucket(store, 's3:ListBucket', input.bucket));
  if (!mayList) return new AwsError('AccessDenied', 'Access Denied', 403);
  const versionId = input.query.versionId;
  return versionId === undefined
    ? new AwsError('NoSuchKey', 'The specified key does not exist.', 404, { Key: input.key })
    : new AwsError('NoSuchVersion', 'The specified version does not exist.', 404, {
        Key: input.key,
        VersionId: versionId,
      });
}

const kmsKeyArn = (bucket: Bucket, key: string) =>
  key.startsWith('arn:')
    ? key
    : `arn:aws:kms:${bucket.region}:${bucket.accountId}:${key.startsWith('alias/') ? key : `key/${key}`}`;

/** Returns the encryption of a new object: that of the request's headers, otherwise the bucket's default. */
export function encryptionOf(bucket: Bucket, headers: Readonly<Record<string, string>>): BucketEncryption {
  const algorithm = headers['x-amz-server-side-encryption'];
  const keyId = headers['x-amz-server-side-encryption-aws-kms-key-id'];
  if (algorithm === undefined) return bucket.encryption;
  if (algorithm === 'AES256') return { algorithm };
  if (algorithm !== 'aws:kms') {
    throw new AwsError('InvalidArgument', `The encryption method "${algorithm}" is not supported.`);
  }
  const { bucketKey } = bucket.encryption;
  if (keyId !== undefined) return { algorithm, keyArn: kmsKeyArn(bucket, keyId), bucketKey };
  return { algorithm, keyArn: bucket.encryption.keyArn ?? kmsKeyArn(bucket, 'alias/aws/s3'), bucketKey };
}

/**
 * Throws unless the caller may use the key of the object. As with SSE-KMS in AWS, writing generates a data key and
 * reading decrypts it, both in the caller's name.
 */
export function requireKeyUse(
  door: Door,
  call: CallContext,
  action: 'kms:GenerateDataKey' | 'kms:Decrypt',
  { algorithm, keyArn, bucketKey }: BucketEncryption,
  { bucket, key }: Pick<S3Input, 'bucket' | 'key'>,
): void {
  if (algorithm !== 'aws:kms' || keyArn === undefined || keyArn.endsWith(':alias/aws/s3')) return;
  door.authorize(call.caller, {
    action,
    resources: [keyArn],
    context: {
      'kms:CallerAccount': call.caller.accountId,
      'kms:ViaService': `s3.${keyArn.split(':')[3] ?? call.region}.amazonaws.com`,
      'kms:EncryptionContext:aws:s3:arn': bucketKey ? bucketArn(bucket) : objectArn(bucket, key),
    },
  });
}
