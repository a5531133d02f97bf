import { createHash, createHmac, createSecretKey, type KeyObject, timingSafeEqual } from 'node:crypto';
import { AwsError, type WireRequest } from './wire.ts';

/** The contents of a request's signature, which names the signer and the service; not verified yet. */
export interface SignedScope {
  readonly accessKeyId: string;
  readonly date: string;
  readonly region: string;
  readonly service: string;
  readonly signedHeaders: readonly string[];
  readonly signature: string;
  readonly timestamp: string;
  readonly sessionToken: string | undefined;
  /** True for a presigned URL, which has the signature in the query. */
  readonly presigned: boolean;
  readonly expiresInSeconds: number | undefined;
}

/** Largest difference between the time of a signature and now that AWS accepts. */
const MAX_CLOCK_SKEW_MS = 15 * 60_000;

/**
 * Reads the Signature Version 4 of a request from its Authorization header or its query. Returns undefined for an
 * unsigned request.
 */
export function readSignature(request: WireRequest): SignedScope | undefined {
  const authorization = request.headers.authorization;
  if (authorization?.startsWith('AWS4-HMAC-SHA256')) {
    const parts = new Map(
      authorization
        .slice('AWS4-HMAC-SHA256'.length)
        .split(',')
        .map((part): [string, string] => {
          const [name = '', ...value] = part.trim().split('=');
          return [name, value.join('=')];
        }),
    );
    return parseScope({
      credential: parts.get('Credential'),
      signedHeaders: parts.get('SignedHeaders'),
      signature: parts.get('Signature'),
      timestamp: request.headers['x-amz-date'],
      sessionToken: request.headers['x-amz-security-token'],
      presigned: false,
      expires: undefined,
    });
  }
  const { query } = request;
  if (query.get('X-Amz-Algorithm') !== 'AWS4-HMAC-SHA256') return undefined;
  return parseScope({
    credential: query.get('X-Amz-Credential') ?? undefined,
    signedHeaders: query.get('X-Amz-SignedHeaders') ?? undefined,
    signature: query.get('X-Amz-Signature') ?? undefined,
    timestamp: query.get('X-Amz-Date') ?? undefined,
    sessionToken: query.get('X-Amz-Security-Token') ?? undefined,
    presigned: true,
    expires: query.get('X-Amz-Expires') ?? undefined,
  });
}

interface RawScope {
  readonly credential: string | undefined;
  readonly signedHeaders: string | undefined;
  readonly signature: string | undefined;
  readonly timestamp: string | undefined;
  readonly sessionToken: string | undefined;
  readonly presigned: boolean;
  readonly expires: string | undefined;
}

function parseScope(raw: RawScope): SignedScope {
  const [accessKeyId, date, region, service, terminator] = raw.credential?.split('/') ?? [];
  if (!accessKeyId || !date || !region || !service || terminator !== 'aws4_request') {
    throw new AwsError(
      'IncompleteSignature',
      `credential "${raw.credential}" is not key/date/region/service/aws4_request`,
    );
  }
  if (!raw.signedHeaders || !raw.signature || !raw.timestamp) {
    throw new AwsError('IncompleteSignature', 'the signature lacks its signed headers, its value or its date');
  }
  return {
    accessKeyId,
    date,
    region,
    service,
    signedHeaders: raw.signedHeaders.split(';'),
    signature: raw.signature,
    timestamp: raw.timestamp,
    sessionToken: raw.sessionToken,
    presigned: raw.presigned,
    expiresInSeconds: raw.expires === undefined ? undefined : Number(raw.expires),
  };
}

