import { createHash, randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import {
  CompleteMultipartUploadCommand,
  CopyObjectCommand,
  CreateBucketCommand,
  CreateMultipartUploadCommand,
  DeleteBucketCommand,
  DeleteObjectCommand,
  DeleteObjectsCommand,
  GetBucketLocationCommand,
  GetObjectAclCommand,
  GetObjectCommand,
  HeadBucketCommand,
  HeadObjectCommand,
  ListBucketsCommand,
  ListObjectsV2Command,
  ListObjectVersionsCommand,
  PutObjectCommand,
  type PutObjectCommandInput,
  type S3Client,
  UploadPartCommand,
} from '@aws-sdk/client-s3';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type OpenS3, openS3 } from './open-s3.ts';

const versioned = { VersioningConfiguration: { Status: 'Enabled' } };
let opened: OpenS3;
let client: S3Client;

beforeAll(async () => {
  opened = await openS3();
  client = opened.operator;
});
afterAll(() => opened.close());

let bucketCount = 0;
async function newBucket(properties = {}): Promise<string> {
  const name = `bucket-${++bucketCount}`;
  await opened.createBucket(name, properties);
  return name;
}

const put = (
  Bucket: string,
  Key: string,
  Body: PutObjectCommandInput['Body'],
  more: Partial<PutObjectCommandInput> = {},
) => client.send(new PutObjectCommand({ Bucket, Key, Body, ...more }));

async function read(Bucket: string, Key: string, VersionId?: string, from = client): Promise<string> {
  const { Body } = await from.send(new GetObjectCommand({ Bucket, Key, VersionId }));
  return (await Body?.transformToString()) ?? '';
}

/** Returns the status and name of the error with which a call fails. */
async function failure(call: Promise<unknown>): Promise<string> {
  try {
    await call;
    return 'no error';
  } catch (error) {
    const { name, $metadata } = error as { name: string; $metadata?: { httpStatusCode?: number } };
    return `${$metadata?.httpStatusCode} ${name}`;
  }
}

