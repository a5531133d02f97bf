import { AwsError, type AwsService, type CallContext, type Door, type Operation } from '../../door/wire.ts';
import { missingObject, requireKeyUse } from './access.ts';
import { checksumHeaders, encryptionHeaders, quoted, unquoted, versionHeader } from './object-headers.ts';
import { readPermission } from './object-permissions.ts';
import { isDeleteMarker, type ObjectStore, type ObjectVersion } from './object-store.ts';
import { type S3Input, S3InputSchema } from './request.ts';

/** Makes GetObject and HeadObject. */
export function objectReads(store: ObjectStore, door: Door): AwsService['operations'] {
  const permissions: Operation['permissions'] = (raw) => [readPermission(store, S3InputSchema.parse(raw))];

  const getObject: Operation = {
    permissions,
    async perform(raw, call) {
      const input = S3InputSchema.parse(raw);
      const { version, body } = await readCurrent(store, door, input, call);
      requireKeyUse(door, call, 'kms:Decrypt', version.encryption, input);
      requireReadConditions(input, version);
      const range = readRange(input.headers.range, body.length);
      if (!range) return { status: 200, headers: describe(store, input, version, true), body };
      const contentRange = `bytes ${range.first}-${range.last}/${body.length}`;
      return {
        status: 206,
        headers: { ...describe(store, input, version, false), 'content-range': contentRange },
        body: body.subarray(range.first, range.last + 1),
      };
    },
  };

  const headObject: Operation = {
    permissions,
    async perform(raw, call) {
      const input = S3InputSchema.parse(raw);
      const version = findVersion(store, door, input, call);
      requireKeyUse(door, call, 'kms:Decrypt', version.encryption, input);
      requireReadConditions(input, version);
      const headers = { ...describe(store, input, version, true), 'content-length': String(version.size) };
      return { status: 200, headers, body: '' };
    },
  };

  return { GetObject: getObject, HeadObject: headObject };
}

/**
 * Reads the current version. Without versioning, a version can be replaced between the look-up and the read; the second
 * look-up then finds the new one.
 */
export async function readCurrent(
  store: ObjectStore,
  door: Door,
  input: S3Input,
  call: CallContext,
): Promise<{ version: ObjectVersion; body: Buffer }> {
  const version = findVersion(store, door, input, call);
  try {
    return { version, body: await store.read(version) };
  } catch (error) {
    const next = findVersion(store, door, input, call);
    if (next.file === version.file) throw error;
    return { version: next, body: await store.read(next) };
  }
}

function findVersion(store: ObjectStore, door: Door, input: S3Input, call: CallContext): ObjectVersion {
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

function describe(
  store: ObjectStore,
  input: S3Input,
  version: ObjectVersion,
  isWhole: boolean,
): Record<string, string> {
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

interface ByteRange {
  readonly first: number;
  readonly last: number;
}

/** Reads `Range: bytes=…`. As in S3, a header that is not a single byte range is ignored. */
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
