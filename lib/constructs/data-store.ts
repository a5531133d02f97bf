import { Duration, RemovalPolicy } from 'aws-cdk-lib';
import { AttributeType, BillingMode, ProjectionType, Table, TableEncryption } from 'aws-cdk-lib/aws-dynamodb';
import { AnyPrincipal, Effect, PolicyStatement } from 'aws-cdk-lib/aws-iam';
import { BlockPublicAccess, Bucket, BucketEncryption } from 'aws-cdk-lib/aws-s3';
import { Construct } from 'constructs';
import { PROVIDER_PACKAGES } from '../../lambdas/domain/contract/provider-cache.ts';
import { RUNS_PREFIX } from '../../lambdas/domain/contract/run-objects.ts';
import type { Config } from '../config.ts';
import type { Binding } from './binding.ts';
import type { Encryption } from './encryption.ts';
import { acknowledge, type Permission } from './permissions.ts';

/**
 * The longest a plan bundle can still be needed: a deployment may wait for both gates, one after the other, each as
 * long as a policy allows (60 days). A week more is for looking into what went wrong.
 */
export const RUN_RETENTION = Duration.days(2 * 60 + 7);

const INDEX = 'gsi1';
/** Partitions of the audit begin with this (`lambdas/domain/model/table/partitions.ts`). */
const AUDIT_PARTITION = 'AUDIT#';

/** What artifacts a role may reach: prefixes ending in `*`, or exact patterns. */
export interface ArtifactAccess {
  /** The newest version of an object. */
  readonly read?: readonly string[];
  /** Also a version that a record names. */
  readonly readVersions?: readonly string[];
  readonly write?: readonly string[];
}

/** One record, or several side by side. */
const GETTING = ['dynamodb:GetItem', 'dynamodb:BatchGetItem'];

/**
 * What a function does to records beyond getting single ones: query for lists, write (put, or check within a
 * transaction), delete, append to the audit.
 */
export type RecordUse = 'list' | 'write' | 'delete' | 'audit';

export interface DataStoreProps {
  readonly config: Config;
  readonly encryption: Encryption;
}

/** What is kept: one table of records, one bucket of what builds leave, analyses, providers and prices. */
export class DataStore extends Construct {
  readonly bucket: Bucket;
  readonly tableName: string;
  private readonly table: Table;
  private readonly encryption: Encryption;

  constructor(scope: Construct, id: string, { config, encryption }: DataStoreProps) {
    super(scope, id);
    const isKept = config.removalPolicy === 'retain';
    const removalPolicy = isKept ? RemovalPolicy.RETAIN : RemovalPolicy.DESTROY;
    this.encryption = encryption;

    this.table = new Table(this, 'Table', {
      partitionKey: { name: 'pk', type: AttributeType.STRING },
      sortKey: { name: 'sk', type: AttributeType.STRING },
      billingMode: BillingMode.PAY_PER_REQUEST,
      encryption: TableEncryption.CUSTOMER_MANAGED,
      encryptionKey: encryption.dataKey,
      pointInTimeRecoverySpecification: { pointInTimeRecoveryEnabled: true },
      timeToLiveAttribute: 'expiresAtEpoch',
      deletionProtection: isKept,
      removalPolicy,
    });
    this.table.addGlobalSecondaryIndex({
      indexName: INDEX,
      partitionKey: { name: 'gsi1pk', type: AttributeType.STRING },
      sortKey: { name: 'gsi1sk', type: AttributeType.STRING },
      projectionType: ProjectionType.ALL,
    });
    this.tableName = this.table.tableName;

    this.bucket = new Bucket(this, 'Artifacts', {
      blockPublicAccess: BlockPublicAccess.BLOCK_ALL,
      enforceSSL: true,
      versioned: true,
      encryption: BucketEncryption.KMS,
      encryptionKey: encryption.dataKey,
      bucketKeyEnabled: true,
      lifecycleRules: [
        {
          id: 'ForgetRuns',
          prefix: RUNS_PREFIX,
          expiration: RUN_RETENTION,
          noncurrentVersionExpiration: Duration.days(1),
          abortIncompleteMultipartUploadAfter: Duration.days(1),
        },
        // A rule that expires objects by age cannot also remove the markers this leaves behind.
        { id: 'ForgetMarkers', prefix: RUNS_PREFIX, expiredObjectDeleteMarker: true },
        // Packages stay. One that was deleted, because it was not what its key says, goes for good.
        {
          id: 'ForgetDeletedProviders',
          prefix: PROVIDER_PACKAGES.prefix,
          noncurrentVersionExpiration: Duration.days(1),
          expiredObjectDeleteMarker: true,
          abortIncompleteMultipartUploadAfter: Duration.days(1),
        },
      ],
      removalPolicy,
    });
    this.bucket.addToResourcePolicy(
      new PolicyStatement({
        sid: 'WriteOnce',
        effect: Effect.DENY,
        principals: [new AnyPrincipal()],
        actions: ['s3:PutObject'],
        resources: [`${RUNS_PREFIX}*`, PROVIDER_PACKAGES.pattern].map((pattern) => this.bucket.arnForObjects(pattern)),
        conditions: { Null: { 's3:if-none-match': 'true' } },
      }),
    );
    acknowledge(
      this.bucket,
      'AwsSolutions-S1',
      'only roles of this stack reach it, each deployment records who did what, and object-level audit belongs to ' +
        "the account's CloudTrail data events; a bucket of access logs would be one more store of deployment names",
    );
  }