describe('objects', () => {
  it('come back with their bytes, type, metadata and checksum', async () => {
    const bucket = await newBucket();
    const body = randomBytes(70_000);
    const written = await put(bucket, 'a/b c+d/ü%.bin', body, {
      ContentType: 'application/x-thing',
      Metadata: { owner: 'acme' },
      ChecksumAlgorithm: 'SHA256',
    });
    const { Body, ...found } = await client.send(
      new GetObjectCommand({ Bucket: bucket, Key: 'a/b c+d/ü%.bin', ChecksumMode: 'ENABLED' }),
    );
    expect(Buffer.from((await Body?.transformToByteArray()) ?? []).equals(body)).toBe(true);
    expect(found.ContentType).toBe('application/x-thing');
    expect(found.Metadata).toEqual({ owner: 'acme' });
    expect(found.ETag).toBe(`"${createHash('md5').update(body).digest('hex')}"`);
    expect(found.ChecksumSHA256).toBe(written.ChecksumSHA256);
    expect(found.ServerSideEncryption).toBe('AES256');
  });

  it('uploaded as a stream arrive without their chunk framing', async () => {
    const bucket = await newBucket();
    const body = randomBytes(300_000);
    const chunks = [body.subarray(0, 100_000), body.subarray(100_000, 100_001), body.subarray(100_001)];
    await put(bucket, 'stream', Readable.from(chunks), { ContentLength: body.length });
    const { Body } = await client.send(new GetObjectCommand({ Bucket: bucket, Key: 'stream' }));
    expect(Buffer.from((await Body?.transformToByteArray()) ?? []).equals(body)).toBe(true);
  });

  it.each(['CRC32', 'CRC32C', 'CRC64NVME', 'SHA1', 'SHA256'] as const)(
    'are accepted with the checksum %s of the SDK',
    async (algorithm) => {
      const bucket = await newBucket();
      await put(bucket, 'x', 'checked', { ChecksumAlgorithm: algorithm });
      expect(await read(bucket, 'x')).toBe('checked');
    },
  );

  it('fails when the checksum is of other bytes', async () => {
    const bucket = await newBucket();
    const ofOther = createHash('sha256').update('other').digest('base64');
    expect(await failure(put(bucket, 'x', 'body', { ChecksumSHA256: ofOther }))).toBe('400 BadDigest');
    expect(await failure(read(bucket, 'x'))).toBe('404 NoSuchKey');
  });

  it('are read by ranges', async () => {
    const bucket = await newBucket();
    await put(bucket, 'digits', '0123456789');
    const range = async (Range: string) => {
      const { Body, ContentRange, $metadata } = await client.send(
        new GetObjectCommand({ Bucket: bucket, Key: 'digits', Range }),
      );
      return [$metadata.httpStatusCode, ContentRange, await Body?.transformToString()];
    };
    expect(await range('bytes=2-4')).toEqual([206, 'bytes 2-4/10', '234']);
    expect(await range('bytes=7-')).toEqual([206, 'bytes 7-9/10', '789']);
    expect(await range('bytes=-3')).toEqual([206, 'bytes 7-9/10', '789']);
    expect(await failure(range('bytes=10-12'))).toBe('416 InvalidRange');
  });

  it('are described by HEAD, and a missing one is 404', async () => {
    const bucket = await newBucket();
    await put(bucket, 'x', 'four');
    expect((await client.send(new HeadObjectCommand({ Bucket: bucket, Key: 'x' }))).ContentLength).toBe(4);
    expect(await failure(client.send(new HeadObjectCommand({ Bucket: bucket, Key: 'y' })))).toBe('404 NotFound');
  });

  it.each<[string, () => PutObjectCommandInput['Body']]>([
    ['at once', () => 'four'],
    ['as a stream', () => Readable.from([Buffer.from('fo'), Buffer.from('ur')])],
  ])('put %s with a checksum are described with it to whoever asks and may read them', async (_, body) => {
    const bucket = await newBucket();
    const ChecksumSHA256 = createHash('sha256').update('four').digest('base64');
    const more = typeof body() === 'string' ? { ChecksumSHA256 } : { ChecksumAlgorithm: 'SHA256' as const };
    await put(bucket, 'x', body(), { ...more, ContentLength: 4 });
    const head = (of: S3Client, more = {}) => of.send(new HeadObjectCommand({ Bucket: bucket, Key: 'x', ...more }));
    expect((await head(client, { ChecksumMode: 'ENABLED' })).ChecksumSHA256).toBe(ChecksumSHA256);
    expect((await head(client)).ChecksumSHA256).toBeUndefined();
    const mayOnly = (Action: string[]) => [{ Effect: 'Allow', Action, Resource: `arn:aws:s3:::${bucket}/x` }];
    const reader = opened.roleClient('head-reader', mayOnly(['s3:GetObject']));
    expect((await head(reader, { ChecksumMode: 'ENABLED' })).ChecksumSHA256).toBe(ChecksumSHA256);
    const writer = opened.roleClient('head-writer', mayOnly(['s3:PutObject', 's3:GetObjectVersion']));
    expect(await failure(head(writer, { ChecksumMode: 'ENABLED' }))).toMatch(/^403 /);
  });

  it('are copied with their metadata, or with new', async () => {
    const bucket = await newBucket();
    await put(bucket, 'from', 'copied', { Metadata: { a: '1' } });
    await client.send(new CopyObjectCommand({ Bucket: bucket, Key: 'kept', CopySource: `${bucket}/from` }));
    await client.send(
      new CopyObjectCommand({
        Bucket: bucket,
        Key: 'new',
        CopySource: `${bucket}/from`,
        MetadataDirective: 'REPLACE',
        Metadata: { b: '2' },
      }),
    );
    const metadataOf = async (Key: string) =>
      (await client.send(new HeadObjectCommand({ Bucket: bucket, Key }))).Metadata;
    expect([await read(bucket, 'kept'), await metadataOf('kept'), await metadataOf('new')]).toEqual([
      'copied',
      { a: '1' },
      { b: '2' },
    ]);
  });

  it('of an unversioned bucket are replaced and deleted for good', async () => {
    const bucket = await newBucket();
    await put(bucket, 'x', 'first');
    await put(bucket, 'x', 'second');
    expect(await read(bucket, 'x')).toBe('second');
    await client.send(new DeleteObjectCommand({ Bucket: bucket, Key: 'x' }));
    expect(await failure(read(bucket, 'x'))).toBe('404 NoSuchKey');
    expect((await client.send(new ListObjectVersionsCommand({ Bucket: bucket }))).Versions).toBeUndefined();
  });
});

