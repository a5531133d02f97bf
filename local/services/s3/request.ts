import * as z from 'zod';
import { AwsError, type WireRequest } from '../../door/wire.ts';

/** Input of every S3 operation: the parts of the REST request. Calls inside the process pass the same input. */
export const S3InputSchema = z.object({
  bucket: z.string().default(''),
  key: z.string().default(''),
  query: z.record(z.string(), z.string()).default({}),
  headers: z.record(z.string(), z.string()).default({}),
  body: z.instanceof(Buffer).default(() => Buffer.alloc(0)),
});
export type S3Input = z.infer<typeof S3InputSchema>;

/**
 * Operations by method, level and sub-resource. A query parameter names the sub-resource; `copy` is named by a header.
 */
const routes: Readonly<Record<string, string>> = {
  'GET service': 'ListBuckets',
  'HEAD bucket': 'HeadBucket',
  'PUT bucket': 'CreateBucket',
  'DELETE bucket': 'DeleteBucket',
  'GET bucket list-type': 'ListObjectsV2',
  'GET bucket versions': 'ListObjectVersions',
  'GET bucket location': 'GetBucketLocation',
  'GET bucket versioning': 'GetBucketVersioning',
  'GET bucket encryption': 'GetBucketEncryption',
  'POST bucket delete': 'DeleteObjects',
  'HEAD object': 'HeadObject',
  'GET object': 'GetObject',
  'PUT object': 'PutObject',
  'PUT object copy': 'CopyObject',
  'DELETE object': 'DeleteObject',
  'POST object uploads': 'CreateMultipartUpload',
  'PUT object uploadId': 'UploadPart',
  'POST object uploadId': 'CompleteMultipartUpload',
  'DELETE object uploadId': 'AbortMultipartUpload',
  'GET object uploadId': 'ListParts',
};
const subresources = ['list-type', 'versions', 'location', 'versioning', 'encryption', 'delete', 'uploads', 'uploadId'];

const modifiers = new Set([
  ...['x-id', 'versionId', 'partNumber', 'prefix', 'delimiter', 'continuation-token', 'start-after', 'max-keys'],
  ...['encoding-type', 'fetch-owner', 'key-marker', 'max-parts', 'part-number-marker'],
]);

const understoodHeaders = new Set([
  ...['x-amz-content-sha256', 'x-amz-date', 'x-amz-security-token', 'x-amz-user-agent', 'x-amz-expected-bucket-owner'],
  ...['x-amz-decoded-content-length', 'x-amz-trailer', 'x-amz-sdk-checksum-algorithm', 'x-amz-checksum-algorithm'],
  ...['x-amz-checksum-mode', 'x-amz-checksum-type', 'x-amz-mp-object-size', 'x-amz-server-side-encryption'],
  ...['x-amz-server-side-encryption-aws-kms-key-id', 'x-amz-server-side-encryption-bucket-key-enabled'],
  ...['x-amz-copy-source', 'x-amz-metadata-directive'],
]);
const understoodPrefixes = ['x-amz-meta-', 'x-amz-checksum-'];

/** Headers for which only the listed values are accepted: they ask for what the local S3 does anyway. */
const onlyValues: Readonly<Record<string, readonly string[]>> = {
  'x-amz-acl': ['private', 'bucket-owner-full-control'],
  'x-amz-storage-class': ['STANDARD'],
};

/** Conditions that S3 supports and the local S3 does not: it supports only conditions on the ETag. */
const unsupportedConditions = new Set(['if-modified-since', 'if-unmodified-since']);

const unsupported = (what: string) => new AwsError('NotImplemented', `The local S3 does not implement ${what}.`, 501);

function requireUnderstood(request: WireRequest): void {
  for (const name of request.query.keys()) {
    if (!modifiers.has(name) && !subresources.includes(name)) throw unsupported(`the query parameter "${name}"`);
  }
  for (const [name, value] of Object.entries(request.headers)) {
    if (unsupportedConditions.has(name)) throw unsupported(`the header "${name}: ${value}"`);
    if (!name.startsWith('x-amz-') || understoodHeaders.has(name)) continue;
    if (understoodPrefixes.some((prefix) => name.startsWith(prefix)) || onlyValues[name]?.includes(value)) continue;
    throw unsupported(`the header "${name}: ${value}"`);
  }
}

/**
 * Finds the operation of a path-style REST request. Throws an error that names any part that the local S3 does not
 * know.
 */
export function decodeRequest(request: WireRequest): { operation: string; input: S3Input } {
  requireUnderstood(request);
  const [, bucket = '', ...keyParts] = request.path.split('/');
  const key = decodeURIComponent(keyParts.join('/'));
  const level = bucket === '' ? 'service' : key === '' ? 'bucket' : 'object';
  const named = subresources.filter((name) => request.query.has(name));
  if (level === 'object' && request.headers['x-amz-copy-source'] !== undefined) named.push('copy');
  const route = [request.method, level, ...named].join(' ');
  const operation = routes[route];
  if (!operation) throw unsupported(`"${route}"`);
  const query = Object.fromEntries(request.query);
  return {
    operation,
    input: { bucket: decodeURIComponent(bucket), key, query, headers: { ...request.headers }, body: request.body },
  };
}
