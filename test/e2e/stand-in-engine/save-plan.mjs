// Saves a plan in the form of a plan file, which an inspect build reads first: a zip archive with the plan as a
// protobuf message, the configuration, and data that the stand-in itself needs again later.
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { crc32 } from 'node:zlib';

const [out, hasChanges, mode] = process.argv.slice(2);
const { config } = JSON.parse(readFileSync('.terraform/terraform.tfstate', 'utf8')).backend;

const text = (value) => {
  const bytes = Buffer.from(value);
  return Buffer.concat([Buffer.from([0xd9, bytes.length]), bytes]);
};
const msgpack = Buffer.concat([
  Buffer.from([0x80 | Object.keys(config).length]),
  ...Object.entries(config).flatMap(([name, value]) => [text(name), text(value)]),
]);

const varint = (value) => (value < 128 ? [value] : [(value & 127) | 128, ...varint(value >>> 7)]);
const number = (field, value) => Buffer.from([...varint(field << 3), ...varint(value)]);
const message = (field, bytes) =>
  Buffer.concat([Buffer.from([...varint((field << 3) | 2), ...varint(bytes.length)]), bytes]);
const string = (field, value) => message(field, Buffer.from(value));
const backend = Buffer.concat([string(1, 's3'), message(2, message(1, msgpack)), string(3, 'default')]);
const plan = Buffer.concat([
  number(1, 3),
  number(17, mode === 'destroy' ? 1 : 0),
  string(14, '1.11.0'),
  message(13, backend),
]);

const files = readdirSync('.', { withFileTypes: true }).filter(
  (entry) => entry.isFile() && /\.(tf|tofu)(\.json)?$/.test(entry.name),
);
const lockFile = '.terraform.lock.hcl';
const entries = [
  ['tfplan', plan],
  [
    'tfstate',
    JSON.stringify({ version: 4, terraform_version: '1.11.0', serial: 0, lineage: '', outputs: {}, resources: [] }),
  ],
  ['tfconfig/modules.json', JSON.stringify([{ Key: '', Dir: '.' }])],
  ...files.map(({ name }) => [`tfconfig/m-/${name}`, readFileSync(name)]),
  ...(existsSync(lockFile) ? [[lockFile, readFileSync(lockFile)]] : []),
  ['stand-in', hasChanges],
].map(([name, content]) => [Buffer.from(name), Buffer.from(content)]);

let at = 0;
const places = [];
const bodies = entries.map(([name, content]) => {
  places.push(at);
  const header = Buffer.alloc(30);
  header.writeUInt32LE(0x04034b50);
  header.writeUInt16LE(20, 4);
  header.writeUInt32LE(crc32(content), 14);
  header.writeUInt32LE(content.length, 18);
  header.writeUInt32LE(content.length, 22);
  header.writeUInt16LE(name.length, 26);
  at += header.length + name.length + content.length;
  return Buffer.concat([header, name, content]);
});
const directory = entries.map(([name, content], index) => {
  const header = Buffer.alloc(46);
  header.writeUInt32LE(0x02014b50);
  header.writeUInt16LE(20, 4);
  header.writeUInt16LE(20, 6);
  header.writeUInt32LE(crc32(content), 16);
  header.writeUInt32LE(content.length, 20);
  header.writeUInt32LE(content.length, 24);
  header.writeUInt16LE(name.length, 28);
  header.writeUInt32LE(places[index], 42);
  return Buffer.concat([header, name]);
});
const end = Buffer.alloc(22);
end.writeUInt32LE(0x06054b50);
end.writeUInt16LE(entries.length, 8);
end.writeUInt16LE(entries.length, 10);
end.writeUInt32LE(
  directory.reduce((sum, { length }) => sum + length, 0),
  12,
);
end.writeUInt32LE(at, 16);
writeFileSync(out, Buffer.concat([...bodies, ...directory, end]));
