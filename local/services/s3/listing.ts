import { AwsError, type AwsService } from '../../door/wire.ts';
import { onBucket } from './access.ts';
import { quoted, xmlAnswer } from './object-headers.ts';
import { mayListBucket } from './object-permissions.ts';
import { isDeleteMarker, type ObjectStore, type ObjectVersion } from './object-store.ts';
import { type S3Input, S3InputSchema } from './request.ts';
import { renderXml } from './xml.ts';

interface Listed {
  readonly key: string;
  readonly version: ObjectVersion;
  readonly isLatest: boolean;
}

interface Page {
  readonly items: readonly Listed[];
  readonly commonPrefixes: readonly string[];
  /** Where the next page starts (exclusive); undefined on the last page. */
  readonly next: string | undefined;
}

const largestPage = 1000;

function readMaxKeys(input: S3Input): number {
  const text = input.query['max-keys'];
  const count = Number(text ?? largestPage);
  if (!Number.isInteger(count) || count < 0) {
    throw new AwsError('InvalidArgument', `max-keys must be a non-negative integer, not "${text}".`);
  }
  return Math.min(count, largestPage);
}

/** Returns one page of the sorted entries; keys with a delimiter are replaced by their common prefix. */
function paginate(
  entries: readonly Listed[],
  after: string,
  input: S3Input,
  markerOf: (entry: Listed) => string,
): Page {
  const { prefix = '', delimiter = '' } = input.query;
  const maxKeys = readMaxKeys(input);
  const items: Listed[] = [];
  const commonPrefixes: string[] = [];
  let last = after;
  for (const entry of entries) {
    const marker = markerOf(entry);
    if (after !== '' && Buffer.compare(Buffer.from(marker), Buffer.from(after)) <= 0) continue;
    const end = delimiter === '' ? -1 : entry.key.indexOf(delimiter, prefix.length);
    const commonPrefix = end < 0 ? undefined : entry.key.slice(0, end + delimiter.length);
    if (commonPrefix !== undefined && (commonPrefixes.at(-1) === commonPrefix || after.startsWith(commonPrefix)))
      continue;
    if (items.length + commonPrefixes.length >= maxKeys) return { items, commonPrefixes, next: last };
    if (commonPrefix === undefined) items.push(entry);
    else commonPrefixes.push(commonPrefix);
    last = commonPrefix ?? marker;
  }
  return { items, commonPrefixes, next: undefined };
}

function keyEncoder(input: S3Input): (key: string) => string {
  const encoding = input.query['encoding-type'];
  if (encoding === undefined) return (key) => key;
  if (encoding !== 'url') throw new AwsError('InvalidArgument', `The encoding type "${encoding}" is not known.`);
  return (key) => encodeURIComponent(key).replaceAll('%2F', '/');
}

const encodeToken = (marker: string) => Buffer.from(marker).toString('base64url');
const decodeToken = (token: string) => Buffer.from(token, 'base64url').toString();

