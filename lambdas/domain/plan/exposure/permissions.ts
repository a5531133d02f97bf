import { isBlank, type JsonRecord, listOf, recordOf, textOf } from '../../json-value.ts';
import { allowsAnybody, restrictsCallers, type Statement, statementsOf } from '../policy-document.ts';
import { type Finding, type Judge, type JudgedKind, SEVERITIES, type Severity } from './finding.ts';

/** Services whose wildcard lets the holder give itself any other permission. */
const PRIVILEGED_SERVICES = new Set([
  'iam',
  'sts',
  'organizations',
  'kms',
  'secretsmanager',
  'sso',
  'sso-admin',
  'lambda',
  'cloudformation',
]);
/** Single actions that have the same effect when they are allowed on every resource. */
const ESCALATING =
  /^(?:iam:(?:PassRole|Attach\w*Policy|Put\w*Policy|CreatePolicyVersion|SetDefaultPolicyVersion|UpdateAssumeRolePolicy|CreateAccessKey|CreateLoginProfile|UpdateLoginProfile|AddUserToGroup)|sts:AssumeRole)$/i;
const READING = /^(?:Get|List|Describe|Head|BatchGet|Query|Scan|Search|Select|Read|Lookup|View|Check)/;

const hasEverything = (resources: readonly string[]): boolean => resources.includes('*');

/** Returns what a statement of an identity policy lets its holder do, one finding per grant. */
function widening(statement: Statement): Finding[] {
  if (statement.effect !== 'Allow') return [];
  const isLimited = statement.conditions.size > 0;
  const finding = (severity: Severity, what: string): Finding => ({
    key: `${what}${isLimited ? ' limited' : ''}`,
    severity: isLimited ? milder(severity) : severity,
    why: `allows ${what}${isLimited ? ', under conditions' : ''}`,
  });
  const { resources, notResources, actions, notActions } = statement;
  const onEverything = hasEverything(resources) || notResources.length > 0;
  const scope =
    notResources.length > 0
      ? 'on all but some resources'
      : onEverything
        ? 'on every resource'
        : `on ${resources.slice(0, 3).join(', ')}`;
  if (notActions.length > 0)
    return onEverything ? [finding('high', `every action except ${notActions.slice(0, 3).join(', ')} ${scope}`)] : [];
  return actions.flatMap((action): Finding[] => {
    const [service = '', operation = ''] = action.split(':');
    if (/^[*]+(?::[*]+)?$/.test(action)) return [finding(onEverything ? 'critical' : 'high', `every action ${scope}`)];
    if (!onEverything) return [];
    if (operation === '*')
      return [finding(PRIVILEGED_SERVICES.has(service.toLowerCase()) ? 'high' : 'medium', `${action} ${scope}`)];
    if (ESCALATING.test(action)) return [finding('high', `${action} ${scope}`)];
    return operation.includes('*') && !READING.test(operation) ? [finding('medium', `${action} ${scope}`)] : [];
  });
}

const milder = (severity: Severity): Severity => SEVERITIES[Math.max(0, SEVERITIES.indexOf(severity) - 1)] ?? 'low';

const identityPolicy: JudgedKind = { reads: ['policy'], judge: ({ policy }) => statementsOf(policy).flatMap(widening) };

/** Returns findings about who may assume a role. */
function trust(statement: Statement, accountId: string | undefined): Finding[] {
  if (statement.effect !== 'Allow') return [];
  if (allowsAnybody(statement))
    return [{ key: 'anybody', severity: 'critical', why: 'lets anybody in any AWS account take on the role' }];
  return statement.principals.flatMap((principal): Finding[] => {
    const account = /^AWS:(?:arn:aws[\w-]*:(?:iam|sts)::)?(\d{12})/.exec(principal)?.[1];
    if (account && accountId && account !== accountId)
      return [
        { key: principal, severity: 'high', why: `lets account ${account} take on the role (${principal.slice(4)})` },
      ];
    const isOpenFederation =
      principal.startsWith('Federated:') &&
      /oidc-provider\//.test(principal) &&
      ![...statement.conditions.keys()].some((key) => key.endsWith(':sub'));
    if (!isOpenFederation || restrictsCallers(statement)) return [];
    return [
      {
        key: principal,
        severity: 'high',
        why: 'lets every identity of an OIDC provider take on the role (no condition on its "sub")',
      },
    ];
  });
}

const ADMINISTRATIVE = /\/(?:AdministratorAccess|IAMFullAccess)$/;
const BROAD = /\/(?:PowerUserAccess|\w+FullAccess(?:_v\d+)?)$/;

function managedPolicy(arn: unknown): Finding[] {
  const name = textOf(arn);
  if (!name) return [];
  const finding = (severity: Severity): Finding[] => [
    { key: name, severity, why: `attaches ${name.split('/').at(-1)}` },
  ];
  if (ADMINISTRATIVE.test(name)) return finding('critical');
  return BROAD.test(name) ? finding(name.includes('PowerUser') ? 'high' : 'medium') : [];
}

const attachment: JudgedKind = { reads: ['policy_arn'], judge: ({ policy_arn }) => managedPolicy(policy_arn) };

const judgeRole: Judge = (values, { accountId }) => [
  ...statementsOf(values.assume_role_policy).flatMap((statement) => trust(statement, accountId)),
  ...listOf(values.managed_policy_arns).flatMap(managedPolicy),
  ...listOf(values.inline_policy)
    .flatMap((inline) => statementsOf(recordOf(inline).policy))
    .flatMap(widening),
  ...withoutBoundary(values),
];

