import { join } from 'node:path';
import { Duration } from 'aws-cdk-lib';
import { ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import { Architecture, Code, Function as LambdaFunction, Runtime, Tracing } from 'aws-cdk-lib/aws-lambda';
import { Queue, QueueEncryption } from 'aws-cdk-lib/aws-sqs';
import { Construct } from 'constructs';
import { nameIn } from '../../lambdas/domain/contract/installation.ts';
import type { FunctionEnvironment, FunctionName } from '../../lambdas/functions.ts';
import type { Binding } from './binding.ts';
import type { Encryption } from './encryption.ts';
import { acknowledge, LeastPrivilegeRole, type Permission } from './permissions.ts';
import { UNTRACED_FUNCTIONS } from './untraced-functions.ts';

/** One binding per variable of the function's schema. A forgotten or superfluous one is a compiler error. */
type Bindings<Name extends FunctionName> = {
  readonly [Variable in keyof FunctionEnvironment<Name>]: Binding;
};

export interface HouseFunctionProps<Name extends FunctionName> {
  readonly description: string;
  readonly bindings: Bindings<Name>;
  /** Permissions in addition to those of the bindings. */
  readonly permissions?: readonly Permission[];
  /** @default 512 MB */
  readonly memorySize?: number;
  /** @default 15 seconds, half of the time that the HTTP API waits */
  readonly timeout?: Duration;
  /** Whether events invoke the function. Events that still fail after Lambda's own retries are kept for 14 days. */
  readonly asynchronous?: boolean;
  /** Whether roles in environments' accounts trust this function. Its role then has a fixed name, known beforehand. */
  readonly trustedByEnvironments?: boolean;
  readonly installation: string;
  /** Concurrent executions that Lambda reserves for this function, and that it never exceeds. */
  readonly reservedConcurrency?: number | undefined;
  readonly encryption: Encryption;
  /** Directory with `<name>/index.mjs` for each function. */
  readonly functionsDirectory: string;
}

/** Any function of Stagegate: Node.js 24 on arm64, with its own role and its own encrypted log group. */
export class HouseFunction<Name extends FunctionName = FunctionName> extends Construct {
  readonly function: LambdaFunction;
  readonly roleArn: string;
  /** Present for functions that events invoke. */
  readonly deadLetters?: Queue;

  constructor(scope: Construct, name: Name, props: HouseFunctionProps<Name>) {
    super(scope, name);
    const { installation, encryption } = props;
    const isTraced = !UNTRACED_FUNCTIONS.has(name);
    const physicalName = nameIn(installation, name);
    const bindings: readonly (readonly [string, Binding])[] = Object.entries<Binding>(props.bindings);
    const logGroup = encryption.logGroup(this, 'Logs', `/aws/lambda/${physicalName}`);
    if (props.asynchronous) this.deadLetters = makeDeadLetterQueue(this);

    const role = new LeastPrivilegeRole(this, 'Role', {
      ...(props.trustedByEnvironments && { roleName: physicalName }),
      description: `Stagegate: function ${name}`,
      assumedBy: new ServicePrincipal('lambda.amazonaws.com'),
      permissions: [
        { actions: ['logs:CreateLogStream', 'logs:PutLogEvents'], resources: [logGroup.logGroupArn] },
        ...(isTraced ? [TRACING] : []),
        ...(this.deadLetters ? [{ actions: ['sqs:SendMessage'], resources: [this.deadLetters.queueArn] }] : []),
        ...bindings.flatMap(([, { permissions }]) => permissions),
        ...(props.permissions ?? []),
      ],
    });
    this.roleArn = role.roleArn;
    acknowledge(role, 'Serverless-LambdaStarPermissions', 'each wildcard has its own reason, which IAM5 demands');
    this.function = new LambdaFunction(this, 'Function', {
      functionName: physicalName,
      description: props.description,
      runtime: Runtime.NODEJS_24_X,
      architecture: Architecture.ARM_64,
      handler: 'index.handler',
      code: Code.fromAsset(join(props.functionsDirectory, name)),
      memorySize: props.memorySize ?? 512,
      timeout: props.timeout ?? Duration.seconds(15),
      ...(props.reservedConcurrency !== undefined && { reservedConcurrentExecutions: props.reservedConcurrency }),
      role: role.withoutPolicyUpdates(),
      logGroup,
      tracing: isTraced ? Tracing.ACTIVE : Tracing.PASS_THROUGH,
      deadLetterQueue: this.deadLetters,
      environment: Object.fromEntries(bindings.map(([variable, { value }]) => [variable, value])),
    });
    if (!isTraced)
      acknowledge(this.function, 'Serverless-LambdaTracing', 'a trace of each run would cost more than the run');
    if (!props.asynchronous)
      acknowledge(
        this.function,
        'Serverless-LambdaDLQ',
        'invoked synchronously: the API or the state machine sees the error and retries or reports it',
      );
  }
}

const TRACING: Permission = {
  actions: ['xray:PutTelemetryRecords', 'xray:PutTraceSegments'],
  resources: ['*'],
  wildcardReason: 'X-Ray has no resource-level permissions for sending traces',
};

function makeDeadLetterQueue(scope: Construct): Queue {
  const queue = new Queue(scope, 'DeadLetters', {
    encryption: QueueEncryption.SQS_MANAGED,
    enforceSSL: true,
    retentionPeriod: Duration.days(14),
  });
  for (const rule of ['AwsSolutions-SQS3', 'Serverless-SQSRedrivePolicy'])
    acknowledge(queue, rule, 'this is the dead-letter queue itself; its depth raises an alarm');
  return queue;
}
