import { isBlank, type JsonRecord, textOf } from '../json-value.ts';

interface StatefulKind {
  /** What is lost with the object; completes the sentence "… is destroyed: ". */
  readonly loses: string;
  /** Returns whether an object of this kind keeps nothing. */
  readonly unless?: (values: JsonRecord) => boolean;
}

const DATABASE = { loses: 'its data and automated backups' };
const RECORDS = { loses: 'all items and their point-in-time recovery' };
const FILES = { loses: 'the files on it' };
const BACKUP = { loses: 'a backup that cannot be made again' };
const KEY = { loses: 'everything encrypted with it becomes unreadable' };
const IDENTITIES = { loses: 'the identities kept in it; people must register again' };
const MESSAGES = { loses: 'messages that are still waiting' };
const STREAM = { loses: 'the retained records' };
const REPOSITORY = { loses: 'what was published to it' };

/**
 * Kinds whose objects hold something that Terraform cannot create again. Each kind was reviewed. Deleting or replacing
 * such an object is a loss. Production and environments with deletion protection refuse it until that is lifted.
 *
 * These kinds are left out on purpose: log groups and parameters (reported as deletions, but routinely managed),
 * instances and node groups (their volumes are listed), members of clusters (the data is the cluster's), topics (they
 * hold nothing), certificates (issued again), objects in buckets (deployed by pipelines).
 */
const STATEFUL: Readonly<Record<string, StatefulKind>> = {
  aws_db_instance: DATABASE,
  aws_rds_cluster: DATABASE,
  aws_rds_global_cluster: DATABASE,
  aws_docdb_cluster: DATABASE,
  aws_docdb_global_cluster: DATABASE,
  aws_docdbelastic_cluster: DATABASE,
  aws_neptune_cluster: DATABASE,
  aws_neptune_global_cluster: DATABASE,
  aws_neptunegraph_graph: DATABASE,
  aws_dsql_cluster: DATABASE,
  aws_redshift_cluster: DATABASE,
  aws_redshiftserverless_namespace: DATABASE,
  aws_lightsail_database: DATABASE,
  aws_timestreaminfluxdb_db_instance: DATABASE,
  aws_qldb_ledger: DATABASE,
  aws_opensearch_domain: { loses: 'its indexes' },
  aws_opensearchserverless_collection: { loses: 'its indexes' },
  aws_elasticsearch_domain: { loses: 'its indexes' },
  aws_memorydb_cluster: DATABASE,
  aws_elasticache_replication_group: { loses: 'sessions and data kept in memory' },
  aws_elasticache_serverless_cache: {
    loses: 'sessions and data kept in memory',
    unless: ({ engine }) => engine === 'memcached',
  },
  aws_elasticache_cluster: {
    loses: 'sessions and data kept in memory',
    unless: ({ engine, replication_group_id }) => engine === 'memcached' || !isBlank(replication_group_id),
  },
  aws_dynamodb_table: RECORDS,
  aws_dynamodb_global_table: RECORDS,
  aws_keyspaces_keyspace: RECORDS,
  aws_keyspaces_table: RECORDS,
  aws_timestreamwrite_database: RECORDS,
  aws_timestreamwrite_table: RECORDS,
  aws_s3_bucket: { loses: 'its objects and their versions' },
  aws_s3_directory_bucket: { loses: 'its objects' },
  aws_s3tables_table_bucket: { loses: 'its tables' },
  aws_s3tables_table: { loses: 'its rows' },
  aws_glacier_vault: { loses: 'its archives' },
  aws_efs_file_system: FILES,
  aws_fsx_lustre_file_system: FILES,
  aws_fsx_ontap_file_system: FILES,
  aws_fsx_ontap_volume: FILES,
  aws_fsx_openzfs_file_system: FILES,
  aws_fsx_openzfs_volume: FILES,
  aws_fsx_windows_file_system: FILES,
  aws_ebs_volume: { loses: 'the data on it' },
  aws_lightsail_disk: { loses: 'the data on it' },
  aws_db_snapshot: BACKUP,
  aws_db_cluster_snapshot: BACKUP,
  aws_ebs_snapshot: BACKUP,
  aws_ami: BACKUP,
  aws_backup_vault: { loses: 'its recovery points' },
  aws_kms_key: KEY,
  aws_kms_external_key: KEY,
  aws_kms_replica_key: KEY,
  aws_kms_custom_key_store: KEY,
  aws_cloudhsm_v2_cluster: KEY,
  aws_acmpca_certificate_authority: { loses: 'its private key; every certificate it issued must be replaced' },
  aws_secretsmanager_secret: { loses: 'the secret and its versions' },
  aws_route53_zone: { loses: 'its records and its name servers; the delegation breaks' },
  aws_service_discovery_private_dns_namespace: { loses: 'its records' },
  aws_service_discovery_public_dns_namespace: { loses: 'its records and its name servers; the delegation breaks' },
  aws_sqs_queue: MESSAGES,
  aws_mq_broker: MESSAGES,
  aws_kinesis_stream: STREAM,
  aws_msk_cluster: STREAM,
  aws_msk_serverless_cluster: STREAM,
  aws_cognito_user_pool: IDENTITIES,
  aws_cognito_identity_pool: IDENTITIES,
  aws_directory_service_directory: IDENTITIES,
  aws_identitystore_user: IDENTITIES,
  aws_ecr_repository: { loses: 'its images; what runs from them cannot start again' },
  aws_ecrpublic_repository: REPOSITORY,
  aws_codecommit_repository: { loses: 'its history' },
  aws_codeartifact_domain: REPOSITORY,
  aws_codeartifact_repository: REPOSITORY,
  aws_eks_cluster: { loses: 'every Kubernetes object kept in its control plane' },
  aws_organizations_account: { loses: 'the whole account is closed' },
  aws_workspaces_workspace: { loses: 'the user volume' },
  postgresql_database: DATABASE,
  mysql_database: DATABASE,
  kubernetes_namespace: { loses: 'everything in it' },
  kubernetes_namespace_v1: { loses: 'everything in it' },
  kubernetes_persistent_volume: FILES,
  kubernetes_persistent_volume_v1: FILES,
  kubernetes_persistent_volume_claim: FILES,
  kubernetes_persistent_volume_claim_v1: FILES,
};

/** Returns what is lost with this object, or undefined when it keeps nothing. */
export function lossOf(type: string, values: JsonRecord | undefined): string | undefined {
  const kind = Object.hasOwn(STATEFUL, type) ? STATEFUL[type] : undefined;
  if (!kind || kind.unless?.(values ?? {})) return undefined;
  return isDatabaseWithSnapshot(kind, values) ? 'its data, except for a final snapshot' : kind.loses;
}

const isDatabaseWithSnapshot = (kind: StatefulKind, values: JsonRecord | undefined): boolean =>
  kind === DATABASE && values?.skip_final_snapshot === false && textOf(values.final_snapshot_identifier) !== undefined;

/** The reviewed list, for the documentation. */
export const STATEFUL_TYPES: readonly string[] = Object.keys(STATEFUL).sort();