describe('versions', () => {
  it('stay readable after the object changed and after it was deleted', async () => {
    const bucket = await newBucket(versioned);
    const first = await put(bucket, 'x', 'first');
    const second = await put(bucket, 'x', 'second');
    const deleted = await client.send(new DeleteObjectCommand({ Bucket: bucket, Key: 'x' }));
    expect(deleted.DeleteMarker).toBe(true);
    expect(await failure(read(bucket, 'x'))).toBe('404 NoSuchKey');
    expect(await read(bucket, 'x', first.VersionId)).toBe('first');
    expect(await read(bucket, 'x', second.VersionId)).toBe('second');
    expect(await failure(read(bucket, 'x', deleted.VersionId))).toBe('405 MethodNotAllowed');
    expect(await failure(read(bucket, 'x', 'never-existed'))).toBe('404 NoSuchVersion');
    const { Versions, DeleteMarkers } = await client.send(new ListObjectVersionsCommand({ Bucket: bucket }));
    expect(Versions?.map(({ VersionId, IsLatest }) => [VersionId, IsLatest])).toEqual([
      [second.VersionId, false],
      [first.VersionId, false],
    ]);
    expect(DeleteMarkers?.map(({ VersionId, IsLatest }) => [VersionId, IsLatest])).toEqual([[deleted.VersionId, true]]);
  });

  it('of a deleted object come back when the delete marker is removed', async () => {
    const bucket = await newBucket(versioned);
    await put(bucket, 'x', 'kept');
    const { VersionId } = await client.send(new DeleteObjectCommand({ Bucket: bucket, Key: 'x' }));
    await client.send(new DeleteObjectCommand({ Bucket: bucket, Key: 'x', VersionId }));
    expect(await read(bucket, 'x')).toBe('kept');
  });
});

describe('conditional writes', () => {
  it('with If-None-Match: * succeed once', async () => {
    const bucket = await newBucket(versioned);
    await put(bucket, 'started', 'first', { IfNoneMatch: '*' });
    expect(await failure(put(bucket, 'started', 'second', { IfNoneMatch: '*' }))).toBe('412 PreconditionFailed');
    expect(await read(bucket, 'started')).toBe('first');
  });

  it('with If-None-Match: * have exactly one winner of many at once', async () => {
    const bucket = await newBucket(versioned);
    const writers = Array.from({ length: 20 }, (_, index) => `writer ${index}`);
    const outcomes = await Promise.all(writers.map((name) => failure(put(bucket, 'lock', name, { IfNoneMatch: '*' }))));
    const winners = writers.filter((_, index) => outcomes[index] === 'no error');
    expect(winners).toHaveLength(1);
    expect(outcomes.filter((outcome) => outcome === '412 PreconditionFailed')).toHaveLength(19);
    expect(await read(bucket, 'lock')).toBe(winners[0]);
    expect((await client.send(new ListObjectVersionsCommand({ Bucket: bucket }))).Versions).toHaveLength(1);
  });

  it('with If-None-Match: * succeed again after a delete', async () => {
    const bucket = await newBucket(versioned);
    await put(bucket, 'lock', 'a', { IfNoneMatch: '*' });
    await client.send(new DeleteObjectCommand({ Bucket: bucket, Key: 'lock' }));
    await put(bucket, 'lock', 'b', { IfNoneMatch: '*' });
    expect(await read(bucket, 'lock')).toBe('b');
  });

  it('with If-Match replace only the version that was read', async () => {
    const bucket = await newBucket(versioned);
    const { ETag } = await put(bucket, 'x', 'first');
    await put(bucket, 'x', 'second', { IfMatch: ETag });
    expect(await failure(put(bucket, 'x', 'third', { IfMatch: ETag }))).toBe('412 PreconditionFailed');
    expect(await failure(put(bucket, 'absent', 'x', { IfMatch: ETag }))).toBe('404 NoSuchKey');
    expect(await read(bucket, 'x')).toBe('second');
  });
});