/** Makes the operations that list: ListObjectsV2, ListObjectVersions, ListBuckets and GetBucketLocation. */
export function listingOperations(store: ObjectStore): AwsService['operations'] {
  return {
    ListObjectsV2: {
      permissions: mayListBucket(store, 's3:ListBucket'),
      async perform(raw) {
        const input = S3InputSchema.parse(raw);
        store.getBucket(input.bucket);
        const { query } = input;
        if (query['list-type'] !== '2')
          throw new AwsError('InvalidArgument', `list-type must be 2, not "${query['list-type']}".`);
        const encode = keyEncoder(input);
        const token = query['continuation-token'];
        const after = token === undefined ? (query['start-after'] ?? '') : decodeToken(token);
        const entries = store
          .listKeys(input.bucket, query.prefix ?? '')
          .flatMap(([key, [version]]) =>
            version && !isDeleteMarker(version) ? [{ key, version, isLatest: true }] : [],
          );
        const page = paginate(entries, after, input, ({ key }) => key);
        return xmlAnswer(
          renderXml('ListBucketResult', {
            Name: input.bucket,
            Prefix: encode(query.prefix ?? ''),
            Delimiter: query.delimiter,
            MaxKeys: readMaxKeys(input),
            EncodingType: query['encoding-type'],
            KeyCount: page.items.length + page.commonPrefixes.length,
            IsTruncated: page.next !== undefined,
            ContinuationToken: token,
            NextContinuationToken: page.next === undefined ? undefined : encodeToken(page.next),
            StartAfter: query['start-after'] === undefined ? undefined : encode(query['start-after']),
            Contents: page.items.map(({ key, version }) => ({
              Key: encode(key),
              LastModified: version.lastModified,
              ETag: quoted(version.etag),
              Size: version.size,
              StorageClass: 'STANDARD',
            })),
            CommonPrefixes: page.commonPrefixes.map((prefix) => ({ Prefix: encode(prefix) })),
          }),
        );
      },
    },
    ListObjectVersions: {
      permissions: mayListBucket(store, 's3:ListBucketVersions'),
      async perform(raw) {
        const input = S3InputSchema.parse(raw);
        store.getBucket(input.bucket);
        const { query } = input;
        const encode = keyEncoder(input);
        const keys = store.listKeys(input.bucket, query.prefix ?? '').flatMap(([key, versions]) => {
          const [version] = versions;
          return version ? [{ key, version, isLatest: true, versions }] : [];
        });
        const page = paginate(keys, query['key-marker'] ?? '', input, ({ key }) => key);
        const listed = page.items.flatMap(({ key }) =>
          store.versionsOf(input.bucket, key).map((version, index) => ({ key, version, isLatest: index === 0 })),
        );
        const describe = ({ key, version, isLatest }: Listed) => ({
          Key: encode(key),
          VersionId: version.versionId,
          IsLatest: isLatest,
          LastModified: version.lastModified,
        });
        return xmlAnswer(
          renderXml('ListVersionsResult', {
            Name: input.bucket,
            Prefix: encode(query.prefix ?? ''),
            Delimiter: query.delimiter,
            MaxKeys: readMaxKeys(input),
            EncodingType: query['encoding-type'],
            IsTruncated: page.next !== undefined,
            KeyMarker: query['key-marker'],
            NextKeyMarker: page.next === undefined ? undefined : encode(page.next),
            Version: listed
              .filter(({ version }) => !isDeleteMarker(version))
              .map((entry) => ({
                ...describe(entry),
                ETag: quoted(entry.version.etag),
                Size: entry.version.size,
                StorageClass: 'STANDARD',
              })),
            DeleteMarker: listed.filter(({ version }) => isDeleteMarker(version)).map(describe),
            CommonPrefixes: page.commonPrefixes.map((prefix) => ({ Prefix: encode(prefix) })),
          }),
        );
      },
    },
    ListBuckets: {
      permissions: () => [{ action: 's3:ListAllMyBuckets', resources: ['*'] }],
      async perform(_, call) {
        const own = store.listBuckets().filter(({ accountId }) => accountId === call.caller.accountId);
        const buckets = own.map(({ name, createdAt }) => ({ Name: name, CreationDate: createdAt }));
        return xmlAnswer(renderXml('ListAllMyBucketsResult', { Buckets: { Bucket: buckets } }));
      },
    },
    GetBucketLocation: {
      permissions: (raw) => [onBucket(store, 's3:GetBucketLocation', S3InputSchema.parse(raw).bucket)],
      async perform(raw) {
        const { region } = store.getBucket(S3InputSchema.parse(raw).bucket);
        const constraint = region === 'us-east-1' ? '' : region;
        return xmlAnswer(renderXml('LocationConstraint', {}).replace('></', `>${constraint}</`));
      },
    },
  };
}
