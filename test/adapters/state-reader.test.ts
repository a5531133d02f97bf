import {
  CreateBucketCommand,
  GetObjectCommand,
  PutObjectCommand,
  S3Client,
  S3ServiceException,
} from '@aws-sdk/client-s3';
import { STSClient } from '@aws-sdk/client-sts';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { S3StateReader } from '../../lambdas/adapters/s3-state-reader.ts';
import { anEnvironment } from '../harness/builders.ts';
import { mockedClient } from '../harness/mocked-client.ts';
import { clientAt, isMotoInstalled, startMoto } from '../harness/moto.ts';
import type { ServerProcess } from '../harness/server-process.ts';

const ENVIRONMENT = anEnvironment({ name: 'dev1', accountId: '123456789012' });
const ADDRESS = { bucket: 'acme-state', key: 'apps/my-app/dev1/terraform.tfstate', region: 'eu-west-1' };
const STATE = {
  version: 4,
  terraform_version: '1.11.4',
  serial: 7,
  lineage: 'a-lineage',
  outputs: {},
  resources: [
    { mode: 'managed', type: 'aws_sqs_queue', name: 'jobs', instances: [{ attributes: {} }, { deposed: 'ab12cd34' }] },
    { mode: 'data', type: 'aws_region', name: 'here', instances: [{ attributes: {} }] },
    { module: 'module.a["x"]', mode: 'managed', type: 'aws_sqs_queue', name: 'jobs', instances: [{ attributes: {} }] },
  ],
};
const PLACE =
  'reading the state s3://acme-state/apps/my-app/dev1/terraform.tfstate as arn:aws:iam::123456789012:role/stagegate-my-app-dev1-state';

if (isMotoInstalled()) describe('states on moto', onMoto);

function onMoto(): void {
  let moto: ServerProcess;
  let states: S3StateReader;
  let s3: S3Client;
  beforeAll(async () => {
    moto = await startMoto();
    const at = clientAt(moto.endpoint);
    s3 = new S3Client({ ...at, forcePathStyle: true });
    states = new S3StateReader(
      'stagegate',
      (access) => new S3Client({ ...at, forcePathStyle: true, ...access }),
      new STSClient(at),
    );
    const CreateBucketConfiguration = { LocationConstraint: 'eu-west-1' as const };
    await s3.send(new CreateBucketCommand({ Bucket: ADDRESS.bucket, CreateBucketConfiguration }));
  });
  afterAll(async () => {
    s3.destroy();
    await moto.stop();
  });
  const write = (key: string, Body: string) =>
    s3.send(new PutObjectCommand({ Bucket: ADDRESS.bucket, Key: key, Body }));

  test('that are not there have no head, and nothing in them', async () => {
    const nowhere = { ...ADDRESS, key: 'apps/my-app/dev1/absent.tfstate' };
    expect(await states.head(ENVIRONMENT, nowhere)).toBeNull();
    expect(await states.countResources(ENVIRONMENT, nowhere)).toBe(0);
  });

  test('are counted with deposed objects and without data', async () => {
    await write(ADDRESS.key, JSON.stringify(STATE));
    expect(await states.head(ENVIRONMENT, ADDRESS)).toEqual({ serial: 7, lineage: 'a-lineage' });
    expect(await states.countResources(ENVIRONMENT, ADDRESS)).toBe(3);
    await write(ADDRESS.key, JSON.stringify({ ...STATE, resources: [] }));
    expect(await states.countResources(ENVIRONMENT, ADDRESS)).toBe(0);
  });

  test.each([
    ['empty objects', '', 'it is no Terraform state'],
    ['no JSON', '{"password": "s3cr3t', 'it is no Terraform state'],
    [
      'an encrypted state',
      '{"serial":7,"lineage":"a-lineage","encrypted_data":"c2VjcmV0","encryption_version":"v0"}',
      'OpenTofu has encrypted it',
    ],
    [
      'a state that lists nothing',
      JSON.stringify({ version: 4, serial: 7, lineage: 'a-lineage' }),
      'it is no Terraform state',
    ],
  ])('that are %s are not taken for empty, and not quoted', async (_, text, why) => {
    await write(ADDRESS.key, text);
    await expect(states.countResources(ENVIRONMENT, ADDRESS)).rejects.toMatchObject({
      name: 'StateUnreadableError',
      message: `${PLACE}: ${why}`,
    });
  });

  test('in a bucket that is gone cannot be read', async () => {
    await expect(states.countResources(ENVIRONMENT, { ...ADDRESS, bucket: 'acme-gone' })).rejects.toMatchObject({
      name: 'StateUnreadableError',
      message: expect.stringContaining(': NoSuchBucket'),
    });
  });
}

describe('a state that cannot be read', () => {
  const s3 = new S3Client({ region: 'eu-west-1' });
  const answers = mockedClient(s3);
  const states = new S3StateReader('stagegate', () => s3, new STSClient({ region: 'eu-west-1' }), 20);
  beforeEach(() => void answers.reset());

  test('because it is refused is not an absent one', async () => {
    const refusal = {
      name: 'AccessDenied',
      $fault: 'client' as const,
      $metadata: {},
      message: 'no identity-based policy',
    };
    answers.on(GetObjectCommand).rejects(new S3ServiceException(refusal));
    for (const read of [states.head(ENVIRONMENT, ADDRESS), states.countResources(ENVIRONMENT, ADDRESS)])
      await expect(read).rejects.toMatchObject({ name: 'StateUnreadableError', message: `${PLACE}: AccessDenied` });
  });

  test('because it is far too large is not even downloaded', async () => {
    answers.on(GetObjectCommand).resolves({ ContentLength: 64 * 1024 * 1024 + 1 });
    await expect(states.countResources(ENVIRONMENT, ADDRESS)).rejects.toThrow(
      `${PLACE}: it has 67108865 bytes, more than 67108864`,
    );
  });

  test('because nobody answers is given up in time, which says nothing about the state', async () => {
    answers.on(GetObjectCommand).callsFake(() => new Promise(() => undefined));
    await expect(states.countResources(ENVIRONMENT, ADDRESS)).rejects.toMatchObject({
      name: 'TimeoutError',
      message: 'it took more than 0.02 seconds',
    });
  });
});
