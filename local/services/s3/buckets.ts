import * as z from 'zod';
import { BooleanProperty, parseProperties, TagsProperty } from '../../assembly/properties.ts';
import { AwsError, type AwsService, type Door, type Operation } from '../../door/wire.ts';
import { readText } from '../../door/xml-document.ts';
import type { Provisioner } from '../local-service.ts';
import { bucketArn, onBucket } from './access.ts';
import { xmlAnswer } from './object-headers.ts';
import type { BucketEncryption, ObjectStore } from './object-store.ts';
import { S3InputSchema } from './request.ts';
import { renderXml } from './xml.ts';

const EncryptionSchema = z.strictObject({
  ServerSideEncryptionConfiguration: z.tuple([
    z.strictObject({
      ServerSideEncryptionByDefault: z.strictObject({
        SSEAlgorithm: z.enum(['AES256', 'aws:kms']),
        KMSMasterKeyID: z.string().optional(),
      }),
      BucketKeyEnabled: BooleanProperty.optional(),
    }),
  ]),
});

/**
 * The properties of AWS::S3::Bucket that the local S3 understands. Public access blocks, ownership, lifecycle, access
 * logs and tags have no effect on one machine: there is no public access, objects have one owner, and nothing is kept
 * for years.
 */
const BucketPropertiesSchema = z.strictObject({
  BucketName: z.string().optional(),
  BucketEncryption: EncryptionSchema.optional(),
  VersioningConfiguration: z.strictObject({ Status: z.enum(['Enabled', 'Suspended']) }).optional(),
  PublicAccessBlockConfiguration: z.unknown().optional(),
  OwnershipControls: z.unknown().optional(),
  LifecycleConfiguration: z.unknown().optional(),
  LoggingConfiguration: z.unknown().optional(),
  Tags: TagsProperty,
});

/** The account and region of a bucket; target accounts have their own buckets. */
export interface BucketPlace {
  readonly accountId: string;
  readonly region: string;
}

function readEncryption(properties: z.infer<typeof BucketPropertiesSchema>, place: BucketPlace): BucketEncryption {
  const [rule] = properties.BucketEncryption?.ServerSideEncryptionConfiguration ?? [];
  if (rule?.ServerSideEncryptionByDefault.SSEAlgorithm !== 'aws:kms') return { algorithm: 'AES256' };
  const key = rule.ServerSideEncryptionByDefault.KMSMasterKeyID ?? 'alias/aws/s3';
  const keyArn = key.startsWith('arn:')
    ? key
    : `arn:aws:kms:${place.region}:${place.accountId}:${key.startsWith('alias/') ? '' : 'key/'}${key}`;
  return { algorithm: 'aws:kms', keyArn, bucketKey: rule.BucketKeyEnabled ?? false };
}

/** Makes AWS::S3::Bucket; a bucket that already exists keeps its objects. */
export function bucketProvisioner(store: ObjectStore, place: BucketPlace): Provisioner {
  return (resource) => {
    const properties = parseProperties(resource, BucketPropertiesSchema);
    const name = properties.BucketName ?? resource.generatedName.toLowerCase();
    store.putBucket({
      name,
      ...place,
      ...(properties.VersioningConfiguration ? { versioning: properties.VersioningConfiguration.Status } : {}),
      encryption: readEncryption(properties, place),
    });
    return {
      ref: name,
      attributes: {
        Arn: bucketArn(name),
        DomainName: `${name}.s3.amazonaws.com`,
        RegionalDomainName: `${name}.s3.${place.region}.amazonaws.com`,
      },
    };
  };
}

const BucketPolicyPropertiesSchema = z.strictObject({ Bucket: z.string(), PolicyDocument: z.unknown() });

/** Makes AWS::S3::BucketPolicy; the door uses the policy for every call on the bucket and its objects. */
export function bucketPolicyProvisioner(store: ObjectStore, door: Door): Provisioner {
  return (resource) => {
    const { Bucket, PolicyDocument } = parseProperties(resource, BucketPolicyPropertiesSchema);
    store.getBucket(Bucket);
    door.setResourcePolicy(bucketArn(Bucket), PolicyDocument);
    return { ref: Bucket, attributes: {} };
  };
}

/** Makes the operations on buckets themselves. */
export function bucketOperations(store: ObjectStore): AwsService['operations'] {
  const on =
    (action: string): Operation['permissions'] =>
    (raw) => [onBucket(store, action, S3InputSchema.parse(raw).bucket)];
  return {
    CreateBucket: {
      permissions: on('s3:CreateBucket'),
      async perform(raw, call) {
        const input = S3InputSchema.parse(raw);
        const existing = store.findBucket(input.bucket);
        if (existing) {
          const isOwn = existing.accountId === call.caller.accountId;
          throw isOwn
            ? new AwsError(
                'BucketAlreadyOwnedByYou',
                'Your previous request to create the named bucket succeeded.',
                409,
              )
            : new AwsError('BucketAlreadyExists', 'The requested bucket name is not available.', 409);
        }
        const region = readText(input.body.toString('utf8'), 'LocationConstraint') ?? call.region;
        const { accountId } = call.caller;
        store.putBucket({ name: input.bucket, accountId, region, encryption: { algorithm: 'AES256' } });
        return { status: 200, headers: { location: `/${input.bucket}` }, body: '' };
      },
    },
    HeadBucket: {
      permissions: on('s3:ListBucket'),
      async perform(raw) {
        const { region } = store.getBucket(S3InputSchema.parse(raw).bucket);
        return { status: 200, headers: { 'x-amz-bucket-region': region }, body: '' };
      },
    },
    DeleteBucket: {
      permissions: on('s3:DeleteBucket'),
      async perform(raw) {
        store.deleteBucket(S3InputSchema.parse(raw).bucket);
        return { status: 204, headers: {}, body: '' };
      },
    },
    GetBucketVersioning: {
      permissions: on('s3:GetBucketVersioning'),
      async perform(raw) {
        const { versioning } = store.getBucket(S3InputSchema.parse(raw).bucket);
        return xmlAnswer(renderXml('VersioningConfiguration', { Status: versioning }));
      },
    },
    GetBucketEncryption: {
      permissions: on('s3:GetEncryptionConfiguration'),
      async perform(raw) {
        const { encryption } = store.getBucket(S3InputSchema.parse(raw).bucket);
        return xmlAnswer(
          renderXml('ServerSideEncryptionConfiguration', {
            Rule: {
              ApplyServerSideEncryptionByDefault: {
                SSEAlgorithm: encryption.algorithm,
                KMSMasterKeyID: encryption.keyArn,
              },
            },
          }),
        );
      },
    },
  };
}
