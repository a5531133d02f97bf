import { join } from 'node:path';
import * as z from 'zod';
import { parseProperties } from '../../assembly/properties.ts';
import { roleSession, serviceCaller } from '../../door/callers.ts';
import type { KeyGuard } from '../../door/credential-store.ts';
import { AwsError, type CallContext } from '../../door/wire.ts';
import type { LocalContext } from '../local-context.ts';
import type { LocalService } from '../local-service.ts';
import type { LogsService } from '../logs/logs-service.ts';
import {
  createAsyncInvocations,
  DEFAULT_EVENT_INVOKE_CONFIG,
  type EventInvokeConfig,
  requireFailureTarget,
} from './async-invocations.ts';
import { EventInvokeConfigProperties, FunctionProperties, PermissionProperties } from './function-properties.ts';
import { lambdaProtocol } from './lambda-protocol.ts';
import { createLocalFunction, type LocalFunction, MAX_PAYLOAD_BYTES } from './local-function.ts';

export interface LambdaService extends LocalService {
  /**
   * Loads functions before their first invocation, one after another. By default those that no route calls: a deployment
   * invokes a dozen of them in a row, and would wait for each.
   */
  warm(functionNames?: readonly string[]): Promise<void>;
  functionNames(): readonly string[];
  /** How many events functions are still owed, or are at work on. */
  pendingEvents(): number;
}

interface LambdaServiceProps {
  readonly logs: LogsService;
  /** `address:port` of the name server that functions resolve names with; without it, that of the machine. */
  readonly nameServer?: () => string;
  readonly guardCredentials: (accessKeyId: string, guard: KeyGuard) => void;
  /** Told when a function signs a call outside of its invocations: on AWS it would be frozen and the call lost. */
  readonly onViolation: (message: string) => void;
}

/** `Payload` is JSON text; a caller inside the process may leave it out for `{}`. */
const InvokeInput = z.object({
  FunctionName: z.string(),
  InvocationType: z.enum(['RequestResponse', 'Event', 'DryRun']).default('RequestResponse'),
  Qualifier: z.literal('$LATEST').optional(),
  Payload: z
    .union([z.string(), z.instanceof(Uint8Array).transform((bytes) => Buffer.from(bytes).toString('utf8'))])
    .optional()
    .transform((payload) => payload || '{}'),
});

const MAX_EVENT_BYTES = 1_048_576;

