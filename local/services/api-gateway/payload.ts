import { createHash } from 'node:crypto';
import * as z from 'zod';
import type { WireRequest } from '../../door/wire.ts';

/** What the gateway knows about a request and adds to a function's event. */
export interface RequestFacts {
  readonly request: WireRequest;
  readonly rawQueryString: string;
  readonly routeKey: string;
  /** The path with decoded percent-encoding, as HTTP APIs pass it to functions. */
  readonly path: string;
  readonly pathParameters: Readonly<Record<string, string>>;
  readonly accountId: string;
  readonly apiId: string;
  readonly requestId: string;
  readonly at: Date;
  readonly port: number;
  /** The caller of a route with IAM authorisation. */
  readonly iam: IamIdentity | undefined;
}

export interface IamIdentity {
  readonly accessKey: string;
  readonly accountId: string;
  readonly userArn: string;
}

/** The source address of every request, because the gateway listens only on the loopback interface. */
const SOURCE_IP = '127.0.0.1';

/** Content types whose body reaches the function as text; every other body, also that of a form, arrives as base64. */
const TEXT_CONTENT = /^(text\/.*|application\/(json|javascript|xml))\s*(;.*)?$/i;

/** Header with the principal of an unsigned request to a route for which AWS would require a signature. */
export const PRINCIPAL_HEADER = 'x-local-principal';

/** Headers that the gateway uses itself and does not pass on. */
const WITHHELD_HEADERS = new Set(['cookie', PRINCIPAL_HEADER, 'connection', 'keep-alive', 'transfer-encoding']);

/** Makes an event in payload format 2.0. */
export function createEvent(facts: RequestFacts): unknown {
  const { request, routeKey, path, iam, at } = facts;
  const cookies = (request.headers.cookie ?? '')
    .split(';')
    .map((cookie) => cookie.trim())
    .filter((cookie) => cookie !== '');
  const isText = TEXT_CONTENT.test(request.headers['content-type'] ?? '');
  const hasBody = request.body.length > 0;
  const host = request.headers.host ?? '';
  return {
    version: '2.0',
    routeKey,
    rawPath: path,
    rawQueryString: facts.rawQueryString,
    ...(cookies.length > 0 ? { cookies } : {}),
    headers: eventHeaders(facts),
    ...(request.query.size > 0 ? { queryStringParameters: joinDuplicates(request.query) } : {}),
    ...(Object.keys(facts.pathParameters).length > 0 ? { pathParameters: facts.pathParameters } : {}),
    requestContext: {
      accountId: iam?.accountId ?? 'anonymous',
      apiId: facts.apiId,
      ...(iam ? { authorizer: { iam: iamContext(iam) } } : {}),
      domainName: host,
      domainPrefix: host.split('.')[0],
      http: {
        method: request.method,
        path,
        protocol: 'HTTP/1.1',
        sourceIp: SOURCE_IP,
        userAgent: request.headers['user-agent'] ?? '',
      },
      requestId: facts.requestId,
      routeKey,
      stage: '$default',
      time: formatTime(at),
      timeEpoch: at.getTime(),
    },
    ...(hasBody ? { body: request.body.toString(isText ? 'utf8' : 'base64') } : {}),
    isBase64Encoded: hasBody && !isText,
  };
}

function eventHeaders({ request, requestId, at, port }: RequestFacts): Record<string, string> {
  const epoch = Math.floor(at.getTime() / 1000).toString(16);
  return {
    ...Object.fromEntries(Object.entries(request.headers).filter(([name]) => !WITHHELD_HEADERS.has(name))),
    'x-amzn-trace-id': `Root=1-${epoch}-${requestId.replaceAll('-', '').slice(0, 24)}`,
    'x-forwarded-for': SOURCE_IP,
    'x-forwarded-port': String(port),
    'x-forwarded-proto': 'http',
  };
}

const iamContext = ({ accessKey, accountId, userArn }: IamIdentity) => {
  const userId = userIdOf(userArn);
  return { accessKey, accountId, callerId: userId, cognitoIdentity: null, principalOrgId: null, userArn, userId };
};

/**
 * Returns `<unique id>:<session>` for a role, and the unique id for a user. IAM generates these ids; here each one is
 * derived from the name.
 */
function userIdOf(userArn: string): string {
  const [, kind = '', name = '', session] =
    /^arn:[^:]+:(?:sts|iam)::\d+:([^/]+)\/([^/]+)(?:\/(.+))?$/.exec(userArn) ?? [];
  const uniqueId = createHash('sha256').update(`${kind}/${name}`).digest('hex').slice(0, 17).toUpperCase();
  return kind === 'assumed-role' ? `AROA${uniqueId}:${session}` : `AIDA${uniqueId}`;
}

function joinDuplicates(query: URLSearchParams): Record<string, string> {
  return Object.fromEntries([...new Set(query.keys())].map((name) => [name, query.getAll(name).join(',')]));
}

/** Formats a time as `23/Nov/2026:10:03:00 +0000`. */
export function formatTime(at: Date): string {
  const [, day, month, year, time] = /^\w+, (\d+) (\w+) (\d+) ([\d:]+) GMT$/.exec(at.toUTCString()) ?? [];
  return `${day}/${month}/${year}:${time} +0000`;
}

export interface GatewayResponse {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly cookies: readonly string[];
  readonly body: Buffer;
}

const FunctionResponseSchema = z.object({
  statusCode: z.coerce.number().int().min(100).max(599),
  headers: z.record(z.string(), z.union([z.string(), z.number(), z.boolean()]).transform(String)).nullish(),
  cookies: z.array(z.string()).nullish(),
  body: z.string().nullish(),
  isBase64Encoded: z.boolean().nullish(),
});

/**
 * Reads a function's answer; returns undefined when it is malformed. An answer without statusCode is the JSON body
 * itself.
 */
export function readFunctionResponse(payload: string): GatewayResponse | undefined {
  const answer: unknown = JSON.parse(payload);
  if (typeof answer !== 'object' || answer === null || !('statusCode' in answer)) {
    return { status: 200, headers: { 'content-type': 'application/json' }, cookies: [], body: Buffer.from(payload) };
  }
  const parsed = FunctionResponseSchema.safeParse(answer);
  if (!parsed.success) return undefined;
  const { statusCode, headers, cookies, body, isBase64Encoded } = parsed.data;
  return {
    status: statusCode,
    headers: {
      'content-type': 'text/plain;charset=UTF-8',
      ...Object.fromEntries(Object.entries(headers ?? {}).map(([name, value]) => [name.toLowerCase(), value])),
    },
    cookies: cookies ?? [],
    body: Buffer.from(body ?? '', isBase64Encoded ? 'base64' : 'utf8'),
  };
}

/** Makes an answer of the gateway itself. */
export function gatewayMessage(status: number, message: string): GatewayResponse {
  return {
    status,
    headers: { 'content-type': 'application/json' },
    cookies: [],
    body: Buffer.from(JSON.stringify({ message })),
  };
}
