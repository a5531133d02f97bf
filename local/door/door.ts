import { randomUUID } from 'node:crypto';
import * as z from 'zod';
import type { LocalEvent } from '../services/local-context.ts';
import { createAuthorization, describeCaller } from './authorization.ts';
import { type CallLog, createCallLog } from './call-log.ts';
import { type CredentialStore, createCredentialStore, type KeyGuard } from './credential-store.ts';
import { ConnectionCut, createFaults, type Faults } from './faults.ts';
import { createPolicyRegistry, type PolicyRegistry } from './iam/policy-registry.ts';
import {
  AwsError,
  type AwsService,
  type Caller,
  type Door,
  type RequiredPermission,
  type WireRequest,
} from './wire.ts';

/** Long enough for one set of credentials to last through any run of the local cloud. */
const DEFAULT_CREDENTIALS_TTL_SECONDS = 30 * 24 * 3600;

/** Keys of the person who runs the local cloud; tools and tests use them to call as administrator. */
export const OPERATOR_CREDENTIALS = {
  accessKeyId: 'AKIALOCALOPERATOR000',
  secretAccessKey: 'stagegateLocalOperatorSecretAccessKey000',
} as const;

/** A handler of plain HTTP paths of the door. */
type DoorRoute = Parameters<Door['route']>[1];

/** A call whose caller is known. */
interface IdentifiedCall {
  readonly caller: Caller;
  readonly service: AwsService;
  readonly operation: string;
  readonly input: unknown;
  readonly region: string;
  readonly requestId: string;
  readonly request?: WireRequest;
}

/** The door with the parts that only the local cloud itself and its tests use. */
export interface LocalDoor extends Door {
  readonly policies: PolicyRegistry;
  readonly credentials: CredentialStore;
  readonly faults: Faults;
  readonly calls: CallLog;
  register(service: AwsService): void;
  findService(signingName: string): AwsService | undefined;
  services(): readonly AwsService[];
  findRoute(path: string): DoorRoute | undefined;
  guardCredentials(accessKeyId: string, guard: KeyGuard): void;
  /**
   * Authorises, records and performs one call that came over HTTP or from inside the process. Throws AwsError, or
   * ConnectionCut where a fault says so.
   */
  perform(call: IdentifiedCall): Promise<unknown>;
}

interface DoorProps {
  readonly accountId: string;
  readonly region: string;
  readonly log: (event: LocalEvent) => void;
}