describe('listings', () => {
  it('are in key order, by prefix, and page by page', async () => {
    const bucket = await newBucket();
    for (const key of ['b/2', 'a', 'b/10', 'c/x/1', 'b/1']) await put(bucket, key, key);
    const keys: (string | undefined)[] = [];
    let ContinuationToken: string | undefined;
    do {
      const page = await client.send(new ListObjectsV2Command({ Bucket: bucket, MaxKeys: 2, ContinuationToken }));
      keys.push(...(page.Contents ?? []).map(({ Key }) => Key));
      ContinuationToken = page.NextContinuationToken;
    } while (ContinuationToken);
    expect(keys).toEqual(['a', 'b/1', 'b/10', 'b/2', 'c/x/1']);
    const below = await client.send(new ListObjectsV2Command({ Bucket: bucket, Prefix: 'b/' }));
    expect(below.Contents?.map(({ Key, Size }) => [Key, Size])).toEqual([
      ['b/1', 3],
      ['b/10', 4],
      ['b/2', 3],
    ]);
  });

  it('fold keys below a delimiter, on every page once', async () => {
    const bucket = await newBucket();
    for (const key of ['a', 'b/1', 'b/2', 'c/1', 'd']) await put(bucket, key, '-');
    const first = await client.send(new ListObjectsV2Command({ Bucket: bucket, Delimiter: '/', MaxKeys: 2 }));
    expect([first.Contents?.map(({ Key }) => Key), first.CommonPrefixes?.map(({ Prefix }) => Prefix)]).toEqual([
      ['a'],
      ['b/'],
    ]);
    const second = await client.send(
      new ListObjectsV2Command({ Bucket: bucket, Delimiter: '/', ContinuationToken: first.NextContinuationToken }),
    );
    expect([second.Contents?.map(({ Key }) => Key), second.CommonPrefixes?.map(({ Prefix }) => Prefix)]).toEqual([
      ['d'],
      ['c/'],
    ]);
  });

  it('name no deleted object', async () => {
    const bucket = await newBucket(versioned);
    await put(bucket, 'x', '-');
    await client.send(new DeleteObjectCommand({ Bucket: bucket, Key: 'x' }));
    expect((await client.send(new ListObjectsV2Command({ Bucket: bucket }))).KeyCount).toBe(0);
  });
});