/** Throws unless the request was signed with `secretAccessKey` and the signature is recent enough. */
export function verifySignature(request: WireRequest, scope: SignedScope, secretAccessKey: string, now: Date): void {
  verifyTime(scope, now);
  const canonicalRequest = [
    request.method,
    canonicalPath(request.path, scope.service),
    canonicalQuery(request.query),
    ...scope.signedHeaders.map((name) => `${name}:${(request.headers[name] ?? '').trim().replace(/\s+/g, ' ')}`),
    '',
    scope.signedHeaders.join(';'),
    payloadHash(request, scope),
  ].join('\n');
  const stringToSign = [
    'AWS4-HMAC-SHA256',
    scope.timestamp,
    `${scope.date}/${scope.region}/${scope.service}/aws4_request`,
    createHash('sha256').update(canonicalRequest).digest('hex'),
  ].join('\n');
  const signingKey = deriveSigningKey(scope, secretAccessKey);
  const expected = createHmac('sha256', signingKey).update(stringToSign).digest();
  const actual = Buffer.from(scope.signature, 'hex');
  if (actual.length !== expected.length || !timingSafeEqual(actual, expected)) {
    throw new AwsError(
      'SignatureDoesNotMatch',
      'The request signature we calculated does not match the signature you provided. Check your AWS Secret Access Key and signing method.',
      403,
    );
  }
}

const MAX_CACHED_KEYS = 1_000;
const signingKeys = new Map<string, KeyObject>();

/**
 * Returns the key of one day, region and service. Deriving a key costs more than the rest of a verification, so keys
 * are cached.
 */
function deriveSigningKey({ date, region, service }: SignedScope, secretAccessKey: string): KeyObject {
  const name = [secretAccessKey, date, region, service].join('/');
  const cached = signingKeys.get(name);
  if (cached) return cached;
  const hmac = (key: string | Buffer, text: string): Buffer => createHmac('sha256', key).update(text).digest();
  const key = createSecretKey(hmac(hmac(hmac(hmac(`AWS4${secretAccessKey}`, date), region), service), 'aws4_request'));
  if (signingKeys.size >= MAX_CACHED_KEYS) signingKeys.clear();
  signingKeys.set(name, key);
  return key;
}

function verifyTime(scope: SignedScope, now: Date): void {
  const match = /^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/.exec(scope.timestamp);
  if (!match)
    throw new AwsError('IncompleteSignature', `date "${scope.timestamp}" is not in the form 20261123T100000Z`);
  const [, year, month, day, hour, minute, second] = match;
  const age = now.getTime() - Date.parse(`${year}-${month}-${day}T${hour}:${minute}:${second}Z`);
  const allowed = scope.presigned ? (scope.expiresInSeconds ?? 0) * 1000 : MAX_CLOCK_SKEW_MS;
  if (age > allowed || age < -MAX_CLOCK_SKEW_MS) {
    throw new AwsError('SignatureDoesNotMatch', `Signature expired or not yet current: ${scope.timestamp}`, 403);
  }
}

function payloadHash(request: WireRequest, scope: SignedScope): string {
  const declared = request.headers['x-amz-content-sha256'];
  if (scope.presigned) return declared ?? (scope.service === 's3' ? 'UNSIGNED-PAYLOAD' : sha256(request.body));
  // Streaming uploads declare STREAMING-…: their chunks have their own signatures or checksum.
  if (declared !== undefined && !/^[0-9a-f]{64}$/.test(declared)) return declared;
  const actual = sha256(request.body);
  if (declared !== undefined && declared !== actual) {
    throw new AwsError(
      'XAmzContentSHA256Mismatch',
      "The provided 'x-amz-content-sha256' header does not match what was computed.",
    );
  }
  return actual;
}

const sha256 = (body: Buffer): string => createHash('sha256').update(body).digest('hex');

/** Returns the path as it is signed: S3 signs the path as sent, every other service encodes it once more. */
function canonicalPath(path: string, service: string): string {
  return service === 's3' ? path : path.split('/').map(encodeRfc3986).join('/');
}

function canonicalQuery(query: URLSearchParams): string {
  return [...query]
    .filter(([name]) => name !== 'X-Amz-Signature')
    .map(([name, value]): [string, string] => [encodeRfc3986(name), encodeRfc3986(value)])
    .sort(([a, x], [b, y]) => (a < b ? -1 : a > b ? 1 : x < y ? -1 : x > y ? 1 : 0))
    .map(([name, value]) => `${name}=${value}`)
    .join('&');
}

function encodeRfc3986(text: string): string {
  return encodeURIComponent(text).replace(
    /[!'()*]/g,
    (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`,
  );
}
