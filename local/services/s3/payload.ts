import { createHash } from 'node:crypto';
import { crc32 } from 'node:zlib';
import { AwsError } from '../../door/wire.ts';

/** Checksums of an object in base64, by the name in their header: `crc32`, `crc32c`, `crc64nvme`, `sha1`, `sha256`. */
export type Checksums = Readonly<Record<string, string>>;

const reversedPolynomial32c = 0x82f63b78;
const table32c = Uint32Array.from({ length: 256 }, (_, byte) => {
  let value = byte;
  for (let bit = 0; bit < 8; bit++) value = value & 1 ? (value >>> 1) ^ reversedPolynomial32c : value >>> 1;
  return value >>> 0;
});

function crc32c(body: Buffer): number {
  let value = 0xffffffff;
  for (const byte of body) value = (table32c[(value ^ byte) & 0xff] ?? 0) ^ (value >>> 8);
  return (value ^ 0xffffffff) >>> 0;
}

const reversedPolynomial64 = 0x9a6c9329ac4bc9b5n;
const table64 = BigUint64Array.from({ length: 256 }, (_, byte) => {
  let value = BigInt(byte);
  for (let bit = 0; bit < 8; bit++) value = value & 1n ? (value >> 1n) ^ reversedPolynomial64 : value >> 1n;
  return value;
});

function crc64nvme(body: Buffer): bigint {
  let value = 0xffffffffffffffffn;
  for (const byte of body) value = (table64[Number((value ^ BigInt(byte)) & 0xffn)] ?? 0n) ^ (value >> 8n);
  return value ^ 0xffffffffffffffffn;
}

function bigEndian32(value: number): string {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return bytes.toString('base64');
}

function bigEndian64(value: bigint): string {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64BE(value);
  return bytes.toString('base64');
}

const algorithms: Readonly<Record<string, (body: Buffer) => string>> = {
  crc32: (body) => bigEndian32(crc32(body)),
  crc32c: (body) => bigEndian32(crc32c(body)),
  crc64nvme: (body) => bigEndian64(crc64nvme(body)),
  sha1: (body) => createHash('sha1').update(body).digest('base64'),
  sha256: (body) => createHash('sha256').update(body).digest('base64'),
};

/** Computes one checksum; throws S3's InvalidRequest for an unknown algorithm. */
function computeChecksum(algorithm: string, body: Buffer): string {
  const compute = algorithms[algorithm];
  if (!compute) throw new AwsError('InvalidRequest', `The checksum algorithm "${algorithm}" is not supported.`);
  return compute(body);
}

interface Unchunked {
  readonly body: Buffer;
  readonly trailers: Readonly<Record<string, string>>;
}

/**
 * Removes the `aws-chunked` framing with which the SDKs upload streams: for each chunk its size in hex and its bytes;
 * after the last chunk the trailers.
 */
function removeChunks(framed: Buffer): Unchunked {
  const incomplete = () => new AwsError('IncompleteBody', 'The request body ended inside an aws-chunked frame.');
  const parts: Buffer[] = [];
  let at = 0;
  for (;;) {
    const endOfLine = framed.indexOf('\r\n', at);
    if (endOfLine < 0) throw incomplete();
    const [sizeText = ''] = framed.toString('latin1', at, endOfLine).split(';');
    const size = Number.parseInt(sizeText, 16);
    if (Number.isNaN(size)) throw incomplete();
    at = endOfLine + 2;
    if (size === 0) break;
    if (at + size > framed.length) throw incomplete();
    parts.push(framed.subarray(at, at + size));
    at += size + 2;
  }
  const trailers = framed
    .toString('latin1', at)
    .split('\r\n')
    .filter((line) => line.includes(':'))
    .map((line) => [line.slice(0, line.indexOf(':')).trim().toLowerCase(), line.slice(line.indexOf(':') + 1).trim()]);
  return { body: Buffer.concat(parts), trailers: Object.fromEntries(trailers) };
}

/** The bytes of an object as the client sent them, without framing and checked against every given checksum. */
export interface Payload {
  readonly body: Buffer;
  readonly contentEncoding: string | undefined;
  readonly checksums: Checksums;
}

const checksumHeader = /^x-amz-checksum-(crc32|crc32c|crc64nvme|sha1|sha256)$/;

/** Reads the bytes of a PutObject or UploadPart. */
export function readPayload(headers: Readonly<Record<string, string>>, raw: Buffer): Payload {
  const encodings = (headers['content-encoding'] ?? '').split(',').map((encoding) => encoding.trim());
  const isChunked =
    encodings.includes('aws-chunked') || (headers['x-amz-content-sha256'] ?? '').startsWith('STREAMING-');
  const { body, trailers } = isChunked ? removeChunks(raw) : { body: raw, trailers: {} };
  const announced = headers['x-amz-decoded-content-length'];
  if (announced !== undefined && Number(announced) !== body.length) {
    throw new AwsError(
      'IncompleteBody',
      `The body has ${body.length} bytes, x-amz-decoded-content-length says ${announced}.`,
    );
  }
  const contentMd5 = headers['content-md5'];
  if (contentMd5 !== undefined && contentMd5 !== createHash('md5').update(body).digest('base64')) {
    throw new AwsError('BadDigest', 'The Content-MD5 you specified did not match what we received.');
  }
  const checksums: Record<string, string> = {};
  for (const [name, given] of Object.entries({ ...headers, ...trailers })) {
    const algorithm = checksumHeader.exec(name)?.[1];
    if (!algorithm) continue;
    const computed = computeChecksum(algorithm, body);
    if (computed !== given) {
      throw new AwsError(
        'BadDigest',
        `The ${algorithm.toUpperCase()} you specified did not match the calculated checksum.`,
      );
    }
    checksums[algorithm] = computed;
  }
  const rest = encodings.filter((encoding) => encoding !== '' && encoding !== 'aws-chunked');
  return { body, contentEncoding: rest.length > 0 ? rest.join(',') : undefined, checksums };
}
