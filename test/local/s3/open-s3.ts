import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { S3Client } from '@aws-sdk/client-s3';
import { SILENT } from '../../../buildspecs/program/providers/s3-provider-cache.ts';
import { roleSession } from '../../../local/door/callers.ts';
import { createDoor, type LocalDoor, OPERATOR_CREDENTIALS } from '../../../local/door/door.ts';
import { startDoorServer } from '../../../local/door/door-server.ts';
import type { Credentials } from '../../../local/door/wire.ts';
import { openDatabase } from '../../../local/persistence/database.ts';
import { createKmsService } from '../../../local/services/kms/kms-service.ts';
import type { LocalContext } from '../../../local/services/local-context.ts';
import { createS3Service, type S3Service } from '../../../local/services/s3/s3-service.ts';

const accountId = '111111111111';
const region = 'eu-west-1';

/** The local S3 behind the real door, for clients of the unmodified SDK. */
export interface OpenS3 {
  readonly s3: S3Service;
  readonly door: LocalDoor;
  readonly url: string;
  /** A client with the permissions of the person who runs the local cloud. */
  readonly operator: S3Client;
  /** Returns a client with a role that has only these statements. */
  roleClient(name: string, statements: readonly object[]): S3Client;
  createBucket(name: string, properties?: Readonly<Record<string, unknown>>): Promise<void>;
  createKey(): Promise<string>;
  close(): Promise<void>;
}

const trust = {
  Statement: [{ Effect: 'Allow', Principal: { Service: 'codebuild.amazonaws.com' }, Action: 'sts:AssumeRole' }],
};

/** Opens the local S3. With a directory, its objects are kept after it is closed. */
export async function openS3(directory?: string): Promise<OpenS3> {
  const filesDirectory = directory ?? mkdtempSync(join(tmpdir(), 'stagegate-s3-'));
  const log = () => {};
  const door = createDoor({ accountId, region, log });
  const server = await startDoorServer(door, log);
  const database = openDatabase(directory);
  const context: LocalContext = {
    door,
    database,
    accountId,
    region,
    filesDirectory,
    log,
    endpoint: () => server.url,
    assemblyDirectory: filesDirectory,
    findAsset: ({ key }) => {
      throw new Error(`no asset ${key}`);
    },
  };
  const s3 = createS3Service(context);
  const kms = createKmsService(context);
  door.register(s3.service);
  if (kms.service) door.register(kms.service);
  const clients: S3Client[] = [];
  const clientOf = (credentials: Pick<Credentials, 'accessKeyId' | 'secretAccessKey'>) => {
    const client = new S3Client({ endpoint: server.url, region, credentials, maxAttempts: 1, logger: SILENT });
    clients.push(client);
    return client;
  };
  const resource = { logicalId: 'Thing', generatedName: 'Stack-Thing-0123456789AB' };
  return {
    s3,
    door,
    url: server.url,
    operator: clientOf(OPERATOR_CREDENTIALS),
    roleClient(name, statements) {
      const roleArn = `arn:aws:iam::${accountId}:role/${name}`;
      door.policies.putRole(roleArn, trust);
      door.policies.putRolePolicy(roleArn, 'own', { Statement: statements });
      return clientOf(door.issueCredentials(roleSession(roleArn, 'session')));
    },
    async createBucket(name, properties = {}) {
      const type = 'AWS::S3::Bucket';
      await s3.provisioners[type]?.({ ...resource, type, properties: { BucketName: name, ...properties } });
    },
    async createKey() {
      const type = 'AWS::KMS::Key';
      const account = { AWS: `arn:aws:iam::${accountId}:root` };
      const KeyPolicy = { Statement: [{ Effect: 'Allow', Principal: account, Action: 'kms:*', Resource: '*' }] };
      const key = await kms.provisioners[type]?.({ ...resource, type, properties: { KeyPolicy } });
      return key?.attributes.Arn ?? '';
    },
    async close() {
      for (const client of clients) client.destroy();
      await server.close();
      database.close();
      if (!directory) rmSync(filesDirectory, { recursive: true, force: true });
    },
  };
}