/** Makes the one door of the local cloud; the services are registered afterwards. */
export function createDoor({ accountId, region, log }: DoorProps): LocalDoor {
  const services = new Map<string, AwsService>();
  const routes = new Map<string, DoorRoute>();
  const policies = createPolicyRegistry();
  const authorization = createAuthorization(policies);
  const credentials = createCredentialStore();
  const faults = createFaults();
  const calls = createCallLog();
  credentials.addFixed(OPERATOR_CREDENTIALS, {
    kind: 'operator',
    arn: `arn:aws:iam::${accountId}:user/operator`,
    accountId,
  });

  const check = (caller: Caller, permission: RequiredPermission, requestRegion = region): void => {
    try {
      authorization.authorize(caller, permission, requestRegion);
    } catch (error) {
      if (error instanceof AwsError) log({ source: 'iam', message: 'denied', fields: { reason: error.message } });
      throw error;
    }
  };

  /** Records a check that is no call of its own. */
  const recorded = (permission: RequiredPermission, caller: Caller, ask: () => void): void => {
    const record = (outcome: string, message?: string): void =>
      calls.record({
        at: new Date(),
        requestId: randomUUID(),
        caller: describeCaller(caller),
        service: permission.action.split(':')[0] ?? permission.action,
        operation: 'authorize',
        permissions: [permission],
        outcome,
        message,
        durationMs: 0,
      });
    try {
      ask();
      record('ok');
    } catch (error) {
      if (error instanceof AwsError) record(error.code, error.message);
      throw error;
    }
  };

  const door: LocalDoor = {
    policies,
    credentials,
    faults,
    calls,
    register(service) {
      if (services.has(service.signingName)) throw new Error(`service ${service.signingName} is registered twice`);
      services.set(service.signingName, service);
    },
    findService: (signingName) => services.get(signingName),
    services: () => [...services.values()],
    route(pathPrefix, handler) {
      if (routes.has(pathPrefix)) throw new Error(`path ${pathPrefix} of the door is taken`);
      routes.set(pathPrefix, handler);
    },
    findRoute(path) {
      const prefixes = [...routes.keys()].filter((prefix) => path.startsWith(prefix));
      const longest = prefixes.sort((a, b) => b.length - a.length)[0];
      return longest === undefined ? undefined : routes.get(longest);
    },
    async call(caller, signingName, operation, input) {
      const service = services.get(signingName);
      if (!service)
        throw new Error(`calling ${signingName}:${operation}: the local cloud has no service ${signingName}`);
      try {
        return await door.perform({ caller, service, operation, input, region, requestId: randomUUID() });
      } catch (error) {
        if (!(error instanceof ConnectionCut)) throw error;
        // The SDKs of AWS's own services report a broken connection under this name.
        throw new AwsError('SdkClientException', `Unable to execute HTTP request: ${error.message}`, 500);
      }
    },
    async perform({ caller, service, operation: name, input, region: requestRegion, requestId, request }) {
      const { signingName } = service;
      const at = new Date();
      const started = performance.now();
      const demanded: RequiredPermission[] = [];
      const record = (outcome: string, message?: string): void =>
        calls.record({
          at,
          requestId,
          caller: describeCaller(caller),
          service: signingName,
          operation: name,
          permissions: demanded,
          outcome,
          message,
          durationMs: performance.now() - started,
        });
      try {
        const operation = service.operations[name];
        if (!operation) {
          log({ source: 'door', message: `${signingName}:${name} is not supported by the local cloud` });
          throw new AwsError('UnknownOperationException', `${signingName}:${name} is not supported by the local cloud`);
        }
        const call = { caller, service: signingName, operation: name, input };
        await faults.apply(call);
        const context = { caller, requestId, region: requestRegion, request };
        for (const permission of operation.permissions(input, context)) {
          demanded.push(permission);
          check(caller, permission, requestRegion);
        }
        const output = await operation.perform(input, context);
        await faults.apply(call, { output });
        record('ok');
        return output;
      } catch (error) {
        if (error instanceof ConnectionCut) {
          record(error.name, error.message);
          throw error;
        }
        const failure = asAwsError(error, service);
        if (failure.status >= 500) {
          log({ source: signingName, message: `${name} crashed`, fields: { error: describeError(error) } });
        }
        record(failure.code, failure.message);
        throw failure;
      }
    },
    authorize: (caller, permission) => recorded(permission, caller, () => check(caller, permission)),
    allows(caller, permission) {
      try {
        recorded(permission, caller, () => authorization.authorize(caller, permission, region));
        return true;
      } catch (error) {
        if (error instanceof AwsError) return false;
        throw error;
      }
    },
    authorizeAssumeRole(caller, roleArn, context) {
      try {
        authorization.authorizeAssumeRole(caller, roleArn, context, region);
      } catch (error) {
        if (error instanceof AwsError) log({ source: 'iam', message: 'denied', fields: { reason: error.message } });
        throw error;
      }
    },
    issueCredentials: (caller, ttlSeconds = DEFAULT_CREDENTIALS_TTL_SECONDS) => credentials.issue(caller, ttlSeconds),
    revokeCredentials: (accessKeyId) => credentials.revoke(accessKeyId),
    guardCredentials: (accessKeyId, guard) => credentials.guard(accessKeyId, guard),
    setResourcePolicy: (resourceArn, policy) => policies.setResourcePolicy(resourceArn, policy),
  };
  return door;
}

const describeError = (error: unknown): string =>
  error instanceof Error ? (error.stack ?? error.message) : String(error);

/** Turns every failure into an AwsError. A refusal gets the error code of the called service. */
function asAwsError(error: unknown, service: AwsService): AwsError {
  if (error instanceof AwsError) {
    if (error.code !== 'AccessDeniedException' || !service.accessDenied) return error;
    return new AwsError(service.accessDenied.code, error.message, service.accessDenied.status, error.fields);
  }
  if (error instanceof z.ZodError) return new AwsError('ValidationException', z.prettifyError(error));
  return new AwsError('InternalFailure', error instanceof Error ? error.message : String(error), 500);
}