describe('multipart uploads', () => {
  const start = async (Bucket: string, Key: string) =>
    (await client.send(new CreateMultipartUploadCommand({ Bucket, Key, ContentType: 'text/x' }))).UploadId;
  const part = async (Bucket: string, Key: string, UploadId: string | undefined, PartNumber: number, Body: Buffer) => ({
    PartNumber,
    ETag: (await client.send(new UploadPartCommand({ Bucket, Key, UploadId, PartNumber, Body }))).ETag,
  });

  it('join their parts into one object', async () => {
    const bucket = await newBucket(versioned);
    const UploadId = await start(bucket, 'big');
    const [one, two] = [randomBytes(5 * 1024 * 1024), randomBytes(1000)];
    const Parts = [await part(bucket, 'big', UploadId, 1, one), await part(bucket, 'big', UploadId, 2, two)];
    expect(await failure(read(bucket, 'big'))).toBe('404 NoSuchKey');
    await client.send(
      new CompleteMultipartUploadCommand({ Bucket: bucket, Key: 'big', UploadId, MultipartUpload: { Parts } }),
    );
    const { Body, ETag, ContentType } = await client.send(new GetObjectCommand({ Bucket: bucket, Key: 'big' }));
    expect(Buffer.from((await Body?.transformToByteArray()) ?? []).equals(Buffer.concat([one, two]))).toBe(true);
    expect([ETag?.endsWith('-2"'), ContentType]).toEqual([true, 'text/x']);
  });

  it('fails when a part is missing, too small, or the upload unknown', async () => {
    const bucket = await newBucket();
    const UploadId = await start(bucket, 'big');
    const small = await part(bucket, 'big', UploadId, 1, Buffer.from('small'));
    const last = await part(bucket, 'big', UploadId, 2, Buffer.from('last'));
    const complete = (Parts: object[], id = UploadId) =>
      failure(
        client.send(
          new CompleteMultipartUploadCommand({ Bucket: bucket, Key: 'big', UploadId: id, MultipartUpload: { Parts } }),
        ),
      );
    expect(await complete([small, last])).toBe('400 EntityTooSmall');
    expect(await complete([small, { PartNumber: 3, ETag: last.ETag }])).toBe('400 InvalidPart');
    expect(await complete([last, small])).toBe('400 InvalidPartOrder');
    expect(await complete([small], 'unknown')).toBe('404 NoSuchUpload');
  });
});

