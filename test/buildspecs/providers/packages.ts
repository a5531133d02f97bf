import { createHash } from 'node:crypto';
import { crc32 } from 'node:zlib';

/** A provider's package that was made here. `init` unpacks and hashes it, but does not start the program in it. */
export interface FakePackage {
  readonly zip: Buffer;
  readonly sha256: string;
  /** Hash of the unpacked package in a lock file. */
  readonly h1: string;
}

/** Makes a package of a provider, different for each note. */
export function fakePackage(version: string, note: string, type = 'thing'): FakePackage {
  return packageOf(version, Buffer.from(`#!/bin/sh\n# ${note}\nexit 1\n`), type);
}

/** Makes a package of a provider with this program in it. */
export function packageOf(version: string, program: Buffer, type = 'thing'): FakePackage {
  const name = `terraform-provider-${type}_v${version}`;
  const zip = zipOf(name, program);
  const digest = (content: Buffer | string) => createHash('sha256').update(content);
  const h1 = `h1:${digest(`${digest(program).digest('hex')}  ${name}\n`).digest('base64')}`;
  return { zip, sha256: digest(zip).digest('hex'), h1 };
}

/** Returns the text of a lock file as the engine writes it. */
export const lockFileOf = (address: string, version: string, hashes: readonly string[]): string =>
  [
    `provider "${address}" {`,
    `  version = "${version}"`,
    '  hashes = [',
    ...hashes.map((hash) => `    "${hash}",`),
    '  ]',
    '}',
    '',
  ].join('\n');

/** Makes a zip with one executable file that is stored uncompressed. */
function zipOf(name: string, content: Buffer): Buffer {
  const common = Buffer.alloc(26);
  common.writeUInt16LE(20, 0);
  common.writeUInt32LE(crc32(content), 10);
  common.writeUInt32LE(content.length, 14);
  common.writeUInt32LE(content.length, 18);
  common.writeUInt16LE(name.length, 22);
  const local = Buffer.concat([Buffer.from('PK\x03\x04'), common, Buffer.from(name), content]);
  const attributes = Buffer.alloc(14);
  attributes.writeUInt32LE((0o100755 << 16) >>> 0, 6);
  // Version "made by" is Unix, so that the attributes contain a file mode.
  const central = Buffer.concat([Buffer.from('PK\x01\x02\x14\x03', 'latin1'), common, attributes, Buffer.from(name)]);
  const end = Buffer.alloc(18);
  end.writeUInt16LE(1, 4);
  end.writeUInt16LE(1, 6);
  end.writeUInt32LE(central.length, 8);
  end.writeUInt32LE(local.length, 12);
  return Buffer.concat([local, central, Buffer.from('PK\x05\x06'), end]);
}
