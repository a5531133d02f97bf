import { Duration, RemovalPolicy, Stack } from 'aws-cdk-lib';
import { AttributeType, BillingMode, ProjectionType, Table, TableEncryption } from 'aws-cdk-lib/aws-dynamodb';
import { AnyPrincipal, Effect, PolicyStatement } from 'aws-cdk-lib/aws-iam';
import { BlockPublicAccess, Bucket, BucketEncryption } from 'aws-cdk-lib/aws-s3';
import { Construct } from 'constructs';
import { PROVIDER_PACKAGES } from '../../lambdas/domain/contract/provider-cache.ts';
import { KEPT_PREFIX, RUNS_PREFIX } from '../../lambdas/domain/contract/run-objects.ts';
import { AUDIT_PARTITION_PREFIX } from '../../lambdas/domain/names.ts';
import type { Config } from '../config.ts';
import { RECORDS_TABLE } from '../records-table.ts';
import type { Binding } from './binding.ts';
import type { Encryption } from './encryption.ts';
import { acknowledge, type Permission } from './permissions.ts';

/**
 * The longest time that a plan bundle can be needed. A deployment may wait for both gates, one after the other, each as
 * long as a policy allows (60 days). One more week is for finding out what went wrong.
 */
export const RUN_RETENTION = Duration.days(2 * 60 + 7);

type RecordsTable = Pick<Table, 'tableName' | 'tableArn'>;

/** The artifacts that a role may reach: prefixes that end in `*`, or exact patterns. */
export interface ArtifactAccess {
  /** Objects of which the newest version may be read. */
  readonly read?: readonly string[];
  /** Objects of which also an older version, named by a record, may be read. */
  readonly readVersions?: readonly string[];
  readonly write?: readonly string[];
  /** Objects of which versions may be deleted for good. */
  readonly deleteVersions?: readonly string[];
}

/** The actions that get one record, or several at once. */
const GETTING = ['dynamodb:GetItem', 'dynamodb:BatchGetItem'];

/**
 * What a function does with records in addition to getting single ones: query lists, write (put, or check within a
 * transaction), delete, and append to the audit.
 */
export type RecordUse = 'list' | 'write' | 'delete' | 'audit';

export interface DataStoreProps {
  readonly config: Config;
  readonly encryption: Encryption;
}

/** The storage: one table of records, and one bucket for results of builds, analyses, providers and prices. */
export class DataStore extends Construct {
  readonly bucket: Bucket;
  readonly tableName: string;
  private readonly table: RecordsTable;
  private readonly encryption: Encryption;