describe('permissions', () => {
  const allow = (Action: string | string[], Resource: string | string[], Condition?: object) => ({
    Effect: 'Allow',
    Action,
    Resource,
    ...(Condition ? { Condition } : {}),
  });

  it('are those of the role, operation by operation', async () => {
    const bucket = await newBucket(versioned);
    const { VersionId } = await put(bucket, 'runs/1/x', 'body');
    const writer = opened.roleClient('writer', [allow('s3:PutObject', `arn:aws:s3:::${bucket}/runs/*/plan/*`)]);
    await writer.send(new PutObjectCommand({ Bucket: bucket, Key: 'runs/1/plan/bundle', Body: 'b' }));
    expect(await failure(writer.send(new PutObjectCommand({ Bucket: bucket, Key: 'runs/1/apply/x', Body: 'b' })))).toBe(
      '403 AccessDenied',
    );
    expect(await failure(read(bucket, 'runs/1/x', undefined, writer))).toBe('403 AccessDenied');
    const versionReader = opened.roleClient('version-reader', [
      allow('s3:GetObjectVersion', `arn:aws:s3:::${bucket}/*`),
    ]);
    expect(await read(bucket, 'runs/1/x', VersionId, versionReader)).toBe('body');
    expect(await failure(read(bucket, 'runs/1/x', undefined, versionReader))).toBe('403 AccessDenied');
  });

  it('to list decide whether a missing object is told from a forbidden one', async () => {
    const bucket = await newBucket();
    const objects = allow('s3:GetObject', `arn:aws:s3:::${bucket}/*`);
    const reader = opened.roleClient('reader', [objects]);
    const lister = opened.roleClient('lister', [objects, allow('s3:ListBucket', `arn:aws:s3:::${bucket}`)]);
    expect(await failure(read(bucket, 'absent', undefined, reader))).toBe('403 AccessDenied');
    expect(await failure(read(bucket, 'absent', undefined, lister))).toBe('404 NoSuchKey');
  });

  it('to list may be limited to a prefix', async () => {
    const bucket = await newBucket();
    const lister = opened.roleClient('prefix-lister', [
      allow('s3:ListBucket', `arn:aws:s3:::${bucket}`, { StringLike: { 's3:prefix': 'apps/a/*' } }),
    ]);
    await lister.send(new ListObjectsV2Command({ Bucket: bucket, Prefix: 'apps/a/dev1' }));
    expect(await failure(lister.send(new ListObjectsV2Command({ Bucket: bucket, Prefix: 'apps/b/' })))).toBe(
      '403 AccessDenied',
    );
    expect(await failure(lister.send(new ListObjectsV2Command({ Bucket: bucket })))).toBe('403 AccessDenied');
  });

  it('to delete are asked for each key of a batch', async () => {
    const bucket = await newBucket();
    await put(bucket, 'mine/1', '-');
    await put(bucket, 'theirs/1', '-');
    const cleaner = opened.roleClient('cleaner', [allow('s3:DeleteObject', `arn:aws:s3:::${bucket}/mine/*`)]);
    const Delete = { Objects: [{ Key: 'mine/1' }, { Key: 'theirs/1' }] };
    const { Deleted, Errors } = await cleaner.send(new DeleteObjectsCommand({ Bucket: bucket, Delete }));
    expect([Deleted?.map(({ Key }) => Key), Errors?.map(({ Key, Code }) => [Key, Code])]).toEqual([
      ['mine/1'],
      [['theirs/1', 'AccessDenied']],
    ]);
    expect(await read(bucket, 'theirs/1')).toBe('-');
  });

  it('of a bucket encrypted by KMS need the key as well', async () => {
    const keyArn = await opened.createKey();
    const bucket = await newBucket({
      BucketEncryption: {
        ServerSideEncryptionConfiguration: [
          { ServerSideEncryptionByDefault: { SSEAlgorithm: 'aws:kms', KMSMasterKeyID: keyArn } },
        ],
      },
    });
    const objects = allow(['s3:PutObject', 's3:GetObject'], `arn:aws:s3:::${bucket}/*`);
    const without = opened.roleClient('without-key', [objects]);
    const encrypter = opened.roleClient('encrypter', [objects, allow('kms:GenerateDataKey', keyArn)]);
    const decrypter = opened.roleClient('decrypter', [objects, allow('kms:Decrypt', keyArn)]);
    const write = (from: S3Client) => from.send(new PutObjectCommand({ Bucket: bucket, Key: 'x', Body: 'secret' }));
    expect(await failure(write(without))).toBe('403 AccessDenied');
    const written = await write(encrypter);
    expect([written.ServerSideEncryption, written.SSEKMSKeyId]).toEqual(['aws:kms', keyArn]);
    expect(await failure(read(bucket, 'x', undefined, encrypter))).toBe('403 AccessDenied');
    expect(await read(bucket, 'x', undefined, decrypter)).toBe('secret');
  });

  it('of another account need the policy of the bucket too', async () => {
    const bucket = 'other-account';
    const type = 'AWS::S3::Bucket';
    const resource = { logicalId: 'B', generatedName: 'b', type, properties: { BucketName: bucket } };
    await opened.s3.provisionersFor({ accountId: '222222222222', region: 'eu-west-1' })[type]?.(resource);
    const reader = opened.roleClient('foreign-reader', [allow('s3:PutObject', '*')]);
    const write = () => failure(reader.send(new PutObjectCommand({ Bucket: bucket, Key: 'x', Body: '-' })));
    expect(await write()).toBe('403 AccessDenied');
    const policy = {
      Statement: [
        {
          Effect: 'Allow',
          Principal: { AWS: 'arn:aws:iam::111111111111:root' },
          Action: 's3:PutObject',
          Resource: `arn:aws:s3:::${bucket}/*`,
        },
      ],
    };
    const properties = { Bucket: bucket, PolicyDocument: policy };
    await opened.s3.provisioners['AWS::S3::BucketPolicy']?.({ ...resource, type: 'AWS::S3::BucketPolicy', properties });
    expect(await write()).toBe('no error');
  });

  it('of a bucket policy deny whatever the role allows', async () => {
    const bucket = await newBucket();
    const Resource = [`arn:aws:s3:::${bucket}`, `arn:aws:s3:::${bucket}/*`];
    const role = opened.roleClient('denied', [allow('s3:*', '*')]);
    const policy = {
      Statement: [
        {
          Effect: 'Deny',
          Principal: { AWS: '*' },
          Action: 's3:*',
          Resource,
          Condition: { Bool: { 'aws:SecureTransport': 'false' } },
        },
        { Effect: 'Deny', Principal: { AWS: '*' }, Action: 's3:DeleteObject', Resource },
      ],
    };
    const properties = { Bucket: bucket, PolicyDocument: policy };
    const resource = { logicalId: 'P', generatedName: 'p', type: 'AWS::S3::BucketPolicy', properties };
    await opened.s3.provisioners['AWS::S3::BucketPolicy']?.(resource);
    await role.send(new PutObjectCommand({ Bucket: bucket, Key: 'x', Body: '-' }));
    expect(await failure(role.send(new DeleteObjectCommand({ Bucket: bucket, Key: 'x' })))).toBe('403 AccessDenied');
  });
});

