import { randomUUID } from 'node:crypto';
import type { LocalEvent } from '../services/local-context.ts';
import type { LocalDoor } from './door.ts';
import { ConnectionCut } from './faults.ts';
import { closeServer, createWireServer, listenOnLoopback } from './http-server.ts';
import { readSignature, type SignedScope, verifySignature } from './signature.ts';
import { AwsError, type AwsService, type Caller, type WireRequest, type WireResponse } from './wire.ts';

export interface DoorServer {
  /** `http://127.0.0.1:<port>`: the endpoint of every service. */
  readonly url: string;
  close(): Promise<void>;
}

/** Serves the door over HTTP; the credential scope of the signature names the service. */
export async function startDoorServer(door: LocalDoor, log: (event: LocalEvent) => void): Promise<DoorServer> {
  const server = createWireServer((request) => respond(door, request, log));
  const port = await listenOnLoopback(server, 0);
  return { url: `http://127.0.0.1:${port}`, close: () => closeServer(server) };
}

async function respond(door: LocalDoor, request: WireRequest, log: (event: LocalEvent) => void): Promise<WireResponse> {
  const requestId = randomUUID();
  // Pages in a browser are refused: they have no reason to call the door, and the operator's keys are public.
  if ('sec-fetch-site' in request.headers || 'origin' in request.headers) {
    return plainError(new AwsError('AccessDeniedException', 'the door serves no web pages', 403), requestId);
  }
  const found = findService(door, request);
  if ('failure' in found) {
    const route = found.scope ? undefined : door.findRoute(request.path);
    if (route) return route(request);
    log({ source: 'door', message: found.failure.message });
    return plainError(found.failure, requestId);
  }
  const { scope, service } = found;
  let operation = '';
  try {
    const decoded = service.protocol.decode(request);
    operation = decoded.operation;
    const { input } = decoded;
    const caller = identify(door, request, scope);
    const output = await door.perform({
      caller,
      service,
      operation,
      input,
      region: scope.region,
      requestId,
      request,
    });
    return service.protocol.encode(operation, output, requestId);
  } catch (error) {
    if (error instanceof AwsError) return service.protocol.encodeError(error, requestId);
    if (error instanceof ConnectionCut) {
      const { answer } = error;
      const whole = answer && service.protocol.encode(operation, answer.output, requestId);
      return { status: 200, headers: {}, body: '', ...whole, isCut: true };
    }
    log({ source: service.signingName, message: 'crashed', fields: { error: String(error) } });
    return service.protocol.encodeError(new AwsError('InternalFailure', String(error), 500), requestId);
  }
}

/**
 * Names that XML services use for the errors that JSON services call UnrecognizedClientException and
 * ExpiredTokenException.
 */
const XML_KEY_ERRORS: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  route53: { UnrecognizedClientException: 'InvalidClientTokenId', ExpiredTokenException: 'ExpiredToken' },
  s3: { UnrecognizedClientException: 'InvalidAccessKeyId', ExpiredTokenException: 'ExpiredToken' },
  sns: { UnrecognizedClientException: 'InvalidClientTokenId', ExpiredTokenException: 'ExpiredToken' },
  sts: { UnrecognizedClientException: 'InvalidClientTokenId', ExpiredTokenException: 'ExpiredToken' },
};

function identify(door: LocalDoor, request: WireRequest, scope: SignedScope): Caller {
  const now = new Date();
  try {
    const { caller, secretAccessKey } = door.credentials.identify(scope.accessKeyId, scope.sessionToken, now);
    verifySignature(request, scope, secretAccessKey, now);
    return caller;
  } catch (error) {
    const code = error instanceof AwsError ? XML_KEY_ERRORS[scope.service]?.[error.code] : undefined;
    throw code && error instanceof AwsError ? new AwsError(code, error.message, 403) : error;
  }
}

type FoundService =
  | { readonly scope: SignedScope; readonly service: AwsService }
  | { readonly scope: SignedScope | undefined; readonly failure: AwsError };

function findService(door: LocalDoor, request: WireRequest): FoundService {
  let scope: SignedScope | undefined;
  try {
    scope = readSignature(request);
  } catch (error) {
    if (error instanceof AwsError) return { scope: undefined, failure: error };
    throw error;
  }
  if (!scope) {
    const message = `${request.method} ${request.path} is not signed and is no path of the local cloud`;
    return { scope, failure: new AwsError('MissingAuthenticationTokenException', message, 403) };
  }
  const service = door.findService(scope.service);
  if (service) return { scope, service };
  const target = request.headers['x-amz-target'] ?? `${request.method} ${request.path}`;
  const message = `service ${scope.service} is not supported by the local cloud (${target})`;
  return { scope, failure: new AwsError('UnknownServiceException', message, 501) };
}

/** Returns an error for a request that belongs to no service, in JSON because most SDK clients can show it. */
function plainError(error: AwsError, requestId: string): WireResponse {
  return {
    status: error.status,
    headers: { 'content-type': 'application/x-amz-json-1.1', 'x-amzn-requestid': requestId },
    body: JSON.stringify({ __type: error.code, message: error.message }),
  };
}