  constructor(scope: Construct, id: string, { config, encryption }: DataStoreProps) {
    super(scope, id);
    const isKept = config.removalPolicy === 'retain';
    const removalPolicy = isKept ? RemovalPolicy.RETAIN : RemovalPolicy.DESTROY;
    this.encryption = encryption;

    this.table = config.tableName === undefined ? this.makeTable(isKept) : this.existingTable(config.tableName);
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
        // Expiring an object leaves a delete marker. The rule that expires objects by age cannot also remove markers.
        { id: 'ForgetMarkers', prefix: RUNS_PREFIX, expiredObjectDeleteMarker: true },
        // Packages are kept. One that was deleted, because its contents did not match its key, is removed for good.
        {
          id: 'ForgetDeletedProviders',
          prefix: PROVIDER_PACKAGES.prefix,
          noncurrentVersionExpiration: Duration.days(1),
          expiredObjectDeleteMarker: true,
          abortIncompleteMultipartUploadAfter: Duration.days(1),
        },
        // Kept trees never expire. Stagegate deletes them for good, so this is about what somebody deletes by hand.
        {
          id: 'ForgetDeletedTrees',
          prefix: KEPT_PREFIX,
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
        resources: [`${RUNS_PREFIX}*`, `${KEPT_PREFIX}*`, PROVIDER_PACKAGES.pattern].map((pattern) =>
          this.bucket.arnForObjects(pattern),
        ),
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

  private makeTable(isKept: boolean): RecordsTable {
    const { partitionKey, sortKey, index, timeToLive } = RECORDS_TABLE;
    const text = (name: string) => ({ name, type: AttributeType.STRING });
    const table = new Table(this, 'Table', {
      partitionKey: text(partitionKey),
      sortKey: text(sortKey),
      billingMode: BillingMode.PAY_PER_REQUEST,
      encryption: TableEncryption.CUSTOMER_MANAGED,
      encryptionKey: this.encryption.dataKey,
      pointInTimeRecoverySpecification: { pointInTimeRecoveryEnabled: true },
      timeToLiveAttribute: timeToLive,
      deletionProtection: isKept,
      removalPolicy: isKept ? RemovalPolicy.RETAIN : RemovalPolicy.DESTROY,
    });
    table.addGlobalSecondaryIndex({
      indexName: index.name,
      partitionKey: text(index.partitionKey),
      sortKey: text(index.sortKey),
      projectionType: ProjectionType.ALL,
    });
    return table;
  }

  /** Returns a table of this account and region that the stack does not make. */
  private existingTable(tableName: string): RecordsTable {
    const tableArn = Stack.of(this).formatArn({ service: 'dynamodb', resource: 'table', resourceName: tableName });
    return { tableName, tableArn };
  }

  /** Returns the key of the installation's own price sheet, with the permission to read it. */
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
   * Returns the table's name, with the permission to get single records and for the named uses. Only functions with the
   * use `audit` can write the audit. No function may scan the table.
   */
  records(...uses: readonly RecordUse[]): Binding {
    const does = (use: RecordUse) => uses.includes(use);
    const { tableArn } = this.table;
    const writing = does('write') ? ['dynamodb:ConditionCheckItem', 'dynamodb:PutItem'] : [];
    const deleting = does('delete') ? ['dynamodb:DeleteItem'] : [];
    const permissions: Permission[] = [
      { actions: [...GETTING, ...writing, ...deleting], resources: [tableArn] },
      // To unwrap the table's own key, which the data key wraps once. The data key never encrypts items.
      this.encryption.allow('unwrap'),
    ];
    if (does('list'))
      permissions.push({
        actions: ['dynamodb:Query'],
        resources: [tableArn, `${tableArn}/index/${RECORDS_TABLE.index.name}`],
      });
    if (does('write')) permissions.push(this.keepAudit(does('audit') ? [] : ['dynamodb:PutItem']));
    return { value: this.tableName, permissions };
  }

  /**
   * Returns the table's name, with the permission to read and write only the records of webhook deliveries, and to list
   * the applications: the answer to a delivery says whether any is deployed from its repository.
   */
  webhookDeliveries(): Binding {
    return {
      value: this.tableName,
      permissions: [
        {
          actions: [...GETTING, 'dynamodb:ConditionCheckItem', 'dynamodb:PutItem'],
          resources: [this.table.tableArn],
          conditions: { 'ForAllValues:StringLike': { 'dynamodb:LeadingKeys': ['WEBHOOK#*'] } },
        },
        this.listingApplications(),
        this.keepAudit(['dynamodb:PutItem']),
        this.encryption.allow('unwrap'),
      ],
    };
  }

  /** Returns the table's name, with the permission to read only the heads of branches, and to list the applications. */
  branchHeads(): Binding {
    return {
      value: this.tableName,
      permissions: [
        {
          actions: GETTING,
          resources: [this.table.tableArn],
          conditions: { 'ForAllValues:StringLike': { 'dynamodb:LeadingKeys': ['REPOSITORY#*'] } },
        },
        this.listingApplications(),
        this.encryption.allow('unwrap'),
      ],
    };
  }

  private listingApplications(): Permission {
    return {
      actions: ['dynamodb:Query'],
      resources: [`${this.table.tableArn}/index/${RECORDS_TABLE.index.name}`],
      conditions: { 'ForAllValues:StringEquals': { 'dynamodb:LeadingKeys': ['APPLICATIONS'] } },
    };
  }

  /**
   * Forbids a function to delete or update entries of an application's audit (rule 10). IAM cannot prevent that a put
   * replaces an entry: the condition of the store prevents it, and the chain of hashes would reveal it.
   */
  private keepAudit(also: readonly string[]): Permission {
    return {
      isDenied: true,
      actions: ['dynamodb:DeleteItem', 'dynamodb:UpdateItem', ...also],
      resources: [this.table.tableArn],
      conditions: { 'ForAnyValue:StringLike': { 'dynamodb:LeadingKeys': `${AUDIT_PARTITION_PREFIX}*` } },
    };
  }

  /**
   * Returns the bucket's name, with the permission to read and write objects by pattern. No function may list the
   * bucket, so S3 answers 403, not 404, for a missing object. The S3 adapter takes both as missing.
   */
  artifacts({ read = [], readVersions = [], write = [], deleteVersions = [] }: ArtifactAccess = {}): Binding {
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
    if (deleteVersions.length > 0)
      permissions.push({ actions: ['s3:DeleteObjectVersion'], ...objects(deleteVersions) });
    return { value: this.bucket.bucketName, permissions };
  }
}
