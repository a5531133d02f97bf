import { CfnCondition, CfnParameter, Fn } from 'aws-cdk-lib';
import { CfnManagedPolicy, type CfnRole, Effect, PolicyDocument, PolicyStatement } from 'aws-cdk-lib/aws-iam';
import type { Construct } from 'constructs';
import { acknowledge } from './constructs/permissions.ts';

interface LockTableProps {
  readonly partition: string;
  readonly account: string;
  readonly policyName: string;
  /** `<bucket>/<key>` of the environment's state: the engine keeps its lock under this key, and a digest beside it. */
  readonly stateAddress: string;
  /** The roles that lock the state. */
  readonly roles: readonly CfnRole[];
}

/**
 * Lets roles lock the state in a DynamoDB table, too, for teams whose other tools still lock there. A parameter of the
 * stack names the table. Environments may share it: no role reaches an item of another state. It is a managed policy,
 * because IAM limits the size of all inline policies together.
 */
export function grantLockTable(scope: Construct, props: LockTableProps): void {
  const table = new CfnParameter(scope, 'LockTable', {
    type: 'String',
    description: 'DynamoDB table in which the backend locks the state (dynamodb_table); empty: none',
    allowedPattern: '^$|^[A-Za-z0-9_.-]{3,255}$',
    default: '',
  }).valueAsString;
  const hasTable = new CfnCondition(scope, 'HasLockTable', {
    expression: Fn.conditionNot(Fn.conditionEquals(table, '')),
  });
  const items = [props.stateAddress, `${props.stateAddress}-md5`];
  const resources = [`arn:${props.partition}:dynamodb:*:${props.account}:table/${table}`];
  const statements = [
    new PolicyStatement({
      sid: 'LockInTable',
      actions: ['dynamodb:DeleteItem', 'dynamodb:GetItem', 'dynamodb:PutItem'],
      resources,
      conditions: { 'ForAllValues:StringEquals': { 'dynamodb:LeadingKeys': items } },
    }),
    new PolicyStatement({
      sid: 'KeepOtherLocks',
      effect: Effect.DENY,
      actions: ['dynamodb:DeleteItem', 'dynamodb:GetItem', 'dynamodb:PutItem', 'dynamodb:Query', 'dynamodb:UpdateItem'],
      resources,
      conditions: { 'ForAnyValue:StringNotEquals': { 'dynamodb:LeadingKeys': items } },
    }),
    new PolicyStatement({
      sid: 'NoWholeTable',
      effect: Effect.DENY,
      actions: [
        ...['BatchGetItem', 'BatchWriteItem', 'Scan'],
        ...['PartiQLDelete', 'PartiQLInsert', 'PartiQLSelect', 'PartiQLUpdate'],
      ].map((action) => `dynamodb:${action}`),
      resources,
    }),
  ];
  const policy = new CfnManagedPolicy(scope, 'LockTablePolicy', {
    managedPolicyName: props.policyName,
    description: 'Stagegate: the lock of one environment in a table',
    policyDocument: new PolicyDocument({ statements }),
    roles: props.roles.map(({ ref }) => ref),
  });
  policy.cfnOptions.condition = hasTable;
  acknowledge(
    policy,
    `AwsSolutions-IAM5[Resource::arn:<AWS::Partition>:dynamodb:*:<AWS::AccountId>:table/<LockTable>]`,
    "the state's region is not known here; the name of the table and the keys of its items are",
  );
}
