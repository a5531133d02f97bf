import { createHash, createSign, generateKeyPairSync, type KeyObject } from 'node:crypto';

/** A key that signs as registries of providers do (RFC 4880, RSA). Engines install nothing without a signature. */
export interface SigningKey {
  /** Id of the key as registries publish it. */
  readonly id: string;
  readonly armored: string;
  /** Returns a detached signature of these bytes. */
  sign(content: Buffer): Buffer;
}

const SECONDS = 1_700_000_000;
const [SIGNATURE, PUBLIC_KEY, USER_ID] = [2, 6, 13];
const [OF_DATA, OF_USER_ID] = [0x00, 0x13];
const [RSA, SHA256] = [1, 8];
const [CREATED, ISSUER, KEY_FLAGS] = [2, 16, 27];
const MAY_SIGN = 3;

export function createSigningKey(): SigningKey {
  const { publicKey, privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  const { n = '', e = '' } = publicKey.export({ format: 'jwk' });
  const key = Buffer.concat([
    Buffer.from([4]),
    uint32(SECONDS),
    Buffer.from([RSA]),
    ...[n, e].map((number) => integer(Buffer.from(number, 'base64url'))),
  ]);
  const hashedKey = Buffer.concat([Buffer.from([0x99]), uint16(key.length), key]);
  const id = createHash('sha1').update(hashedKey).digest().subarray(-8);
  const name = Buffer.from('Stand-in <staff@example.com>');
  const hashedName = Buffer.concat([Buffer.from([0xb4]), uint32(name.length), name]);
  const signer = { privateKey, id };
  const entity = Buffer.concat([
    packet(PUBLIC_KEY, key),
    packet(USER_ID, name),
    signature(signer, OF_USER_ID, Buffer.concat([hashedKey, hashedName])),
  ]);
  return {
    id: id.toString('hex').toUpperCase(),
    armored: armorOf(entity),
    sign: (content) => signature(signer, OF_DATA, content),
  };
}

const armorOf = (entity: Buffer): string =>
  [
    '-----BEGIN PGP PUBLIC KEY BLOCK-----',
    '',
    ...(entity.toString('base64').match(/.{1,64}/g) ?? []),
    '-----END PGP PUBLIC KEY BLOCK-----',
    '',
  ].join('\n');

function signature({ privateKey, id }: { privateKey: KeyObject; id: Buffer }, type: number, content: Buffer): Buffer {
  const facts = Buffer.concat([
    subpacket(CREATED, uint32(SECONDS)),
    subpacket(ISSUER, id),
    subpacket(KEY_FLAGS, Buffer.from([MAY_SIGN])),
  ]);
  const hashed = Buffer.concat([Buffer.from([4, type, RSA, SHA256]), uint16(facts.length), facts]);
  const signed = Buffer.concat([content, hashed, Buffer.from([4, 0xff]), uint32(hashed.length)]);
  const digest = createHash('sha256').update(signed).digest();
  const value = createSign('sha256').update(signed).sign(privateKey);
  return packet(SIGNATURE, Buffer.concat([hashed, uint16(0), digest.subarray(0, 2), integer(value)]));
}

const packet = (tag: number, body: Buffer): Buffer =>
  Buffer.concat([Buffer.from([0xc0 | tag, 0xff]), uint32(body.length), body]);

const subpacket = (type: number, body: Buffer): Buffer => Buffer.concat([Buffer.from([body.length + 1, type]), body]);

/** Returns a number without leading zeros, after its length in bits. */
function integer(bytes: Buffer): Buffer {
  const number = bytes.subarray(bytes.findIndex((byte) => byte !== 0));
  return Buffer.concat([uint16(number.length * 8 - Math.clz32(number[0] ?? 0) + 24), number]);
}

function uint16(value: number): Buffer {
  const bytes = Buffer.alloc(2);
  bytes.writeUInt16BE(value);
  return bytes;
}

function uint32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return bytes;
}
