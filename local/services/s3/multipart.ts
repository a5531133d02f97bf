import { createHash, randomBytes } from 'node:crypto';
import { AwsError, type AwsService, type CallContext, type Door, type Operation } from '../../door/wire.ts';
import { readElements, readText } from '../../door/xml-document.ts';
import { encryptionOf, onObject, requireKeyUse } from './access.ts';
import { conditionOf, encryptionHeaders, quoted, storedHeaders, versionHeader, xmlAnswer } from './object-headers.ts';
import { mayWrite } from './object-permissions.ts';
import type { BucketEncryption, ObjectStore } from './object-store.ts';
import { readPayload } from './payload.ts';
import { type S3Input, S3InputSchema } from './request.ts';
import { renderXml } from './xml.ts';

interface Part {
  readonly body: Buffer;
  readonly etag: string;
  readonly lastModified: string;
}

/**
 * An upload in progress. It is kept only in memory, because the clients that could continue it end together with the
 * local cloud.
 */
interface Upload {
  readonly bucket: string;
  readonly key: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly encryption: BucketEncryption;
  readonly parts: Map<number, Part>;
}

const smallestPartBytes = 5 * 1024 * 1024;

/** Makes the five operations of a multipart upload. */
export function multipartOperations(store: ObjectStore, door: Door): AwsService['operations'] {
  const uploads = new Map<string, Upload>();

  function findUpload(input: S3Input): Upload {
    const upload = uploads.get(input.query.uploadId ?? '');
    if (!upload || upload.bucket !== input.bucket || upload.key !== input.key) {
      throw new AwsError('NoSuchUpload', 'The specified multipart upload does not exist.', 404, {
        UploadId: input.query.uploadId,
      });
    }
    return upload;
  }

  const create: Operation = {
    permissions: mayWrite(store),
    async perform(raw, call) {
      const input = S3InputSchema.parse(raw);
      const encryption = encryptionOf(store.getBucket(input.bucket), input.headers);
      requireKeyUse(door, call, 'kms:GenerateDataKey', encryption, input);
      const uploadId = randomBytes(24).toString('base64url');
      const headers = storedHeaders(input.headers);
      uploads.set(uploadId, { bucket: input.bucket, key: input.key, headers, encryption, parts: new Map() });
      const answer = { Bucket: input.bucket, Key: input.key, UploadId: uploadId };
      return xmlAnswer(renderXml('InitiateMultipartUploadResult', answer), encryptionHeaders({ encryption }));
    },
  };

  const uploadPart: Operation = {
    permissions: mayWrite(store),
    async perform(raw, call) {
      const input = S3InputSchema.parse(raw);
      const upload = findUpload(input);
      const number = Number(input.query.partNumber);
      if (!Number.isInteger(number) || number < 1 || number > 10_000) {
        throw new AwsError('InvalidArgument', `Part number must be 1 to 10000, not "${input.query.partNumber}".`);
      }
      const { body, checksums } = readPayload(input.headers, input.body);
      requireKeyUse(door, call, 'kms:GenerateDataKey', upload.encryption, upload);
      const etag = createHash('md5').update(body).digest('hex');
      upload.parts.set(number, { body, etag, lastModified: new Date().toISOString() });
      const checksumHeaders = Object.entries(checksums).map(([name, value]) => [`x-amz-checksum-${name}`, value]);
      return { status: 200, headers: { etag: quoted(etag), ...Object.fromEntries(checksumHeaders) }, body: '' };
    },
  };

  function collectParts(upload: Upload, document: string): Part[] {
    const wanted = readElements(document, 'Part').map((element) => ({
      number: Number(readText(element, 'PartNumber')),
      etag: (readText(element, 'ETag') ?? '').replaceAll('"', ''),
    }));
    if (wanted.length === 0) throw new AwsError('MalformedXML', 'CompleteMultipartUpload names no part.');
    const parts = wanted.map(({ number, etag }, index) => {
      const part = upload.parts.get(number);
      if (!part || part.etag !== etag)
        throw new AwsError('InvalidPart', `Part ${number} was not uploaded with ETag "${etag}".`);
      if (index > 0 && number <= (wanted[index - 1]?.number ?? 0)) {
        throw new AwsError('InvalidPartOrder', 'The list of parts was not in ascending order.');
      }
      return part;
    });
    const tooSmall = parts.slice(0, -1).some(({ body }) => body.length < smallestPartBytes);
    if (tooSmall)
      throw new AwsError('EntityTooSmall', 'Your proposed upload is smaller than the minimum allowed size.');
    return parts;
  }

  const complete: Operation = {
    permissions: mayWrite(store),
    async perform(raw, call: CallContext) {
      const input = S3InputSchema.parse(raw);
      const bucket = store.getBucket(input.bucket);
      const upload = findUpload(input);
      requireKeyUse(door, call, 'kms:Decrypt', upload.encryption, upload);
      const parts = collectParts(upload, input.body.toString('utf8'));
      const digest = createHash('md5').update(Buffer.concat(parts.map(({ etag }) => Buffer.from(etag, 'hex'))));
      const version = await store.put(
        bucket,
        input.key,
        {
          body: Buffer.concat(parts.map(({ body }) => body)),
          headers: upload.headers,
          checksums: {},
          encryption: upload.encryption,
          etag: `${digest.digest('hex')}-${parts.length}`,
        },
        conditionOf(input.headers),
      );
      uploads.delete(input.query.uploadId ?? '');
      const answer = { Bucket: input.bucket, Key: input.key, ETag: quoted(version.etag) };
      return xmlAnswer(renderXml('CompleteMultipartUploadResult', answer), {
        ...versionHeader(bucket.versioning !== undefined, version),
        ...encryptionHeaders(version),
      });
    },
  };

  const abort: Operation = {
    permissions: (raw) => [onObject(store, 's3:AbortMultipartUpload', S3InputSchema.parse(raw))],
    async perform(raw) {
      const input = S3InputSchema.parse(raw);
      findUpload(input);
      uploads.delete(input.query.uploadId ?? '');
      return { status: 204, headers: {}, body: '' };
    },
  };

  const listParts: Operation = {
    permissions: (raw) => [onObject(store, 's3:ListMultipartUploadParts', S3InputSchema.parse(raw))],
    async perform(raw) {
      const input = S3InputSchema.parse(raw);
      const parts = [...findUpload(input).parts].sort(([a], [b]) => a - b);
      return xmlAnswer(
        renderXml('ListPartsResult', {
          Bucket: input.bucket,
          Key: input.key,
          UploadId: input.query.uploadId,
          IsTruncated: false,
          Part: parts.map(([number, part]) => ({
            PartNumber: number,
            LastModified: part.lastModified,
            ETag: quoted(part.etag),
            Size: part.body.length,
          })),
        }),
      );
    },
  };

  return {
    CreateMultipartUpload: create,
    UploadPart: uploadPart,
    CompleteMultipartUpload: complete,
    AbortMultipartUpload: abort,
    ListParts: listParts,
  };
}