describe('buckets', () => {
  it('are created, found, located, listed and deleted when empty', async () => {
    const Bucket = 'made-by-hand';
    await client.send(
      new CreateBucketCommand({ Bucket, CreateBucketConfiguration: { LocationConstraint: 'eu-central-1' } }),
    );
    expect((await client.send(new HeadBucketCommand({ Bucket }))).BucketRegion).toBe('eu-central-1');
    expect((await client.send(new GetBucketLocationCommand({ Bucket }))).LocationConstraint).toBe('eu-central-1');
    expect((await client.send(new ListBucketsCommand({}))).Buckets?.some(({ Name }) => Name === Bucket)).toBe(true);
    await put(Bucket, 'x', '-');
    expect(await failure(client.send(new DeleteBucketCommand({ Bucket })))).toBe('409 BucketNotEmpty');
    await client.send(new DeleteObjectCommand({ Bucket, Key: 'x' }));
    await client.send(new DeleteBucketCommand({ Bucket }));
    expect(await failure(put(Bucket, 'x', '-'))).toBe('404 NoSuchBucket');
  });

  it('fails when the template gives a bucket a property that is not understood, naming it', async () => {
    await expect(async () => opened.createBucket('odd', { WebsiteConfiguration: {} })).rejects.toThrow(
      'WebsiteConfiguration',
    );
  });

  it('fails by name when a request asks for what the local S3 cannot do', async () => {
    const bucket = await newBucket();
    expect(await failure(put(bucket, 'x', '-', { ACL: 'public-read' }))).toBe('501 NotImplemented');
    expect(await failure(client.send(new GetObjectAclCommand({ Bucket: bucket, Key: 'x' })))).toBe(
      '501 NotImplemented',
    );
    await put(bucket, 'x', '-');
    const since = new Date(0);
    for (const condition of [{ IfModifiedSince: since }, { IfUnmodifiedSince: since }])
      await expect(client.send(new GetObjectCommand({ Bucket: bucket, Key: 'x', ...condition }))).rejects.toThrow(
        /The local S3 does not implement the header "if-(un)?modified-since: /,
      );
  });

  it('keep their objects and versions when the local cloud starts again', async () => {
    const directory = mkdtempSync(join(tmpdir(), 'stagegate-s3-'));
    try {
      const before = await openS3(directory);
      await before.createBucket('kept', versioned);
      const first = await before.operator.send(new PutObjectCommand({ Bucket: 'kept', Key: 'a/b', Body: 'first' }));
      await before.operator.send(new PutObjectCommand({ Bucket: 'kept', Key: 'a/b', Body: 'second' }));
      await before.close();
      const after = await openS3(directory);
      await after.createBucket('kept', versioned);
      expect(await read('kept', 'a/b', undefined, after.operator)).toBe('second');
      expect(await read('kept', 'a/b', first.VersionId, after.operator)).toBe('first');
      await after.close();
    } finally {
      rmSync(directory, { recursive: true, force: true });
    }
  });
});
