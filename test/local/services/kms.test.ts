// biome-ignore-all lint/suspicious/noTemplateCurlyInString: these are placeholders of CloudFormation
import {
  DecryptCommand,
  DescribeKeyCommand,
  EncryptCommand,
  GenerateDataKeyCommand,
  GenerateMacCommand,
  KMSClient,
  VerifyMacCommand,
} from '@aws-sdk/client-kms';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { ACCOUNT, type CoreCloud, openCoreCloud } from '../core-cloud.ts';
import { temporaryDirectory } from '../temporary-directory.ts';

const KeyPolicy = {
  Version: '2012-10-17',
  Statement: [
    {
      Effect: 'Allow',
      Principal: { AWS: { 'Fn::Sub': 'arn:${AWS::Partition}:iam::${AWS::AccountId}:root' } },
      Action: 'kms:*',
      Resource: '*',
    },
  ],
};
const resources = {
  Data: { Type: 'AWS::KMS::Key', Properties: { KeyPolicy, EnableKeyRotation: true } },
  Links: { Type: 'AWS::KMS::Key', Properties: { KeyPolicy, KeySpec: 'HMAC_256', KeyUsage: 'GENERATE_VERIFY_MAC' } },
  Alias: {
    Type: 'AWS::KMS::Alias',
    Properties: { AliasName: 'alias/links', TargetKeyId: { 'Fn::GetAtt': ['Links', 'Arn'] } },
  },
};

const Message = Buffer.from('deployment/gate/approver');
const MacAlgorithm = 'HMAC_SHA_256';

describe('KMS', () => {
  let cloud: CoreCloud;
  let kms: KMSClient;
  beforeAll(async () => {
    cloud = await openCoreCloud({ resources });
    kms = new KMSClient(cloud.operator);
  });
  afterAll(() => cloud.stop());

  const arnOf = (logicalId: string) => cloud.stack.resources.get(logicalId)?.attributes.Arn ?? '';

  test('makes and verifies message authentication codes, by key and by alias', async () => {
    const made = await kms.send(new GenerateMacCommand({ KeyId: 'alias/links', Message, MacAlgorithm }));
    expect(made).toMatchObject({ KeyId: arnOf('Links'), MacAlgorithm });
    const verified = await kms.send(
      new VerifyMacCommand({ KeyId: arnOf('Links'), Message, Mac: made.Mac, MacAlgorithm }),
    );
    expect(verified.MacValid).toBe(true);
    await expect(
      kms.send(
        new VerifyMacCommand({ KeyId: arnOf('Links'), Message: Buffer.from('other'), Mac: made.Mac, MacAlgorithm }),
      ),
    ).rejects.toMatchObject({
      name: 'KMSInvalidMacException',
    });
  });

  test('decrypts what it encrypted, with the same encryption context only', async () => {
    const { CiphertextBlob } = await kms.send(
      new EncryptCommand({ KeyId: arnOf('Data'), Plaintext: Buffer.from('secret'), EncryptionContext: { for: 'a' } }),
    );
    const { Plaintext, KeyId } = await kms.send(
      new DecryptCommand({ CiphertextBlob, EncryptionContext: { for: 'a' } }),
    );
    expect({ text: Buffer.from(Plaintext ?? []).toString(), KeyId }).toEqual({ text: 'secret', KeyId: arnOf('Data') });
    await expect(
      kms.send(new DecryptCommand({ CiphertextBlob, EncryptionContext: { for: 'b' } })),
    ).rejects.toMatchObject({
      name: 'InvalidCiphertextException',
    });
  });

  test('a data key comes in clear and encrypted', async () => {
    const { Plaintext, CiphertextBlob } = await kms.send(
      new GenerateDataKeyCommand({ KeyId: arnOf('Data'), KeySpec: 'AES_256' }),
    );
    expect(Plaintext).toHaveLength(32);
    expect((await kms.send(new DecryptCommand({ CiphertextBlob }))).Plaintext).toEqual(Plaintext);
  });

  test('describes its keys and knows no others', async () => {
    expect((await kms.send(new DescribeKeyCommand({ KeyId: arnOf('Links') }))).KeyMetadata).toMatchObject({
      KeyUsage: 'GENERATE_VERIFY_MAC',
      KeySpec: 'HMAC_256',
    });
    await expect(kms.send(new DescribeKeyCommand({ KeyId: 'alias/none' }))).rejects.toMatchObject({
      name: 'NotFoundException',
    });
  });

  test('a key is used for what it is made for', async () => {
    await expect(kms.send(new EncryptCommand({ KeyId: arnOf('Links'), Plaintext: Message }))).rejects.toMatchObject({
      name: 'InvalidKeyUsageException',
    });
    await expect(
      kms.send(new GenerateMacCommand({ KeyId: arnOf('Data'), Message, MacAlgorithm })),
    ).rejects.toMatchObject({ name: 'InvalidKeyUsageException' });
  });

  test('each action needs its own permission on that key', async () => {
    const client = new KMSClient(
      await cloud.clientOf([{ Effect: 'Allow', Action: 'kms:GenerateMac', Resource: arnOf('Links') }]),
    );
    const { Mac } = await client.send(new GenerateMacCommand({ KeyId: arnOf('Links'), Message, MacAlgorithm }));
    await expect(
      client.send(new VerifyMacCommand({ KeyId: arnOf('Links'), Message, Mac, MacAlgorithm })),
    ).rejects.toMatchObject({
      name: 'AccessDeniedException',
      message: expect.stringMatching(
        new RegExp(
          `assumed-role/test-\\d+/test is not authorized to perform: kms:VerifyMac on resource: ${arnOf('Links')} because no identity-based policy allows`,
        ),
      ),
    });
  });

  test('a condition on the encryption context is judged', async () => {
    const statement = {
      Effect: 'Allow',
      Action: 'kms:Encrypt',
      Resource: '*',
      Condition: { StringEquals: { 'kms:EncryptionContext:for': 'a' } },
    };
    const client = new KMSClient(await cloud.clientOf([statement]));
    const encrypt = (EncryptionContext: Record<string, string>) =>
      client.send(new EncryptCommand({ KeyId: arnOf('Data'), Plaintext: Message, EncryptionContext }));
    await expect(encrypt({ for: 'a' })).resolves.toMatchObject({ KeyId: arnOf('Data') });
    await expect(encrypt({ for: 'b' })).rejects.toMatchObject({ name: 'AccessDeniedException' });
  });
});

test('keys keep their id and their material across restarts', async () => {
  const dataDirectory = temporaryDirectory();
  const made = [];
  for (const _ of ['first start', 'second start']) {
    const cloud = await openCoreCloud({ resources, dataDirectory });
    const { Mac, KeyId } = await new KMSClient(cloud.operator).send(
      new GenerateMacCommand({ KeyId: 'alias/links', Message, MacAlgorithm }),
    );
    made.push({ Mac, KeyId });
    await cloud.stop();
  }
  expect(made[0]?.KeyId).toContain(`:${ACCOUNT}:key/`);
  expect(made[1]).toEqual(made[0]);
});

test('a key of an unsupported kind fails by name', async () => {
  const Key = { Type: 'AWS::KMS::Key', Properties: { KeyPolicy, KeySpec: 'RSA_2048' } };
  await expect(openCoreCloud({ resources: { Key } })).rejects.toThrow('KeySpec');
});
