import type { AwsService, CallContext, Door, Operation, RequiredPermission, WireResponse } from '../../door/wire.ts';
import { AwsError } from '../../door/wire.ts';
import { readElements, readText } from '../../door/xml-document.ts';
import { encryptionOf, isAllowed, missingObject, onBucket, onObject, requireKeyUse } from './access.ts';
import { isDeleteMarker, type ObjectStore, type ObjectVersion, type WriteCondition } from './object-store.ts';
import { readPayload } from './payload.ts';
import { type S3Input, S3InputSchema } from './request.ts';
import { renderXml } from './xml.ts';

const xmlHeaders = { 'content-type': 'application/xml' };

/** An answer with an XML document. */
export const xmlAnswer = (body: string, headers: Readonly<Record<string, string>> = {}): WireResponse => ({
  status: 200,
  headers: { ...xmlHeaders, ...headers },
  body,
});

/** An ETag as it stands in headers and documents. */
export const quoted = (etag: string) => `"${etag}"`;
const unquoted = (etag: string) => etag.replace(/^(?:W\/)?"(.*)"$/, '$1');

/** The headers of a write that are kept with the object and given back when it is read. */
export function storedHeaders(headers: Readonly<Record<string, string>>): Record<string, string> {
  const kept = ['content-type', 'content-disposition', 'content-language', 'cache-control', 'expires'];
  return Object.fromEntries(
    Object.entries(headers).filter(([name]) => kept.includes(name) || name.startsWith('x-amz-meta-')),
  );
}

/** The conditional headers of a write. */
export function conditionOf(headers: Readonly<Record<string, string>>): WriteCondition {
  const ifNoneMatch = headers['if-none-match'];
  if (ifNoneMatch !== undefined && ifNoneMatch !== '*') {
    throw new AwsError('NotImplemented', 'If-None-Match of a write must be "*".', 501);
  }
  const ifMatch = headers['if-match'];
  return {
    ...(ifNoneMatch === undefined ? {} : { mustBeAbsent: true }),
    ...(ifMatch === undefined ? {} : { mustHaveEtag: unquoted(ifMatch) }),
  };
}

/** The headers that tell how an object is encrypted. */
export function encryptionHeaders({ encryption }: Pick<ObjectVersion, 'encryption'>): Record<string, string> {
  return {
    'x-amz-server-side-encryption': encryption.algorithm,
    ...(encryption.keyArn ? { 'x-amz-server-side-encryption-aws-kms-key-id': encryption.keyArn } : {}),
  };
}

/** The header that names a version; buckets that never had versions give none. */
export const versionHeader = (isVersioned: boolean, version: ObjectVersion): Record<string, string> =>
  isVersioned ? { 'x-amz-version-id': version.versionId } : {};

const checksumHeaders = ({ checksums }: ObjectVersion): Record<string, string> =>
  Object.fromEntries(Object.entries(checksums).map(([name, value]) => [`x-amz-checksum-${name}`, value]));

const writeConditionKeys = {
  's3:x-amz-server-side-encryption': 'x-amz-server-side-encryption',
  's3:x-amz-server-side-encryption-aws-kms-key-id': 'x-amz-server-side-encryption-aws-kms-key-id',
  's3:if-none-match': 'if-none-match',
  's3:if-match': 'if-match',
} as const;

const writeContext = ({ headers }: S3Input): Record<string, string> =>
  Object.fromEntries(
    Object.entries(writeConditionKeys).flatMap(([key, header]) => {
      const value = headers[header];
      return value === undefined ? [] : [[key, value]];
    }),
  );

/** The permission to write an object. */
export const mayWrite =
  (store: ObjectStore): Operation['permissions'] =>
  (raw) => {
    const input = S3InputSchema.parse(raw);
    return [onObject(store, 's3:PutObject', input, writeContext(input))];
  };

function readPermission(store: ObjectStore, input: S3Input): RequiredPermission {
  const { versionId } = input.query;
  if (versionId === undefined) return onObject(store, 's3:GetObject', input);
  return onObject(store, 's3:GetObjectVersion', input, { 's3:VersionId': versionId });
}

function deletePermission(
  store: ObjectStore,
  object: Pick<S3Input, 'bucket' | 'key'>,
  versionId: string | undefined,
): RequiredPermission {
  if (versionId === undefined) return onObject(store, 's3:DeleteObject', object);
  return onObject(store, 's3:DeleteObjectVersion', object, { 's3:VersionId': versionId });
}

interface ByteRange {
  readonly first: number;
  readonly last: number;
}

/** Reads `Range: bytes=…`; as in S3 a range that is no single byte range is ignored. */
function readRange(header: string | undefined, size: number): ByteRange | undefined {
  const match = /^bytes=(\d*)-(\d*)$/.exec(header ?? '');
  if (!match || (match[1] === '' && match[2] === '')) return undefined;
  const first = match[1] === '' ? Math.max(0, size - Number(match[2])) : Number(match[1]);
  const last = match[1] === '' || match[2] === '' ? size - 1 : Math.min(Number(match[2]), size - 1);
  if (first > last) {
    throw new AwsError('InvalidRange', 'The requested range is not satisfiable', 416, { ActualObjectSize: size });
  }
  return { first, last };
}

