import { createHash, randomBytes } from 'node:crypto';
import * as z from 'zod';
import { BooleanProperty, NumberProperty, parseProperties, TagsProperty } from '../../assembly/properties.ts';
import { createJsonProtocol } from '../../door/json-protocol.ts';
import { AwsError, type CallContext, type Operation, type RequiredPermission } from '../../door/wire.ts';
import type { LocalContext } from '../local-context.ts';
import type { LocalService } from '../local-service.ts';
import { decrypt, encrypt, generateMac, type KmsKey, keyIdOfCiphertext, MAC_ALGORITHM, verifyMac } from './kms-key.ts';

export interface KmsService extends LocalService {
  /** ARN of the key behind a key id, an ARN or `alias/<name>`; throws NotFoundException. */
  resolveKeyArn(keyId: string): string;
}

const KeyProperties = z.strictObject({
  KeyPolicy: z.unknown(),
  KeySpec: z.enum(['SYMMETRIC_DEFAULT', 'HMAC_256']).default('SYMMETRIC_DEFAULT'),
  KeyUsage: z.enum(['ENCRYPT_DECRYPT', 'GENERATE_VERIFY_MAC']).default('ENCRYPT_DECRYPT'),
  Description: z.string().default(''),
  Enabled: BooleanProperty.pipe(z.literal(true)).optional(),
  EnableKeyRotation: BooleanProperty.optional(),
  MultiRegion: BooleanProperty.pipe(z.literal(false)).optional(),
  PendingWindowInDays: NumberProperty.optional(),
  RotationPeriodInDays: NumberProperty.optional(),
  Tags: TagsProperty,
});
const AliasProperties = z.strictObject({ AliasName: z.string().startsWith('alias/'), TargetKeyId: z.string() });

const Blob = z.union([
  z.string().transform((text) => Buffer.from(text, 'base64')),
  z.instanceof(Uint8Array).transform((bytes) => Buffer.from(bytes)),
]);
const EncryptionContext = z.record(z.string(), z.string()).default({});

const GenerateMacInput = z.object({ KeyId: z.string(), Message: Blob, MacAlgorithm: z.literal(MAC_ALGORITHM) });
const VerifyMacInput = GenerateMacInput.extend({ Mac: Blob });
const EncryptInput = z.object({ KeyId: z.string(), Plaintext: Blob, EncryptionContext });
const DecryptInput = z.object({ KeyId: z.string().optional(), CiphertextBlob: Blob, EncryptionContext });
const GenerateDataKeyInput = z.object({
  KeyId: z.string(),
  KeySpec: z.enum(['AES_256', 'AES_128']).optional(),
  NumberOfBytes: z.number().int().min(1).max(1024).optional(),
  EncryptionContext,
});
const DescribeKeyInput = z.object({ KeyId: z.string() });