  /** The key of a price sheet that an installation keeps for itself, with the permission to read it. */
  priceSheet(): Binding {
    const key = 'prices/prices.csv';
    return {
      value: key,
      permissions: [
        { actions: ['s3:GetObject'], resources: [this.bucket.arnForObjects(key)] },
        this.encryption.allow('unwrap'),
      ],
    };
  }

  /**
   * The table's name, with the permission to get single records and to do what is named; the audit is written only by
   * whoever may append to it. Nobody may scan the table.
   */
  records(...uses: readonly RecordUse[]): Binding {
    const does = (use: RecordUse) => uses.includes(use);
    const { tableArn } = this.table;
    const writing = does('write') ? ['dynamodb:ConditionCheckItem', 'dynamodb:PutItem'] : [];
    const deleting = does('delete') ? ['dynamodb:DeleteItem'] : [];
    const permissions: Permission[] = [
      { actions: [...GETTING, ...writing, ...deleting], resources: [tableArn] },
      // Of the table's own key, which the data key wraps once for all: items are never encrypted with the data key.
      this.encryption.allow('unwrap'),
    ];
    if (does('list'))
      permissions.push({ actions: ['dynamodb:Query'], resources: [tableArn, `${tableArn}/index/${INDEX}`] });
    if (does('write')) permissions.push(this.keepAudit(does('audit') ? [] : ['dynamodb:PutItem']));
    return { value: this.tableName, permissions };
  }

  /** The table's name, with the permission to read and write only the records of webhook deliveries. */
  webhookDeliveries(): Binding {
    return {
      value: this.tableName,
      permissions: [
        {
          actions: [...GETTING, 'dynamodb:ConditionCheckItem', 'dynamodb:PutItem'],
          resources: [this.table.tableArn],
          conditions: { 'ForAllValues:StringLike': { 'dynamodb:LeadingKeys': ['WEBHOOK#*'] } },
        },
        this.keepAudit(['dynamodb:PutItem']),
        this.encryption.allow('unwrap'),
      ],
    };
  }

  /**
   * Rule 10: no function deletes or updates what is in an application's audit. That one is not put in an entry's place
   * cannot be asked of IAM; the store's condition sees to it, and the chain of hashes tells.
   */
  private keepAudit(also: readonly string[]): Permission {
    return {
      isDenied: true,
      actions: ['dynamodb:DeleteItem', 'dynamodb:UpdateItem', ...also],
      resources: [this.table.tableArn],
      conditions: { 'ForAnyValue:StringLike': { 'dynamodb:LeadingKeys': `${AUDIT_PARTITION}*` } },
    };
  }

  /**
   * The bucket's name, with the permission to read and write objects by pattern. Nobody may list it, so S3 says 403
   * and not 404 for an object that is not there; the S3 adapter takes both for absent.
   */
  artifacts({ read = [], readVersions = [], write = [] }: ArtifactAccess = {}): Binding {
    const permissions: Permission[] = [];
    const objects = (patterns: readonly string[]) => ({
      resources: patterns.map((pattern) => this.bucket.arnForObjects(pattern)),
      wildcardReason: 'object keys contain deployment ids, which exist only at run time',
    });
    const readable = [...read, ...readVersions];
    if (readable.length > 0)
      permissions.push({ actions: ['s3:GetObject'], ...objects(readable) }, this.encryption.allow('unwrap'));
    if (readVersions.length > 0) permissions.push({ actions: ['s3:GetObjectVersion'], ...objects(readVersions) });
    if (write.length > 0)
      permissions.push({ actions: ['s3:PutObject'], ...objects(write) }, this.encryption.allow('wrap'));
    return { value: this.bucket.bucketName, permissions };
  }
}