/** PutObject, GetObject, HeadObject, CopyObject, DeleteObject and DeleteObjects. */
export function objectOperations(store: ObjectStore, door: Door): AwsService['operations'] {
  const mayRead: Operation['permissions'] = (raw) => [readPermission(store, S3InputSchema.parse(raw))];

  function findVersion(input: S3Input, call: CallContext): ObjectVersion {
    store.getBucket(input.bucket);
    const versions = store.versionsOf(input.bucket, input.key);
    const { versionId } = input.query;
    const version = versionId === undefined ? versions[0] : versions.find((other) => other.versionId === versionId);
    if (!version) throw missingObject(store, door, call, input);
    if (isDeleteMarker(version)) {
      if (versionId === undefined) throw missingObject(store, door, call, input);
      throw new AwsError('MethodNotAllowed', 'The specified method is not allowed against a delete marker.', 405);
    }
    return version;
  }

  function requireReadConditions(input: S3Input, version: ObjectVersion): void {
    for (const name of ['if-modified-since', 'if-unmodified-since']) {
      if (input.headers[name] !== undefined)
        throw new AwsError('NotImplemented', `The header "${name}" is not implemented.`, 501);
    }
    const { 'if-match': ifMatch, 'if-none-match': ifNoneMatch } = input.headers;
    if (ifMatch !== undefined && unquoted(ifMatch) !== version.etag) {
      throw new AwsError('PreconditionFailed', 'At least one of the pre-conditions you specified did not hold', 412, {
        Condition: 'If-Match',
      });
    }
    if (ifNoneMatch !== undefined && (ifNoneMatch === '*' || unquoted(ifNoneMatch) === version.etag)) {
      throw new AwsError('NotModified', 'Not Modified', 304);
    }
  }

  function describe(input: S3Input, version: ObjectVersion, isWhole: boolean): Record<string, string> {
    const isVersioned = store.getBucket(input.bucket).versioning !== undefined;
    const wantsChecksums = isWhole && input.headers['x-amz-checksum-mode']?.toUpperCase() === 'ENABLED';
    return {
      'accept-ranges': 'bytes',
      'content-type': 'binary/octet-stream',
      ...version.headers,
      etag: quoted(version.etag),
      'last-modified': new Date(version.lastModified).toUTCString(),
      ...versionHeader(isVersioned, version),
      ...encryptionHeaders(version),
      ...(wantsChecksums ? checksumHeaders(version) : {}),
    };
  }

  /** A version of an unversioned key may be replaced between the look-up and the read; the second look finds the new one. */
  async function readCurrent(input: S3Input, call: CallContext): Promise<{ version: ObjectVersion; body: Buffer }> {
    const version = findVersion(input, call);
    try {
      return { version, body: await store.read(version) };
    } catch (error) {
      const next = findVersion(input, call);
      if (next.file === version.file) throw error;
      return { version: next, body: await store.read(next) };
    }
  }

  const getObject: Operation = {
    permissions: mayRead,
    async perform(raw, call) {
      const input = S3InputSchema.parse(raw);
      const { version, body } = await readCurrent(input, call);
      requireKeyUse(door, call, 'kms:Decrypt', version.encryption, input);
      requireReadConditions(input, version);
      const range = readRange(input.headers.range, body.length);
      if (!range) return { status: 200, headers: describe(input, version, true), body };
      const contentRange = `bytes ${range.first}-${range.last}/${body.length}`;
      return {
        status: 206,
        headers: { ...describe(input, version, false), 'content-range': contentRange },
        body: body.subarray(range.first, range.last + 1),
      };
    },
  };

  const headObject: Operation = {
    permissions: mayRead,
    async perform(raw, call) {
      const input = S3InputSchema.parse(raw);
      const version = findVersion(input, call);
      requireKeyUse(door, call, 'kms:Decrypt', version.encryption, input);
      requireReadConditions(input, version);
      const headers = { ...describe(input, version, true), 'content-length': String(version.size) };
      return { status: 200, headers, body: '' };
    },
  };

  const putObject: Operation = {
    permissions: mayWrite(store),
    async perform(raw, call) {
      const input = S3InputSchema.parse(raw);
      const bucket = store.getBucket(input.bucket);
      const payload = readPayload(input.headers, input.body);
      const encryption = encryptionOf(bucket, input.headers);
      requireKeyUse(door, call, 'kms:GenerateDataKey', encryption, input);
      const headers = {
        ...storedHeaders(input.headers),
        ...(payload.contentEncoding ? { 'content-encoding': payload.contentEncoding } : {}),
      };
      const object = { body: payload.body, headers, checksums: payload.checksums, encryption };
      const version = await store.put(bucket, input.key, object, conditionOf(input.headers));
      return {
        status: 200,
        headers: {
          etag: quoted(version.etag),
          ...versionHeader(bucket.versioning !== undefined, version),
          ...encryptionHeaders(version),
          ...checksumHeaders(version),
        },
        body: '',
      };
    },
  };

  function readCopySource(input: S3Input): S3Input {
    const header = decodeURIComponent(input.headers['x-amz-copy-source'] ?? '');
    const match = /^\/?([^/]+)\/(.+?)(?:\?versionId=(.+))?$/.exec(header);
    if (!match?.[1] || !match[2]) throw new AwsError('InvalidArgument', `Copy Source "${header}" is not bucket/key.`);
    return {
      bucket: match[1],
      key: match[2],
      query: match[3] ? { versionId: match[3] } : {},
      headers: {},
      body: Buffer.alloc(0),
    };
  }

  const copyObject: Operation = {
    permissions: (raw, call) => [
      readPermission(store, readCopySource(S3InputSchema.parse(raw))),
      ...mayWrite(store)(raw, call),
    ],
    async perform(raw, call) {
      const input = S3InputSchema.parse(raw);
      const bucket = store.getBucket(input.bucket);
      const from = readCopySource(input);
      const { version: source, body } = await readCurrent(from, call);
      requireKeyUse(door, call, 'kms:Decrypt', source.encryption, from);
      const encryption = encryptionOf(bucket, input.headers);
      requireKeyUse(door, call, 'kms:GenerateDataKey', encryption, input);
      const headers =
        input.headers['x-amz-metadata-directive'] === 'REPLACE' ? storedHeaders(input.headers) : source.headers;
      const object = { body, headers, checksums: source.checksums, encryption };
      const version = await store.put(bucket, input.key, object, conditionOf(input.headers));
      return xmlAnswer(
        renderXml('CopyObjectResult', { ETag: quoted(version.etag), LastModified: version.lastModified }),
        { ...versionHeader(bucket.versioning !== undefined, version), ...encryptionHeaders(version) },
      );
    },
  };

  const deleteObject: Operation = {
    permissions: (raw) => {
      const input = S3InputSchema.parse(raw);
      return [deletePermission(store, input, input.query.versionId)];
    },
    async perform(raw) {
      const input = S3InputSchema.parse(raw);
      const bucket = store.getBucket(input.bucket);
      const { versionId } = input.query;
      if (versionId !== undefined) {
        const removed = await store.deleteVersion(bucket, input.key, versionId);
        const marker = removed && isDeleteMarker(removed) ? { 'x-amz-delete-marker': 'true' } : {};
        return { status: 204, headers: { 'x-amz-version-id': versionId, ...marker }, body: '' };
      }
      const marker = await store.delete(bucket, input.key, conditionOf(input.headers));
      const headers = marker ? { 'x-amz-version-id': marker.versionId, 'x-amz-delete-marker': 'true' } : {};
      return { status: 204, headers, body: '' };
    },
  };

  const deleteObjects: Operation = {
    // Each key needs its own permission, and a refused key does not keep the others from being deleted.
    permissions: () => [],
    async perform(raw, call) {
      const input = S3InputSchema.parse(raw);
      const bucket = store.getBucket(input.bucket);
      const { body } = readPayload(input.headers, input.body);
      const document = body.toString('utf8');
      const deleted: Record<string, string | boolean | undefined>[] = [];
      const errors: Record<string, string | undefined>[] = [];
      for (const element of readElements(document, 'Object')) {
        const key = readText(element, 'Key') ?? '';
        const versionId = readText(element, 'VersionId');
        if (!isAllowed(door, call, deletePermission(store, { bucket: input.bucket, key }, versionId))) {
          errors.push({ Key: key, VersionId: versionId, Code: 'AccessDenied', Message: 'Access Denied' });
          continue;
        }
        if (versionId !== undefined) {
          await store.deleteVersion(bucket, key, versionId);
          deleted.push({ Key: key, VersionId: versionId });
          continue;
        }
        const marker = await store.delete(bucket, key);
        deleted.push({
          Key: key,
          ...(marker ? { DeleteMarker: true, DeleteMarkerVersionId: marker.versionId } : {}),
        });
      }
      const isQuiet = readText(document, 'Quiet') === 'true';
      return xmlAnswer(renderXml('DeleteResult', { Deleted: isQuiet ? [] : deleted, Error: errors }));
    },
  };

  return {
    GetObject: getObject,
    HeadObject: headObject,
    PutObject: putObject,
    CopyObject: copyObject,
    DeleteObject: deleteObject,
    DeleteObjects: deleteObjects,
  };
}

/** The permission `s3:ListBucket` and its relatives, with the condition keys of a listing. */
export function mayListBucket(store: ObjectStore, action: string): Operation['permissions'] {
  return (raw) => {
    const { bucket, query } = S3InputSchema.parse(raw);
    const context = {
      ...(query.prefix === undefined ? {} : { 's3:prefix': query.prefix }),
      ...(query.delimiter === undefined ? {} : { 's3:delimiter': query.delimiter }),
      ...(query['max-keys'] === undefined ? {} : { 's3:max-keys': query['max-keys'] }),
    };
    return [onBucket(store, action, bucket, context)];
  };
}
