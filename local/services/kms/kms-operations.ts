import { randomBytes } from 'node:crypto';
import * as z from 'zod';
import { AwsError, type CallContext, type Operation, type RequiredPermission } from '../../door/wire.ts';
import type { KeyStore } from './key-store.ts';
import { decrypt, encrypt, generateMac, type KmsKey, keyIdOfCiphertext, MAC_ALGORITHM, verifyMac } from './kms-key.ts';

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

/** Makes the operations of the KMS API that use keys. */
export function createKmsOperations(keys: KeyStore, accountId: string): Record<string, Operation> {
  const ciphertextKey = ({ KeyId, CiphertextBlob }: { KeyId?: string; CiphertextBlob: Buffer }): KmsKey => {
    const key = keys.find(keyIdOfCiphertext(CiphertextBlob));
    if (KeyId !== undefined && keys.find(KeyId) !== key) {
      throw new AwsError('IncorrectKeyException', `the ciphertext was not made with key ${KeyId}`);
    }
    return key;
  };

  return {
    GenerateMac: {
      permissions(input, call) {
        const request = GenerateMacInput.parse(input);
        return demand('GenerateMac', keys.find(request.KeyId), call, request);
      },
      async perform(input) {
        const { KeyId, Message } = GenerateMacInput.parse(input);
        const key = keys.find(KeyId);
        return { KeyId: key.arn, Mac: generateMac(key, Message), MacAlgorithm: MAC_ALGORITHM };
      },
    },
    VerifyMac: {
      permissions(input, call) {
        const request = VerifyMacInput.parse(input);
        return demand('VerifyMac', keys.find(request.KeyId), call, request);
      },
      async perform(input) {
        const { KeyId, Message, Mac } = VerifyMacInput.parse(input);
        const key = keys.find(KeyId);
        if (!verifyMac(key, Message, Mac))
          throw new AwsError('KMSInvalidMacException', 'the MAC is not valid for the message');
        return { KeyId: key.arn, MacValid: true, MacAlgorithm: MAC_ALGORITHM };
      },
    },
    Encrypt: {
      permissions(input, call) {
        const request = EncryptInput.parse(input);
        return demand('Encrypt', keys.find(request.KeyId), call, request);
      },
      async perform(input) {
        const request = EncryptInput.parse(input);
        const key = keys.find(request.KeyId);
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
        return demand('GenerateDataKey', keys.find(request.KeyId), call, request);
      },
      async perform(input) {
        const request = GenerateDataKeyInput.parse(input);
        const key = keys.find(request.KeyId);
        const Plaintext = randomBytes(request.NumberOfBytes ?? (request.KeySpec === 'AES_128' ? 16 : 32));
        return { KeyId: key.arn, Plaintext, CiphertextBlob: encrypt(key, Plaintext, request.EncryptionContext) };
      },
    },
    DescribeKey: {
      permissions(input, call) {
        const request = DescribeKeyInput.parse(input);
        return demand('DescribeKey', keys.find(request.KeyId), call, request);
      },
      async perform(input) {
        const key = keys.find(DescribeKeyInput.parse(input).KeyId);
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
}

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
