import { createCipheriv, createDecipheriv, createHmac, randomBytes, timingSafeEqual } from 'node:crypto';
import { AwsError } from '../../door/wire.ts';

/** A KMS key; its material never leaves this folder. */
export interface KmsKey {
  readonly id: string;
  readonly arn: string;
  readonly spec: 'SYMMETRIC_DEFAULT' | 'HMAC_256';
  readonly description: string;
  readonly material: Buffer;
}

const ID_LENGTH = 36;
const IV_LENGTH = 12;
const TAG_LENGTH = 16;

export const MAC_ALGORITHM = 'HMAC_SHA_256';

export function generateMac(key: KmsKey, message: Buffer): Buffer {
  requireSpec(key, 'HMAC_256');
  return createHmac('sha256', key.material).update(message).digest();
}

export function verifyMac(key: KmsKey, message: Buffer, mac: Buffer): boolean {
  const expected = generateMac(key, message);
  return mac.length === expected.length && timingSafeEqual(mac, expected);
}

/** Encrypts with a key. As in AWS, the ciphertext contains the key's id, so that decrypting needs none. */
export function encrypt(key: KmsKey, plaintext: Buffer, context: Readonly<Record<string, string>>): Buffer {
  requireSpec(key, 'SYMMETRIC_DEFAULT');
  const iv = randomBytes(IV_LENGTH);
  const cipher = createCipheriv('aes-256-gcm', key.material, iv).setAAD(contextBytes(context));
  const encrypted = Buffer.concat([cipher.update(plaintext), cipher.final()]);
  return Buffer.concat([Buffer.from(key.id), iv, cipher.getAuthTag(), encrypted]);
}

export function keyIdOfCiphertext(ciphertext: Buffer): string {
  return ciphertext.subarray(0, ID_LENGTH).toString('latin1');
}

export function decrypt(key: KmsKey, ciphertext: Buffer, context: Readonly<Record<string, string>>): Buffer {
  requireSpec(key, 'SYMMETRIC_DEFAULT');
  const tagStart = ID_LENGTH + IV_LENGTH;
  try {
    const decipher = createDecipheriv('aes-256-gcm', key.material, ciphertext.subarray(ID_LENGTH, tagStart))
      .setAAD(contextBytes(context))
      .setAuthTag(ciphertext.subarray(tagStart, tagStart + TAG_LENGTH));
    return Buffer.concat([decipher.update(ciphertext.subarray(tagStart + TAG_LENGTH)), decipher.final()]);
  } catch {
    throw new AwsError(
      'InvalidCiphertextException',
      'the ciphertext, its key or its encryption context is not the one used to encrypt',
    );
  }
}

function requireSpec(key: KmsKey, spec: KmsKey['spec']): void {
  if (key.spec !== spec) {
    throw new AwsError('InvalidKeyUsageException', `${key.arn} is a ${key.spec} key; this operation needs ${spec}`);
  }
}

const contextBytes = (context: Readonly<Record<string, string>>): Buffer =>
  Buffer.from(JSON.stringify(Object.entries(context).sort(([a], [b]) => (a < b ? -1 : 1))));
