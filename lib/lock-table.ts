import { Aws, CfnCondition, CfnParameter, Fn } from 'aws-cdk-lib';
import { CfnManagedPolicy, type CfnRole, Effect, PolicyDocument, PolicyStatement } from 'aws-cdk-lib/aws-iam';
import type { Construct } from 'constructs';
import { acknowledge } from './constructs/permissions.ts';

interface LockTableGrant {
  readonly policyName: string;
  /** `<bucket>/<key>` of the environment's state: the engine keeps its lock under this key, and a digest beside it. */
  readonly stateAddress: string;
  /** The roles that lock the state. */
  readonly roles: readonly CfnRole[];
}

/**
 * The DynamoDB table in which the state is locked, too, for teams whose other tools still lock there. A parameter of
 * the stack names it. Environments may share the table.
 */
export class LockTable {
  /** True if the stack names a table. */
  readonly isGiven: CfnCondition;
  readonly arn: string;
  private readonly scope: Construct;

  constructor(scope: Construct) {
    this.scope = scope;
    const name = new CfnParameter(scope, 'LockTable', {
      type: 'String',
      description: 'DynamoDB table in which the backend locks the state (dynamodb_table); empty: none',
      allowedPattern: '^$|^[A-Za-z0-9_.-]{3,255}$',
      default: '',
    }).valueAsString;
    this.isGiven = new CfnCondition(scope, 'HasLockTable', {
      expression: Fn.conditionNot(Fn.conditionEquals(name, '')),
    });
    // The region of the state is not known here.
    this.arn = `arn:${Aws.PARTITION}:dynamodb:*:${Aws.ACCOUNT_ID}:table/${name}`;
  }

  /**
   * Lets roles lock one state, and keeps them from the items of all others. It is a managed policy, because IAM limits
   * the size of all inline policies together.
   */
  grantLocking({ policyName, stateAddress, roles }: LockTableGrant): void {
    const items = [stateAddress, `${stateAddress}-md5`];
    const resources = [this.arn];
    const statements = [
      new PolicyStatement({
        sid: 'LockInTable',
        actions: ['DeleteItem', 'GetItem', 'PutItem'].map(inDynamo),
        resources,
        conditions: { 'ForAllValues:StringEquals': { 'dynamodb:LeadingKeys': items } },
      }),
      new PolicyStatement({
        sid: 'KeepOtherLocks',
        effect: Effect.DENY,
        actions: ['DeleteItem', 'GetItem', 'PutItem', 'Query', 'UpdateItem'].map(inDynamo),
        resources,
        conditions: { 'ForAnyValue:StringNotEquals': { 'dynamodb:LeadingKeys': items } },
      }),
      new PolicyStatement({
        sid: 'NoWholeTable',
        effect: Effect.DENY,
        actions: [
          ...['BatchGetItem', 'BatchWriteItem', 'Scan'],
          ...['PartiQLDelete', 'PartiQLInsert', 'PartiQLSelect', 'PartiQLUpdate'],
        ].map(inDynamo),
        resources,
      }),
    ];
    const policy = new CfnManagedPolicy(this.scope, 'LockTablePolicy', {
      managedPolicyName: policyName,
      description: 'Stagegate: the lock of one environment in a table',
      policyDocument: new PolicyDocument({ statements }),
      roles: roles.map(({ ref }) => ref),
    });
    policy.cfnOptions.condition = this.isGiven;
    acknowledge(
      policy,
      'AwsSolutions-IAM5[Resource::arn:<AWS::Partition>:dynamodb:*:<AWS::AccountId>:table/<LockTable>]',
      "the state's region is not known here; the name of the table and the keys of its items are",
    );
  }
}

const inDynamo = (action: string): string => `dynamodb:${action}`;
