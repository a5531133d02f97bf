import {
  CopyObjectCommand,
  DeleteObjectCommand,
  GetObjectCommand,
  HeadObjectCommand,
  NoSuchKey,
  PutObjectCommand,
  S3Client,
  S3ServiceException,
} from '@aws-sdk/client-s3';
import { BuildResultError } from '../domain/errors.ts';
import type { Artifact, ArtifactStore, CopiedArtifact, StoredText } from '../domain/ports.ts';

/** The most bytes that are read. Stagegate's objects are smaller, even plans of 5,000 resources and price sheets. */
const MOST_BYTES = 64 * 1024 * 1024;

export class S3ArtifactStore implements ArtifactStore {
  readonly bucket: string;
  readonly #client: S3Client;

  constructor(bucket: string, client: S3Client = new S3Client({})) {
    this.bucket = bucket;
    this.#client = client;
  }

  async getJson(
    key: string,
    versionId?: string,
    mostBytes = MOST_BYTES,
  ): Promise<{ value: unknown; versionId: string } | undefined> {
    const found = await this.#get(key, versionId, mostBytes);
    return found && { value: parse(key, found.text), versionId: found.versionId };
  }

  async getText(key: string): Promise<StoredText | undefined> {
    const found = await this.#get(key);
    return found && { text: found.text, modifiedAt: found.modifiedAt };
  }

  async putJson(key: string, value: unknown): Promise<Artifact> {
    const { VersionId } = await this.#client.send(
      new PutObjectCommand({
        Bucket: this.bucket,
        Key: key,
        Body: JSON.stringify(value),
        ContentType: 'application/json',
      }),
    );
    if (!VersionId) throw new Error(`writing ${key}: bucket ${this.bucket} is not versioned`);
    return { key, versionId: VersionId };
  }

  async copyOnce(from: string, to: string): Promise<CopiedArtifact | undefined> {
    const original = await this.#head(from);
    if (!original) return undefined;
    const { versionId, sha256 } = original;
    if (sha256 === undefined) throw new BuildResultError(`copying ${from}: it has no SHA-256`);
    const source = `${encodePath(`${this.bucket}/${from}`)}?versionId=${encodeURIComponent(versionId)}`;
    const copy = new CopyObjectCommand({ Bucket: this.bucket, Key: to, CopySource: source, IfNoneMatch: '*' });
    try {
      const { VersionId } = await this.#client.send(copy);
      if (!VersionId) throw new Error(`copying to ${to}: bucket ${this.bucket} is not versioned`);
      return { key: to, versionId: VersionId, sha256 };
    } catch (error) {
      if (!(error instanceof S3ServiceException) || error.name !== 'PreconditionFailed') throw error;
      // The answer to an earlier copy was lost.
      const found = await this.#head(to);
      if (found?.sha256 !== sha256) throw new BuildResultError(`copying to ${to}: something else is there`);
      return { key: to, versionId: found.versionId, sha256 };
    }
  }

  async isThere({ key, versionId }: Artifact): Promise<boolean> {
    return (await this.#head(key))?.versionId === versionId;
  }

  async deleteForGood(key: string, versionId?: string): Promise<void> {
    const wanted = versionId ?? (await this.#head(key))?.versionId;
    if (wanted === undefined) return;
    await this.#client.send(new DeleteObjectCommand({ Bucket: this.bucket, Key: key, VersionId: wanted }));
  }

  /** Returns version and SHA-256 (in hexadecimal digits) of the newest version of an object, if it exists. */
  async #head(key: string): Promise<{ readonly versionId: string; readonly sha256: string | undefined } | undefined> {
    const head = new HeadObjectCommand({ Bucket: this.bucket, Key: key, ChecksumMode: 'ENABLED' });
    try {
      const { VersionId, ChecksumSHA256 } = await this.#client.send(head);
      if (!VersionId) throw new Error(`looking at ${key}: bucket ${this.bucket} is not versioned`);
      const sha256 = ChecksumSHA256 && Buffer.from(ChecksumSHA256, 'base64').toString('hex');
      return { versionId: VersionId, sha256: sha256 || undefined };
    } catch (error) {
      // The answer to HEAD has no body, so the SDK knows errors by their status alone.
      const status = error instanceof S3ServiceException ? error.$metadata.httpStatusCode : undefined;
      if (status === 403 || status === 404) return undefined;
      throw error;
    }
  }

  async #get(
    key: string,
    versionId?: string,
    mostBytes = MOST_BYTES,
  ): Promise<(StoredText & { versionId: string }) | undefined> {
    try {
      const {
        Body,
        ContentLength = 0,
        LastModified,
        VersionId,
      } = await this.#client.send(
        new GetObjectCommand({ Bucket: this.bucket, Key: key, ...(versionId && { VersionId: versionId }) }),
      );
      if (ContentLength > mostBytes) throw new BuildResultError(`reading ${key}: ${ContentLength} bytes are too many`);
      const text = (await Body?.transformToString('utf8')) ?? '';
      return { text, versionId: VersionId ?? '', modifiedAt: (LastModified ?? new Date(0)).toISOString() };
    } catch (error) {
      if (error instanceof NoSuchKey || isAbsent(error)) return undefined;
      throw error;
    }
  }
}

/** Returns whether an object is missing. No function has s3:ListBucket, and without it S3 answers 403, not 404. */
const isAbsent = (error: unknown): boolean =>
  error instanceof S3ServiceException && (error.name === 'AccessDenied' || error.name === 'NoSuchVersion');

const encodePath = (path: string): string => path.split('/').map(encodeURIComponent).join('/');

function parse(key: string, text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new BuildResultError(`reading ${key}: not JSON`, { cause });
  }
}
