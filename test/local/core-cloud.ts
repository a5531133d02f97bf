import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buildSync } from 'esbuild';
import { type DeployedStack, deployTemplate } from '../../local/assembly/deploy-template.ts';
import { parseTemplate } from '../../local/assembly/template.ts';
import { roleSession } from '../../local/door/callers.ts';
import { createDoor, type LocalDoor, OPERATOR_CREDENTIALS } from '../../local/door/door.ts';
import { startDoorServer } from '../../local/door/door-server.ts';
import type { LocalRoutes } from '../../local/door/local-route.ts';
import type { AwsService, Caller, Credentials } from '../../local/door/wire.ts';
import { openDatabase } from '../../local/persistence/database.ts';
import { createApiGatewayService } from '../../local/services/api-gateway/api-gateway-service.ts';
import { type CloudWatchService, createCloudWatchService } from '../../local/services/cloudwatch/cloudwatch-service.ts';
import type { MetricValue } from '../../local/services/cloudwatch/embedded-metrics.ts';
import { createDynamoDbService } from '../../local/services/dynamodb/dynamodb-service.ts';
import { createIamService } from '../../local/services/iam/iam-service.ts';
import { createKmsService } from '../../local/services/kms/kms-service.ts';
import { createLambdaService, type LambdaService } from '../../local/services/lambda/lambda-service.ts';
import type { LocalContext, LocalEvent } from '../../local/services/local-context.ts';
import { createLogsService, type LogsService } from '../../local/services/logs/logs-service.ts';
import { sharedDynamoDbPort } from '../harness/dynamodb-local.ts';

export const ACCOUNT = '000000000000';
const REGION = 'eu-west-1';

/** The core services of the local cloud, with the resources of a small template. */
export interface CoreCloud {
  readonly door: LocalDoor;
  readonly lambda: LambdaService;
  readonly logs: LogsService;
  readonly cloudwatch: CloudWatchService;
  readonly stack: DeployedStack;
  /** URL of the HTTP API. */
  readonly url: string;
  /** Settings with which an SDK client calls as the operator. */
  readonly operator: {
    endpoint: string;
    region: string;
    credentials: typeof OPERATOR_CREDENTIALS;
    maxAttempts: number;
  };
  /** Returns the same settings for a role that has only these statements. */
  clientOf(
    statements: readonly unknown[],
  ): Promise<{ endpoint: string; region: string; credentials: Credentials; maxAttempts: number }>;
  callerOf(statements: readonly unknown[]): Caller;
  /** Invokes a function as the operator. */
  invoke(
    functionName: string,
    event?: unknown,
    type?: 'RequestResponse' | 'Event',
  ): Promise<{ error: string | undefined; payload: unknown }>;
  readonly events: readonly LocalEvent[];
  readonly violations: readonly string[];
  stop(): Promise<void>;
}

interface CoreCloudProps {
  readonly resources: Readonly<Record<string, unknown>>;
  /** Source texts of function bundles by asset name. They are bundled with esbuild, so that they can import the SDK. */
  readonly handlers?: Readonly<Record<string, string>>;
  readonly localRoutes?: LocalRoutes;
  readonly extraServices?: readonly AwsService[];
  readonly gauges?: () => readonly MetricValue[];
  /** A directory for the database that two clouds can use one after the other, to show what is kept. */
  readonly dataDirectory?: string;
}

let sequence = 0;

