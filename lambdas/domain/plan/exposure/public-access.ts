import { isBlank, type JsonRecord, listOf, recordOf, textOf } from '../../json-value.ts';
import type { Finding, JudgedKind, Severity } from './finding.ts';

const finding = (severity: Severity, why: string): Finding => ({ key: why, severity, why });
const when = (condition: boolean, severity: Severity, why: string): Finding[] =>
  condition ? [finding(severity, why)] : [];

/** Judges the flag that gives a data store a public address. */
const publiclyAccessible: JudgedKind = {
  reads: ['publicly_accessible'],
  judge: ({ publicly_accessible }) =>
    when(publicly_accessible === true, 'high', 'gets a public address (publicly_accessible)'),
};

const PUBLIC_ACLS: ReadonlyMap<unknown, readonly [Severity, string]> = new Map([
  ['public-read', ['high', 'lets anybody list and read its objects (ACL public-read)']],
  ['public-read-write', ['critical', 'lets anybody read and write its objects (ACL public-read-write)']],
  ['authenticated-read', ['high', 'lets every AWS customer read its objects (ACL authenticated-read)']],
  ['website', ['high', 'lets anybody read its objects (ACL website)']],
]);

function judgeAcl(values: JsonRecord): Finding[] {
  const canned = PUBLIC_ACLS.get(values.acl);
  const grants = [...listOf(values.grant), ...listOf(recordOf(listOf(values.access_control_policy)[0]).grant)].map(
    recordOf,
  );
  const groups = grants.flatMap((grant) => [textOf(grant.uri), textOf(recordOf(listOf(grant.grantee)[0]).uri)]);
  return [
    ...(canned ? [finding(...canned)] : []),
    ...when(
      groups.some((uri) => uri?.endsWith('/AllUsers')),
      'critical',
      'grants access to anybody (group AllUsers)',
    ),
    ...when(
      groups.some((uri) => uri?.endsWith('/AuthenticatedUsers')),
      'high',
      'grants access to every AWS customer (group AuthenticatedUsers)',
    ),
  ];
}

const acl: JudgedKind = { reads: ['acl', 'grant', 'access_control_policy'], judge: judgeAcl };

export const BLOCK_FLAGS = [
  'block_public_acls',
  'block_public_policy',
  'ignore_public_acls',
  'restrict_public_buckets',
] as const;

/**
 * Judges a block that leaves something open. Removing the block is judged separately, because then there are no values.
 */
const publicAccessBlock: JudgedKind = {
  reads: BLOCK_FLAGS,
  judge: (values) =>
    BLOCK_FLAGS.flatMap((flag) =>
      when(values[flag] !== true, 'high', `no longer blocks public access (${flag} is off)`),
    ),
};

const everybody = (list: unknown): boolean => listOf(list).some((item) => item === 'all');

/** Buckets, databases, clusters, snapshots and functions that can be opened by a flag. */
export const PUBLIC_ACCESS_KINDS: Readonly<Record<string, JudgedKind>> = {
  aws_s3_bucket: acl,
  aws_s3_bucket_acl: acl,
  aws_s3_bucket_public_access_block: publicAccessBlock,
  aws_s3_account_public_access_block: publicAccessBlock,
  aws_db_instance: publiclyAccessible,
  aws_rds_cluster_instance: publiclyAccessible,
  aws_redshift_cluster: publiclyAccessible,
  aws_redshiftserverless_workgroup: publiclyAccessible,
  aws_neptune_cluster_instance: publiclyAccessible,
  aws_dms_replication_instance: publiclyAccessible,
  aws_mq_broker: publiclyAccessible,
  aws_db_snapshot: {
    reads: ['shared_accounts'],
    judge: ({ shared_accounts }) =>
      when(everybody(shared_accounts), 'critical', 'shares the snapshot with every AWS customer'),
  },
  aws_db_cluster_snapshot: {
    reads: ['shared_accounts'],
    judge: ({ shared_accounts }) =>
      when(everybody(shared_accounts), 'critical', 'shares the snapshot with every AWS customer'),
  },
  aws_ami_launch_permission: {
    reads: ['group'],
    judge: ({ group }) => when(group === 'all', 'critical', 'shares the machine image with every AWS customer'),
  },
  aws_msk_cluster: {
    reads: ['broker_node_group_info'],
    judge: ({ broker_node_group_info }) => {
      const connectivity = recordOf(listOf(recordOf(listOf(broker_node_group_info)[0]).connectivity_info)[0]);
      const { type } = recordOf(listOf(connectivity.public_access)[0]);
      return when(type === 'SERVICE_PROVIDED_EIPS', 'high', 'gives the brokers public addresses');
    },
  },
  aws_eks_cluster: {
    reads: ['vpc_config'],
    judge: ({ vpc_config }) => {
      const { endpoint_public_access, public_access_cidrs } = recordOf(listOf(vpc_config)[0]);
      const isWide =
        isBlank(public_access_cidrs) || listOf(public_access_cidrs).some((network) => String(network).endsWith('/0'));
      return when(
        endpoint_public_access !== false && isWide,
        'medium',
        'has a Kubernetes API that the whole internet reaches',
      );
    },
  },
  aws_instance: {
    reads: ['associate_public_ip_address'],
    judge: ({ associate_public_ip_address }) =>
      when(associate_public_ip_address === true, 'low', 'gets a public address'),
  },
  aws_lambda_function_url: {
    reads: ['authorization_type'],
    judge: ({ authorization_type }) =>
      when(authorization_type === 'NONE', 'high', 'lets anybody call the function over the internet'),
  },
};
