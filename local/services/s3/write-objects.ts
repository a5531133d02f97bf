import { AwsError, type AwsService, type Door, type Operation } from '../../door/wire.ts';
import { encryptionOf, requireKeyUse } from './access.ts';
import {
  checksumHeaders,
  conditionOf,
  encryptionHeaders,
  quoted,
  storedHeaders,
  versionHeader,
  xmlAnswer,
} from './object-headers.ts';
import { mayWrite, readPermission } from './object-permissions.ts';
import type { ObjectStore } from './object-store.ts';
import { readPayload } from './payload.ts';
import { readCurrent } from './read-objects.ts';
import { type S3Input, S3InputSchema } from './request.ts';
import { renderXml } from './xml.ts';

/** Makes PutObject and CopyObject. */
export function objectWrites(store: ObjectStore, door: Door): AwsService['operations'] {
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

  const copyObject: Operation = {
    permissions: (raw, call) => [
      readPermission(store, readCopySource(S3InputSchema.parse(raw))),
      ...mayWrite(store)(raw, call),
    ],
    async perform(raw, call) {
      const input = S3InputSchema.parse(raw);
      const bucket = store.getBucket(input.bucket);
      const from = readCopySource(input);
      const { version: source, body } = await readCurrent(store, door, from, call);
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

  return { PutObject: putObject, CopyObject: copyObject };
}

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
