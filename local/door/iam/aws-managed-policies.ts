/**
 * Actions of `ReadOnlyAccess` on the services of the local cloud; they read neither secret values nor encrypted data
 * keys.
 */
const READ_ONLY_ACTIONS = [
  'apigateway:GET',
  'cloudwatch:Describe*',
  'cloudwatch:Get*',
  'cloudwatch:List*',
  'codebuild:BatchGet*',
  'codebuild:List*',
  'dynamodb:BatchGetItem',
  'dynamodb:Describe*',
  'dynamodb:Get*',
  'dynamodb:List*',
  'dynamodb:Query',
  'dynamodb:Scan',
  'events:Describe*',
  'events:List*',
  'events:Test*',
  'iam:Get*',
  'iam:List*',
  'kms:Describe*',
  'kms:Get*',
  'kms:List*',
  'lambda:Get*',
  'lambda:List*',
  'logs:Describe*',
  'logs:FilterLogEvents',
  'logs:Get*',
  'logs:ListTagsForResource',
  's3:Get*',
  's3:List*',
  'sns:Get*',
  'sns:List*',
  'sqs:Get*',
  'sqs:List*',
  'sqs:Receive*',
  'states:Describe*',
  'states:GetExecutionHistory',
  'states:List*',
  'sts:GetAccessKeyInfo',
  'sts:GetCallerIdentity',
  'sts:GetSessionToken',
];

const allow = (...actions: string[]): unknown => ({
  Version: '2012-10-17',
  Statement: [{ Effect: 'Allow', Action: actions, Resource: '*' }],
});

/** The AWS managed policies that the local cloud knows. Keys are the names after `arn:aws:iam::aws:policy/`. */
const AWS_MANAGED_POLICIES: Readonly<Record<string, unknown>> = {
  AdministratorAccess: allow('*'),
  ReadOnlyAccess: allow(...READ_ONLY_ACTIONS),
  'service-role/AWSLambdaBasicExecutionRole': allow('logs:CreateLogGroup', 'logs:CreateLogStream', 'logs:PutLogEvents'),
  AWSXRayDaemonWriteAccess: allow(
    'xray:PutTraceSegments',
    'xray:PutTelemetryRecords',
    'xray:GetSamplingRules',
    'xray:GetSamplingTargets',
    'xray:GetSamplingStatisticSummaries',
  ),
};

const ARN_PREFIX = 'arn:aws:iam::aws:policy/';

export const isAwsManagedPolicy = (policyArn: string): boolean => policyArn.startsWith(ARN_PREFIX);

/**
 * Returns the document of an AWS managed policy. Throws an error that names the policy when the local cloud does not
 * know it.
 */
export function awsManagedPolicy(policyArn: string): unknown {
  const document = AWS_MANAGED_POLICIES[policyArn.slice(ARN_PREFIX.length)];
  if (document === undefined) throw new Error(`AWS managed policy ${policyArn} is not known to the local cloud`);
  return document;
}
