import { createHash, randomBytes, randomUUID } from 'node:crypto';
import { mkdirSync } from 'node:fs';
import { readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { AwsError } from '../../door/wire.ts';
import type { Collection, Database } from '../../persistence/database.ts';
import type { Checksums } from './payload.ts';

/** The encryption of an object, or a bucket's default for objects that are put without an encryption header. */
export interface BucketEncryption {
  readonly algorithm: 'AES256' | 'aws:kms';
  /** ARN of the key for `aws:kms`. */
  readonly keyArn?: string;
  /**
   * True if one data key is used for the whole bucket; then the encryption context names the bucket instead of the
   * object.
   */
  readonly bucketKey?: boolean;
}

export interface Bucket {
  readonly name: string;
  readonly accountId: string;
  readonly region: string;
  readonly versioning?: 'Enabled' | 'Suspended';
  readonly encryption: BucketEncryption;
  readonly createdAt: string;
}

/** One version of an object; the newest comes first in the list of its key. */
export interface ObjectVersion {
  readonly versionId: string;
  readonly lastModified: string;
  /** Name of the file with the bytes; absent for a delete marker. */
  readonly file?: string;
  readonly size: number;
  readonly etag: string;
  /** Headers that are returned with the object: content-type, content-encoding, x-amz-meta-*. */
  readonly headers: Readonly<Record<string, string>>;
  readonly checksums: Checksums;
  readonly encryption: BucketEncryption;
}

export interface NewObject {
  readonly body: Buffer;
  readonly headers: Readonly<Record<string, string>>;
  readonly checksums: Checksums;
  readonly encryption: BucketEncryption;
  /** The ETag of a multipart upload, which has a different form. */
  readonly etag?: string;
}

/** Conditions on the current version for a write (If-None-Match: * and If-Match). */
export interface WriteCondition {
  readonly mustBeAbsent?: boolean;
  readonly mustHaveEtag?: string;
}

/** Returns whether the version is a delete marker: a version without bytes. */
export const isDeleteMarker = (version: ObjectVersion) => version.file === undefined;

const compareUtf8 = (a: string, b: string) => Buffer.compare(Buffer.from(a), Buffer.from(b));
const documentKey = (bucket: string, key: string) => `${bucket}/${key}`;

/** Buckets, object versions and their bytes. The metadata is in the database; each version's bytes are in a file. */
export class ObjectStore {
  readonly #buckets: Collection<Bucket>;
  readonly #documents: Collection<readonly ObjectVersion[]>;
  readonly #objects = new Map<string, Map<string, readonly ObjectVersion[]>>();
  readonly #deletions = new Map<string, number>();
  readonly #directory: string;

  constructor(database: Database, filesDirectory: string) {
    this.#buckets = database.collection('s3-buckets');
    this.#documents = database.collection('s3-objects');
    this.#directory = join(filesDirectory, 's3');
    mkdirSync(this.#directory, { recursive: true, mode: 0o700 });
    for (const [name] of this.#buckets.entries()) this.#objects.set(name, new Map());
    for (const [document, versions] of this.#documents.entries()) {
      const slash = document.indexOf('/');
      this.#objects.get(document.slice(0, slash))?.set(document.slice(slash + 1), versions);
    }
  }

  findBucket(name: string): Bucket | undefined {
    return this.#buckets.get(name);
  }

  getBucket(name: string): Bucket {
    const bucket = this.findBucket(name);
    if (!bucket) throw new AwsError('NoSuchBucket', 'The specified bucket does not exist', 404, { BucketName: name });
    return bucket;
  }

  listBuckets(): Bucket[] {
    return this.#buckets.entries().map(([, bucket]) => bucket);
  }

  /** Creates the bucket, or changes the settings of an existing one, which keeps its objects. */
  putBucket(bucket: Omit<Bucket, 'createdAt'>): void {
    const createdAt = this.findBucket(bucket.name)?.createdAt ?? new Date().toISOString();
    this.#buckets.put(bucket.name, { ...bucket, createdAt });
    if (!this.#objects.has(bucket.name)) this.#objects.set(bucket.name, new Map());
  }

  deleteBucket(name: string): void {
    this.getBucket(name);
    if ((this.#objects.get(name)?.size ?? 0) > 0) {
      throw new AwsError('BucketNotEmpty', 'The bucket you tried to delete is not empty', 409, { BucketName: name });
    }
    this.#objects.delete(name);
    this.#buckets.delete(name);
  }

  versionsOf(bucket: string, key: string): readonly ObjectVersion[] {
    return this.#objects.get(bucket)?.get(key) ?? [];
  }

  /** Returns the keys that start with the prefix, in S3's order (UTF-8 bytes), each with its versions. */
  listKeys(bucket: string, prefix: string): [string, readonly ObjectVersion[]][] {
    return [...(this.#objects.get(bucket) ?? [])]
      .filter(([key]) => key.startsWith(prefix))
      .sort(([a], [b]) => compareUtf8(a, b));
  }

  /**
   * Stores a new current version. The condition is checked before the bytes are written, and again directly before the
   * version becomes visible, with nothing in between: of two concurrent writers that require absence, exactly one
   * succeeds.
   */
  async put(bucket: Bucket, key: string, object: NewObject, condition: WriteCondition = {}): Promise<ObjectVersion> {
    const address = documentKey(bucket.name, key);
    const deletionsBefore = this.#deletions.get(address) ?? 0;
    this.#requireCondition(bucket.name, key, condition);
    const file = randomUUID();
    await writeFile(join(this.#directory, file), object.body, { mode: 0o600 });
    try {
      const isConditional = condition.mustBeAbsent || condition.mustHaveEtag !== undefined;
      if (isConditional && (this.#deletions.get(address) ?? 0) !== deletionsBefore) {
        throw new AwsError('ConditionalRequestConflict', 'A conflicting delete happened during this request.', 409, {
          Key: key,
        });
      }
      this.#requireCondition(bucket.name, key, condition);
    } catch (error) {
      await this.#removeFile(file);
      throw error;
    }
    const version: ObjectVersion = {
      versionId: bucket.versioning === 'Enabled' ? randomBytes(24).toString('base64url') : 'null',
      lastModified: new Date().toISOString(),
      file,
      size: object.body.length,
      etag: object.etag ?? this.#etagOf(object),
      headers: object.headers,
      checksums: object.checksums,
      encryption: object.encryption,
    };
    await this.#addVersion(bucket.name, key, version);
    return version;
  }

  async read(version: ObjectVersion): Promise<Buffer> {
    if (version.file === undefined) throw new Error(`reading a delete marker: version "${version.versionId}"`);
    return readFile(join(this.#directory, version.file));
  }

  /**
   * Deletes the current version; in a bucket with versions it adds a delete marker instead. Returns the marker, if it
   * made one.
   */
  async delete(bucket: Bucket, key: string, condition: WriteCondition = {}): Promise<ObjectVersion | undefined> {
    this.#requireCondition(bucket.name, key, condition);
    const address = documentKey(bucket.name, key);
    this.#deletions.set(address, (this.#deletions.get(address) ?? 0) + 1);
    if (!bucket.versioning) {
      await this.deleteVersion(bucket, key, 'null');
      return undefined;
    }
    const marker: ObjectVersion = {
      versionId: bucket.versioning === 'Enabled' ? randomBytes(24).toString('base64url') : 'null',
      lastModified: new Date().toISOString(),
      size: 0,
      etag: '',
      headers: {},
      checksums: {},
      encryption: { algorithm: 'AES256' },
    };
    await this.#addVersion(bucket.name, key, marker);
    return marker;
  }

  /** Deletes one version permanently. Returns the version, or undefined when it did not exist. */
  async deleteVersion(bucket: Bucket, key: string, versionId: string): Promise<ObjectVersion | undefined> {
    const versions = this.versionsOf(bucket.name, key);
    const removed = versions.find((version) => version.versionId === versionId);
    if (!removed) return undefined;
    this.#putVersions(
      bucket.name,
      key,
      versions.filter((version) => version !== removed),
    );
    await this.#removeFile(removed.file);
    return removed;
  }

  /**
   * Adds a version. Without versioning, and while versioning is suspended, a write replaces the version named "null".
   */
  async #addVersion(bucket: string, key: string, version: ObjectVersion): Promise<void> {
    const versions = this.versionsOf(bucket, key);
    const replaced = versions.find((other) => other.versionId === version.versionId);
    this.#putVersions(bucket, key, [version, ...versions.filter((other) => other !== replaced)]);
    await this.#removeFile(replaced?.file);
  }

  #putVersions(bucket: string, key: string, versions: readonly ObjectVersion[]): void {
    if (versions.length === 0) {
      this.#documents.delete(documentKey(bucket, key));
      this.#objects.get(bucket)?.delete(key);
    } else {
      this.#documents.put(documentKey(bucket, key), versions);
      this.#objects.get(bucket)?.set(key, versions);
    }
  }

  #requireCondition(bucket: string, key: string, condition: WriteCondition): void {
    const [current] = this.versionsOf(bucket, key);
    const exists = current !== undefined && !isDeleteMarker(current);
    const failed = (header: string) =>
      new AwsError('PreconditionFailed', 'At least one of the pre-conditions you specified did not hold', 412, {
        Condition: header,
      });
    if (condition.mustBeAbsent && exists) throw failed('If-None-Match');
    if (condition.mustHaveEtag === undefined) return;
    if (!exists) throw new AwsError('NoSuchKey', 'The specified key does not exist.', 404, { Key: key });
    if (condition.mustHaveEtag !== '*' && condition.mustHaveEtag !== current.etag) throw failed('If-Match');
  }

  /**
   * Returns the ETag of an object. As in AWS, it is the MD5 of the bytes, except when KMS encrypts them; then it is
   * opaque.
   */
  #etagOf(object: NewObject): string {
    const hash = createHash('md5').update(object.body);
    return (object.encryption.algorithm === 'aws:kms' ? hash.update(randomBytes(8)) : hash).digest('hex');
  }

  async #removeFile(file: string | undefined): Promise<void> {
    if (file !== undefined) await rm(join(this.#directory, file), { force: true });
  }
}