/** Deploys a template of `resources` to the core services. */
export async function openCoreCloud(props: CoreCloudProps): Promise<CoreCloud> {
  const filesDirectory = mkdtempSync(join(tmpdir(), 'stagegate-test-'));
  const events: LocalEvent[] = [];
  const violations: string[] = [];
  const log = (event: LocalEvent): void => void events.push(event);
  const door = createDoor({ accountId: ACCOUNT, region: REGION, log });
  const server = await startDoorServer(door, log);
  const database = openDatabase(props.dataDirectory);
  for (const [name, source] of Object.entries(props.handlers ?? {})) {
    mkdirSync(join(filesDirectory, name));
    bundleHandler(join(filesDirectory, name), source);
  }
  const context: LocalContext = {
    door,
    database,
    accountId: ACCOUNT,
    region: REGION,
    endpoint: () => server.url,
    assemblyDirectory: filesDirectory,
    filesDirectory,
    findAsset: ({ key }) => ({ path: join(filesDirectory, key), packaging: 'zip' }),
    log,
  };
  const logs = createLogsService(context);
  const kms = createKmsService(context);
  const cloudwatch = createCloudWatchService(context, { logs, gauges: props.gauges });
  const lambda = createLambdaService(context, {
    logs,
    guardCredentials: door.guardCredentials,
    onViolation: (message) => void violations.push(message),
  });
  const gateway = createApiGatewayService(context, {
    port: 0,
    credentials: door.credentials,
    logs,
    localRoutes: () => props.localRoutes ?? {},
  });
  const dynamodb = createDynamoDbService(
    context,
    { dataDirectory: props.dataDirectory && join(props.dataDirectory, 'dynamodb'), runningAt: sharedDynamoDbPort() },
    kms.resolveKeyArn,
  );
  const url = await gateway.listen();
  const services = [createIamService(context, door.policies), logs, kms, cloudwatch, dynamodb, lambda, gateway];
  for (const { service } of services) if (service) door.register(service);
  for (const service of props.extraServices ?? []) door.register(service);
  const stop = async (): Promise<void> => {
    for (const service of services) await service.stop?.();
    await server.close();
    database.close();
    rmSync(filesDirectory, { recursive: true, force: true });
  };
  try {
    const stack = await deployTemplate({
      template: parseTemplate({ Resources: props.resources }, 'test.template.json'),
      stackName: 'Test',
      accountId: ACCOUNT,
      region: REGION,
      provisioners: Object.assign({}, ...services.map(({ provisioners }) => provisioners)),
    });
    for (const service of services) await service.start?.();
    const callerOf = (statements: readonly unknown[]): Caller => {
      sequence += 1;
      const roleArn = `arn:aws:iam::${ACCOUNT}:role/test-${sequence}`;
      door.policies.putRole(roleArn, { Statement: { Effect: 'Allow', Principal: '*', Action: 'sts:AssumeRole' } });
      door.policies.putRolePolicy(roleArn, 'own', { Statement: statements });
      return roleSession(roleArn, 'test');
    };
    const client = { endpoint: server.url, region: REGION, maxAttempts: 1 };
    return {
      door,
      lambda,
      logs,
      cloudwatch,
      stack,
      url,
      events,
      violations,
      stop,
      callerOf,
      operator: { ...client, credentials: OPERATOR_CREDENTIALS },
      clientOf: async (statements) => ({ ...client, credentials: door.issueCredentials(callerOf(statements)) }),
      async invoke(FunctionName, event = {}, InvocationType = 'RequestResponse') {
        const { caller } = door.credentials.identify(OPERATOR_CREDENTIALS.accessKeyId, undefined, new Date());
        const input = { FunctionName, InvocationType, Payload: JSON.stringify(event) };
        const output = (await door.call(caller, 'lambda', 'Invoke', input)) as {
          FunctionError?: string;
          Payload: string;
        };
        return { error: output.FunctionError, payload: output.Payload === '' ? undefined : JSON.parse(output.Payload) };
      },
    };
  } catch (error) {
    await stop();
    throw error;
  }
}

/** Bundles the source of a handler into `<directory>/index.mjs`. */
export function bundleHandler(directory: string, source: string): void {
  const { outputFiles } = buildSync({
    stdin: { contents: source, resolveDir: import.meta.dirname, loader: 'ts' },
    bundle: true,
    write: false,
    platform: 'node',
    format: 'esm',
    target: 'node24',
    mainFields: ['module', 'main'],
  });
  writeFileSync(join(directory, 'index.mjs'), outputFiles[0]?.contents ?? '');
}

/** Makes a role for functions, with the statements of its inline policy. */
export const functionRole = (...statements: readonly unknown[]): unknown => ({
  Type: 'AWS::IAM::Role',
  Properties: {
    AssumeRolePolicyDocument: {
      Version: '2012-10-17',
      Statement: [{ Effect: 'Allow', Principal: { Service: 'lambda.amazonaws.com' }, Action: 'sts:AssumeRole' }],
    },
    ManagedPolicyArns: ['arn:aws:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole'],
    Policies:
      statements.length > 0
        ? [{ PolicyName: 'own', PolicyDocument: { Version: '2012-10-17', Statement: statements } }]
        : [],
  },
});

/** Makes a function; its bundle is the handler with the same name. */
export const lambdaFunction = (
  handler: string,
  properties: Readonly<Record<string, unknown>> = {},
  role = 'Role',
): unknown => ({
  Type: 'AWS::Lambda::Function',
  Properties: {
    FunctionName: handler,
    Code: { S3Bucket: 'assets', S3Key: handler },
    Handler: 'index.handler',
    Runtime: 'nodejs24.x',
    Role: { 'Fn::GetAtt': [role, 'Arn'] },
    // Far longer than any function takes on a busy machine; the suite would time out earlier.
    Timeout: 600,
    MemorySize: 128,
    ...properties,
  },
});