/** KMS with symmetric and HMAC keys; their material is kept in the database, so that what they made stays valid. */
export function createKmsService(
  context: Pick<LocalContext, 'accountId' | 'region' | 'database' | 'door'>,
): KmsService {
  const { accountId, region, database, door } = context;
  const keys = new Map<string, KmsKey>();
  const aliases = new Map<string, string>();
  const materials = database.collection<string>('kms-keys');

  const findKey = (keyId: string): KmsKey => {
    const name = keyId.replace(/^arn:aws:kms:[^:]*:\d*:(?:key\/)?/, '');
    const key = keys.get(name.startsWith('alias/') ? (aliases.get(name) ?? name) : name);
    if (!key || (keyId.startsWith('arn:') && !name.startsWith('alias/') && key.arn !== keyId)) {
      throw new AwsError('NotFoundException', `Key '${keyId}' does not exist`);
    }
    return key;
  };
  const ciphertextKey = ({ KeyId, CiphertextBlob }: { KeyId?: string; CiphertextBlob: Buffer }): KmsKey => {
    const key = findKey(keyIdOfCiphertext(CiphertextBlob));
    if (KeyId !== undefined && findKey(KeyId) !== key) {
      throw new AwsError('IncorrectKeyException', `the ciphertext was not made with key ${KeyId}`);
    }
    return key;
  };
  const demand = (
    action: string,
    key: KmsKey,
    { caller }: CallContext,
    requested: { KeyId?: string; EncryptionContext?: Record<string, string>; MacAlgorithm?: string },
  ): RequiredPermission[] => [
    {
      action: `kms:${action}`,
      resources: [key.arn],
      context: {
        'kms:CallerAccount': caller.accountId,
        ...(requested.MacAlgorithm ? { 'kms:MacAlgorithm': requested.MacAlgorithm } : {}),
        ...(requested.KeyId?.startsWith('alias/') ? { 'kms:RequestAlias': requested.KeyId } : {}),
        ...Object.fromEntries(
          Object.entries(requested.EncryptionContext ?? {}).map(([name, value]) => [
            `kms:EncryptionContext:${name}`,
            value,
          ]),
        ),
      },
    },
  ];

  const operations: Record<string, Operation> = {
    GenerateMac: {
      permissions(input, call) {
        const request = GenerateMacInput.parse(input);
        return demand('GenerateMac', findKey(request.KeyId), call, request);
      },
      async perform(input) {
        const { KeyId, Message } = GenerateMacInput.parse(input);
        const key = findKey(KeyId);
        return { KeyId: key.arn, Mac: generateMac(key, Message), MacAlgorithm: MAC_ALGORITHM };
      },
    },
    VerifyMac: {
      permissions(input, call) {
        const request = VerifyMacInput.parse(input);
        return demand('VerifyMac', findKey(request.KeyId), call, request);
      },
      async perform(input) {
        const { KeyId, Message, Mac } = VerifyMacInput.parse(input);
        const key = findKey(KeyId);
        if (!verifyMac(key, Message, Mac))
          throw new AwsError('KMSInvalidMacException', 'the MAC is not valid for the message');
        return { KeyId: key.arn, MacValid: true, MacAlgorithm: MAC_ALGORITHM };
      },
    },
    Encrypt: {
      permissions(input, call) {
        const request = EncryptInput.parse(input);
        return demand('Encrypt', findKey(request.KeyId), call, request);
      },
      async perform(input) {
        const request = EncryptInput.parse(input);
        const key = findKey(request.KeyId);
        const CiphertextBlob = encrypt(key, request.Plaintext, request.EncryptionContext);
        return { KeyId: key.arn, CiphertextBlob, EncryptionAlgorithm: 'SYMMETRIC_DEFAULT' };
      },
    },
    Decrypt: {
      permissions(input, call) {
        const request = DecryptInput.parse(input);
        return demand('Decrypt', ciphertextKey(request), call, request);
      },
      async perform(input) {
        const request = DecryptInput.parse(input);
        const key = ciphertextKey(request);
        const Plaintext = decrypt(key, request.CiphertextBlob, request.EncryptionContext);
        return { KeyId: key.arn, Plaintext, EncryptionAlgorithm: 'SYMMETRIC_DEFAULT' };
      },
    },
    GenerateDataKey: {
      permissions(input, call) {
        const request = GenerateDataKeyInput.parse(input);
        return demand('GenerateDataKey', findKey(request.KeyId), call, request);
      },
      async perform(input) {
        const request = GenerateDataKeyInput.parse(input);
        const key = findKey(request.KeyId);
        const Plaintext = randomBytes(request.NumberOfBytes ?? (request.KeySpec === 'AES_128' ? 16 : 32));
        return { KeyId: key.arn, Plaintext, CiphertextBlob: encrypt(key, Plaintext, request.EncryptionContext) };
      },
    },
    DescribeKey: {
      permissions(input, call) {
        const request = DescribeKeyInput.parse(input);
        return demand('DescribeKey', findKey(request.KeyId), call, request);
      },
      async perform(input) {
        const key = findKey(DescribeKeyInput.parse(input).KeyId);
        const KeyUsage = key.spec === 'HMAC_256' ? 'GENERATE_VERIFY_MAC' : 'ENCRYPT_DECRYPT';
        return {
          KeyMetadata: {
            AWSAccountId: accountId,
            KeyId: key.id,
            Arn: key.arn,
            Description: key.description,
            KeySpec: key.spec,
            KeyUsage,
            KeyState: 'Enabled',
            Enabled: true,
          },
        };
      },
    },
  };

  return {
    resolveKeyArn: (keyId) => findKey(keyId).arn,
    service: {
      signingName: 'kms',
      protocol: createJsonProtocol({ targetPrefix: 'TrentService', version: '1.1' }),
      operations,
    },
    provisioners: {
      'AWS::KMS::Key'(resource) {
        const properties = parseProperties(resource, KeyProperties);
        const usage = properties.KeySpec === 'HMAC_256' ? 'GENERATE_VERIFY_MAC' : 'ENCRYPT_DECRYPT';
        if (properties.KeyUsage !== usage) {
          throw new Error(`KeyUsage ${properties.KeyUsage} does not fit KeySpec ${properties.KeySpec}`);
        }
        const id = stableUuid(`${accountId}/${region}/${resource.generatedName}`);
        const material = materials.get(id) ?? randomBytes(32).toString('base64');
        materials.put(id, material);
        const arn = `arn:aws:kms:${region}:${accountId}:key/${id}`;
        keys.set(id, {
          id,
          arn,
          spec: properties.KeySpec,
          description: properties.Description,
          material: Buffer.from(material, 'base64'),
        });
        door.setResourcePolicy(arn, properties.KeyPolicy);
        return { ref: id, attributes: { Arn: arn, KeyId: id } };
      },
      'AWS::KMS::Alias'(resource) {
        const { AliasName, TargetKeyId } = parseProperties(resource, AliasProperties);
        aliases.set(AliasName, findKey(TargetKeyId).id);
        return { ref: AliasName, attributes: {} };
      },
    },
  };
}

/** The same id on every start, so that ARNs written down by the application stay right. */
function stableUuid(seed: string): string {
  const hex = createHash('sha256').update(seed).digest('hex');
  return [hex.slice(0, 8), hex.slice(8, 12), `4${hex.slice(13, 16)}`, `8${hex.slice(17, 20)}`, hex.slice(20, 32)].join(
    '-',
  );
}