/** Lambda: the functions of the template, each run from its own bundle in worker threads. */
export function createLambdaService(context: LocalContext, props: LambdaServiceProps): LambdaService {
  const { accountId, region, door } = context;
  const functions = new Map<string, LocalFunction>();
  const permissions = new Map<string, PermissionStatement[]>();
  let isStopped = false;
  const eventConfigs = new Map<string, EventInvokeConfig>();
  const asyncInvocations = createAsyncInvocations({
    context,
    findFunction: (name) => functions.get(name),
    configOf: (name) => eventConfigs.get(name) ?? DEFAULT_EVENT_INVOKE_CONFIG,
  });

  const arnOf = (functionName: string): string => `arn:aws:lambda:${region}:${accountId}:function:${functionName}`;
  const nameOf = (nameOrArn: string): string =>
    nameOrArn.replace(/^arn:aws:lambda:[^:]*:\d*:function:/, '').replace(/:\$LATEST$/, '');
  const requireFunction = (nameOrArn: string): LocalFunction => {
    const found = functions.get(nameOf(nameOrArn));
    if (!found) throw new AwsError('ResourceNotFoundException', `Function not found: ${arnOf(nameOf(nameOrArn))}`, 404);
    return found;
  };

  const invoke = async (input: unknown, { requestId }: CallContext): Promise<unknown> => {
    const { FunctionName, InvocationType, Payload } = InvokeInput.parse(input);
    const target = requireFunction(FunctionName);
    const limit = InvocationType === 'Event' ? MAX_EVENT_BYTES : MAX_PAYLOAD_BYTES;
    if (Buffer.byteLength(Payload) > limit) {
      throw new AwsError(
        'RequestTooLargeException',
        `Request must be smaller than ${limit} bytes for the Invoke operation`,
        413,
      );
    }
    requireJson(Payload);
    if (InvocationType === 'DryRun') return { StatusCode: 204, ExecutedVersion: '$LATEST', Payload: '' };
    if (InvocationType === 'Event') {
      asyncInvocations.accept(requestId, target.name, Payload);
      return { StatusCode: 202, ExecutedVersion: '$LATEST', Payload: '' };
    }
    const outcome = await target.invoke(requestId, Payload);
    // Lambda does not tell the duration; the gateway of the local cloud needs it, and nothing else gets it.
    const answer = { StatusCode: 200, ExecutedVersion: '$LATEST', durationMs: outcome.durationMs };
    return outcome.ok
      ? { ...answer, Payload: outcome.payload }
      : {
          ...answer,
          FunctionError: 'Unhandled',
          Payload: JSON.stringify(outcome.error),
        };
  };

  const hasNoRoute = ({ arn }: LocalFunction): boolean =>
    !permissions
      .get(arn)
      ?.some(({ Principal }) => 'Service' in Principal && Principal.Service === 'apigateway.amazonaws.com');

  const writeLog = (functionName: string, logGroup: string, stream: string, text: string): void => {
    for (const line of text.split('\n')) if (line.trim() !== '') props.logs.write(logGroup, stream, line);
    if (/^Error|"level":"ERROR"/m.test(text))
      context.log({ source: functionName, message: 'logged an error', fields: { text } });
  };

  return {
    service: {
      signingName: 'lambda',
      protocol: lambdaProtocol,
      accessDenied: { code: 'AccessDeniedException', status: 403 },
      operations: {
        Invoke: {
          permissions: (input) => [
            { action: 'lambda:InvokeFunction', resources: [arnOf(nameOf(InvokeInput.parse(input).FunctionName))] },
          ],
          perform: invoke,
        },
      },
    },
    provisioners: {
      'AWS::Lambda::Function'(resource) {
        const properties = parseProperties(resource, FunctionProperties);
        const name = properties.FunctionName ?? resource.generatedName;
        const arn = arnOf(name);
        if (properties.DeadLetterConfig) requireFailureTarget(properties.DeadLetterConfig.TargetArn);
        door.authorizeAssumeRole(serviceCaller('lambda.amazonaws.com', arn, accountId), properties.Role);
        const asset = context.findAsset({ bucket: properties.Code.S3Bucket, key: properties.Code.S3Key });
        if (asset.packaging !== 'zip') throw new Error(`code asset ${asset.path} is no directory`);
        const caller = roleSession(properties.Role, name);
        functions.set(
          name,
          createLocalFunction({
            name,
            arn,
            properties,
            codeDirectory: asset.path,
            caller,
            region,
            compileCache: join(context.assemblyDirectory, '.compile-cache'),
            nameServer: props.nameServer,
            endpoint: context.endpoint,
            issueCredentials(isActive) {
              const credentials = door.issueCredentials(caller);
              props.guardCredentials(credentials.accessKeyId, () => {
                if (isActive()) return;
                const message = `function ${name} made an AWS call outside of its invocations: AWS would have frozen it (is a promise not awaited?)`;
                props.onViolation(message);
                throw new AwsError('CallOutsideInvocation', message);
              });
              return credentials;
            },
            revokeCredentials: (accessKeyId) => door.revokeCredentials(accessKeyId),
            onLog: (logGroup, stream, text) => writeLog(name, logGroup, stream, text),
          }),
        );
        return { ref: name, attributes: { Arn: arn } };
      },
      'AWS::Lambda::Permission'(resource) {
        const permission = parseProperties(resource, PermissionProperties);
        const target = requireFunction(permission.FunctionName);
        const statements = permissions.get(target.arn) ?? [];
        statements.push(permissionStatement(permission, target.arn));
        permissions.set(target.arn, statements);
        door.setResourcePolicy(target.arn, { Version: '2012-10-17', Statement: statements });
        return { ref: resource.generatedName, attributes: {} };
      },
      'AWS::Lambda::EventInvokeConfig'(resource) {
        const config = parseProperties(resource, EventInvokeConfigProperties);
        const target = requireFunction(config.FunctionName);
        const onFailureArn = config.DestinationConfig?.OnFailure?.Destination;
        if (onFailureArn !== undefined) requireFailureTarget(onFailureArn);
        eventConfigs.set(target.name, {
          maximumRetryAttempts: config.MaximumRetryAttempts ?? DEFAULT_EVENT_INVOKE_CONFIG.maximumRetryAttempts,
          maximumEventAgeSeconds: config.MaximumEventAgeInSeconds ?? DEFAULT_EVENT_INVOKE_CONFIG.maximumEventAgeSeconds,
          onFailureArn,
        });
        return { ref: resource.generatedName, attributes: {} };
      },
    },
    functionNames: () => [...functions.keys()],
    pendingEvents: () => asyncInvocations.pending(),
    async warm(functionNames = [...functions.values()].filter(hasNoRoute).map(({ name }) => name)) {
      for (const name of functionNames) if (!isStopped) await requireFunction(name).warm();
    },
    start() {
      for (const target of functions.values()) {
        const logStreams = `arn:aws:logs:${region}:${accountId}:log-group:${target.logGroup}:log-stream:any`;
        for (const action of ['logs:CreateLogStream', 'logs:PutLogEvents']) {
          try {
            door.authorize(target.caller, { action, resources: [logStreams] });
          } catch {
            // AWS runs such a function all the same, without a single line of log: worth a word here.
            context.log({ source: target.name, message: `its role lacks ${action}: on AWS it would run without logs` });
          }
        }
      }
      asyncInvocations.resume();
    },
    async stop() {
      isStopped = true;
      asyncInvocations.stop();
      await Promise.all([...functions.values()].map((target) => target.stop()));
    },
  };
}

interface PermissionStatement {
  readonly Effect: 'Allow';
  readonly Principal: { readonly Service: string } | { readonly AWS: string };
  readonly Action: string;
  readonly Resource: string;
  readonly Condition: object;
}

function permissionStatement(
  permission: z.infer<typeof PermissionProperties>,
  functionArn: string,
): PermissionStatement {
  const { Action, Principal, SourceArn, SourceAccount } = permission;
  return {
    Effect: 'Allow',
    Principal: Principal.endsWith('.amazonaws.com') ? { Service: Principal } : { AWS: Principal },
    Action,
    Resource: functionArn,
    Condition: {
      ...(SourceArn ? { ArnLike: { 'aws:SourceArn': SourceArn } } : {}),
      ...(SourceAccount ? { StringEquals: { 'aws:SourceAccount': SourceAccount } } : {}),
    },
  };
}

function requireJson(payload: string): void {
  try {
    JSON.parse(payload);
  } catch {
    throw new AwsError(
      'InvalidRequestContentException',
      'Could not parse request body into json: the payload is not JSON',
    );
  }
}
