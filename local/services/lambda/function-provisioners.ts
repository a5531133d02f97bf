import { join } from 'node:path';
import { parseProperties } from '../../assembly/properties.ts';
import { roleSession, serviceCaller } from '../../door/callers.ts';
import type { KeyGuard } from '../../door/credential-store.ts';
import { AwsError } from '../../door/wire.ts';
import type { LocalContext } from '../local-context.ts';
import type { Provisioner } from '../local-service.ts';
import type { LogsService } from '../logs/logs-service.ts';
import { DEFAULT_EVENT_INVOKE_CONFIG, requireFailureTarget } from './async-invocations.ts';
import { EventInvokeConfigProperties, FunctionProperties, PermissionProperties } from './function-properties.ts';
import type { FunctionStore } from './function-store.ts';
import { createLocalFunction } from './local-function.ts';
import { type PermissionStatement, permissionStatement } from './permission-statement.ts';

export interface FunctionsProps {
  readonly logs: LogsService;
  /** `address:port` of the name server with which functions resolve names; by default that of the machine. */
  readonly nameServer?: () => string;
  readonly guardCredentials: (accessKeyId: string, guard: KeyGuard) => void;
  /**
   * Called when a function signs a call outside its invocations: AWS would have frozen it, and the call would be lost.
   */
  readonly onViolation: (message: string) => void;
}

/** Makes the provisioners for functions, for the permissions to invoke them, and for the handling of their events. */
export function functionProvisioners(
  context: LocalContext,
  functions: FunctionStore,
  props: FunctionsProps,
): Record<string, Provisioner> {
  const { accountId, region, door } = context;
  const writeLog = (functionName: string, logGroup: string, stream: string, text: string): void => {
    for (const line of text.split('\n')) if (line.trim() !== '') props.logs.write(logGroup, stream, line);
    if (/^Error|"level":"ERROR"/m.test(text))
      context.log({ source: functionName, message: 'logged an error', fields: { text } });
  };

  return {
    'AWS::Lambda::Function'(resource) {
      const properties = parseProperties(resource, FunctionProperties);
      const name = properties.FunctionName ?? resource.generatedName;
      const arn = functions.arnOf(name);
      if (properties.DeadLetterConfig) requireFailureTarget(properties.DeadLetterConfig.TargetArn);
      door.authorizeAssumeRole(serviceCaller('lambda.amazonaws.com', arn, accountId), properties.Role);
      const asset = context.findAsset({ bucket: properties.Code.S3Bucket, key: properties.Code.S3Key });
      if (asset.packaging !== 'zip') throw new Error(`code asset ${asset.path} is no directory`);
      const caller = roleSession(properties.Role, name);
      const target = createLocalFunction({
        name,
        arn,
        properties,
        codeDirectory: asset.path,
        caller,
        region,
        compileCache: join(context.assemblyDirectory, '.compile-cache'),
        nameServer: props.nameServer,
        endpoint: context.endpoint,
        issueCredentials(environment) {
          const credentials = door.issueCredentials({ ...caller, event: () => environment()?.event() });
          props.guardCredentials(credentials.accessKeyId, () => {
            if (environment()?.isActive() ?? true) return;
            const message = `function ${name} made an AWS call outside of its invocations: AWS would have frozen it (is a promise not awaited?)`;
            props.onViolation(message);
            throw new AwsError('CallOutsideInvocation', message);
          });
          return credentials;
        },
        revokeCredentials: (accessKeyId) => door.revokeCredentials(accessKeyId),
        onLog: (logGroup, stream, text) => writeLog(name, logGroup, stream, text),
      });
      functions.put(target);
      return { ref: name, attributes: { Arn: arn }, remove: () => functions.retire(target) };
    },
    'AWS::Lambda::Permission'(resource) {
      const permission = parseProperties(resource, PermissionProperties);
      const target = functions.require(permission.FunctionName);
      const statement = permissionStatement(permission, target.arn);
      const setPolicy = (Statement: readonly PermissionStatement[]): void =>
        door.setResourcePolicy(target.arn, { Version: '2012-10-17', Statement });
      setPolicy(functions.addStatement(target, statement));
      return {
        ref: resource.generatedName,
        attributes: {},
        remove: () => setPolicy(functions.removeStatement(target, statement)),
      };
    },
    'AWS::Lambda::EventInvokeConfig'(resource) {
      const config = parseProperties(resource, EventInvokeConfigProperties);
      const target = functions.require(config.FunctionName);
      const onFailureArn = config.DestinationConfig?.OnFailure?.Destination;
      if (onFailureArn !== undefined) requireFailureTarget(onFailureArn);
      functions.setEventConfig(target, {
        maximumRetryAttempts: config.MaximumRetryAttempts ?? DEFAULT_EVENT_INVOKE_CONFIG.maximumRetryAttempts,
        maximumEventAgeSeconds: config.MaximumEventAgeInSeconds ?? DEFAULT_EVENT_INVOKE_CONFIG.maximumEventAgeSeconds,
        onFailureArn,
      });
      return {
        ref: resource.generatedName,
        attributes: {},
        remove: () => functions.removeEventConfig(target),
      };
    },
  };
}
