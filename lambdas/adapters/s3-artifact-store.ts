import { GetObjectCommand, NoSuchKey, PutObjectCommand, S3Client, S3ServiceException } from '@aws-sdk/client-s3';
import { BuildResultError } from '../domain/errors.ts';
import type { Artifact, ArtifactStore, StoredText } from '../domain/ports.ts';

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

function parse(key: string, text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new BuildResultError(`reading ${key}: not JSON`, { cause });
  }
}