/** Returns a finding as long as there is no boundary, so that only removing a boundary is new. */
const withoutBoundary = ({ permissions_boundary, arn }: JsonRecord): Finding[] =>
  isBlank(permissions_boundary) && !isBlank(arn)
    ? [{ key: 'no boundary', severity: 'high', why: 'loses its permissions boundary' }]
    : [];

/** Judges a policy on a resource: finds the statements that let anybody use the resource. */
function resourcePolicy(attribute: string, severity: Severity, readingSeverity: Severity = severity): JudgedKind {
  return {
    reads: [attribute],
    judge: (values) =>
      statementsOf(values[attribute])
        .filter(allowsAnybody)
        .map((statement) => {
          const actions = statement.actions.length > 0 ? statement.actions : ['every action'];
          const isReading = actions.every((action) => READING.test(action.split(':')[1] ?? ''));
          return {
            key: `anybody ${actions.join(' ')}`,
            severity: isReading ? readingSeverity : severity,
            why: `lets anybody in the world use it: ${actions.slice(0, 4).join(', ')}${actions.length > 4 ? ', …' : ''}`,
          };
        }),
  };
}

const lambdaPermission: Judge = (values) => {
  const { principal, principal_org_id, source_arn, source_account, function_url_auth_type } = values;
  const isNarrowed = [principal_org_id, source_arn, source_account].some((value) => !isBlank(value));
  if (function_url_auth_type === 'NONE')
    return [{ key: 'url', severity: 'high', why: 'lets anybody call the function over the internet' }];
  if (isNarrowed) return [];
  if (principal === '*' && function_url_auth_type !== 'AWS_IAM')
    return [{ key: 'anybody', severity: 'high', why: 'lets anybody in the world call the function' }];
  const isService = /\.amazonaws\.com(?:\.cn)?$/.test(textOf(principal) ?? '');
  return isService
    ? [
        {
          key: 'service',
          severity: 'low',
          why: `lets ${String(principal)} call the function on behalf of any account (no source_arn)`,
        },
      ]
    : [];
};

/** Identity policies, trust, and policies on resources. */
export const PERMISSION_KINDS: Readonly<Record<string, JudgedKind>> = {
  aws_iam_policy: identityPolicy,
  aws_iam_role_policy: identityPolicy,
  aws_iam_user_policy: identityPolicy,
  aws_iam_group_policy: identityPolicy,
  aws_ssoadmin_permission_set_inline_policy: {
    reads: ['inline_policy'],
    judge: ({ inline_policy }) => statementsOf(inline_policy).flatMap(widening),
  },
  aws_iam_role: { reads: ['assume_role_policy', 'inline_policy.policy', 'managed_policy_arns'], judge: judgeRole },
  aws_iam_role_policy_attachment: attachment,
  aws_iam_user_policy_attachment: attachment,
  aws_iam_group_policy_attachment: attachment,
  aws_iam_policy_attachment: attachment,
  aws_ssoadmin_managed_policy_attachment: {
    reads: ['managed_policy_arn'],
    judge: ({ managed_policy_arn }) => managedPolicy(managed_policy_arn),
  },
  aws_iam_access_key: {
    reads: [],
    judge: () => [{ key: 'access key', severity: 'medium', why: 'makes credentials that do not expire' }],
  },
  aws_s3_bucket: resourcePolicy('policy', 'critical', 'high'),
  aws_s3_bucket_policy: resourcePolicy('policy', 'critical', 'high'),
  aws_sqs_queue: resourcePolicy('policy', 'high'),
  aws_sqs_queue_policy: resourcePolicy('policy', 'high'),
  aws_sns_topic: resourcePolicy('policy', 'high'),
  aws_sns_topic_policy: resourcePolicy('policy', 'high'),
  aws_kms_key: resourcePolicy('policy', 'critical'),
  aws_kms_key_policy: resourcePolicy('policy', 'critical'),
  aws_secretsmanager_secret: resourcePolicy('policy', 'critical'),
  aws_secretsmanager_secret_policy: resourcePolicy('policy', 'critical'),
  aws_ecr_repository_policy: resourcePolicy('policy', 'high', 'medium'),
  aws_ecr_registry_policy: resourcePolicy('policy', 'high'),
  aws_efs_file_system_policy: resourcePolicy('policy', 'high'),
  aws_backup_vault_policy: resourcePolicy('policy', 'critical'),
  aws_dynamodb_resource_policy: resourcePolicy('policy', 'critical'),
  aws_kinesis_resource_policy: resourcePolicy('policy', 'high'),
  aws_glacier_vault: resourcePolicy('access_policy', 'critical'),
  aws_cloudwatch_event_bus_policy: resourcePolicy('policy', 'high'),
  aws_opensearch_domain: resourcePolicy('access_policies', 'critical'),
  aws_opensearch_domain_policy: resourcePolicy('access_policies', 'critical'),
  aws_elasticsearch_domain: resourcePolicy('access_policies', 'critical'),
  aws_elasticsearch_domain_policy: resourcePolicy('access_policies', 'critical'),
  aws_cloudwatch_event_permission: {
    reads: ['principal'],
    judge: ({ principal, condition }) =>
      principal === '*' && isBlank(condition)
        ? [{ key: 'anybody', severity: 'high', why: 'lets anybody in the world put events on the bus' }]
        : [],
  },
  aws_lambda_permission: { reads: ['principal'], judge: lambdaPermission },
};
