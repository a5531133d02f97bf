/** The part of the DNS wire format (RFC 1035) that a name server with plain records needs. */

export const RECORD_TYPES = { A: 1, NS: 2, CNAME: 5, SOA: 6, MX: 15, TXT: 16, AAAA: 28 } as const;
export type RecordType = keyof typeof RECORD_TYPES;

export interface Question {
  readonly id: number;
  readonly recursionDesired: boolean;
  /** The name in lower case, with the dot at its end. */
  readonly name: string;
  /** Undefined for types of which the server has no records. */
  readonly type: RecordType | undefined;
  /** The bytes of the question, to be sent back. */
  readonly bytes: Buffer;
}

/** NOERROR, SERVFAIL, NXDOMAIN. */
export type ResponseCode = 0 | 2 | 3;

export interface Answer {
  readonly type: RecordType;
  readonly ttl: number;
  readonly value: string;
}

const HEADER_BYTES = 12;
const FLAG_RESPONSE = 0x8000;
const FLAG_AUTHORITATIVE = 0x0400;
const FLAG_RECURSION_DESIRED = 0x0100;
const FLAG_RECURSION_AVAILABLE = 0x0080;
/** A pointer to the name in the question, which starts right after the header. */
const QUESTION_NAME = 0xc000 | HEADER_BYTES;
const CLASS_IN = 1;

/** Reads a query with exactly one question; returns undefined for any other message. */
export function readQuestion(message: Buffer): Question | undefined {
  if (message.length <= HEADER_BYTES || message.readUInt16BE(4) !== 1) return undefined;
  const flags = message.readUInt16BE(2);
  if (flags & FLAG_RESPONSE) return undefined;
  const labels: string[] = [];
  let offset = HEADER_BYTES;
  for (;;) {
    const length = message[offset];
    if (length === undefined || length > 63) return undefined;
    offset += 1;
    if (length === 0) break;
    labels.push(message.toString('latin1', offset, offset + length));
    offset += length;
  }
  if (offset + 4 > message.length) return undefined;
  const code = message.readUInt16BE(offset);
  const type = Object.entries(RECORD_TYPES).find(([, known]) => known === code)?.[0];
  return {
    id: message.readUInt16BE(0),
    recursionDesired: (flags & FLAG_RECURSION_DESIRED) !== 0,
    name: `${labels.join('.').toLowerCase()}.`,
    type: isRecordType(type) ? type : undefined,
    bytes: message.subarray(HEADER_BYTES, offset + 4),
  };
}

export const isRecordType = (name: string | undefined): name is RecordType =>
  name !== undefined && name in RECORD_TYPES;

/** Renders the answer to a question; all records belong to the name in the question. */
export function writeResponse(question: Question, code: ResponseCode, answers: readonly Answer[]): Buffer {
  const header = Buffer.alloc(HEADER_BYTES);
  const recursion = question.recursionDesired ? FLAG_RECURSION_DESIRED : 0;
  header.writeUInt16BE(question.id, 0);
  header.writeUInt16BE(FLAG_RESPONSE | FLAG_AUTHORITATIVE | FLAG_RECURSION_AVAILABLE | recursion | code, 2);
  header.writeUInt16BE(1, 4);
  header.writeUInt16BE(answers.length, 6);
  return Buffer.concat([header, question.bytes, ...answers.map(writeAnswer)]);
}

function writeAnswer({ type, ttl, value }: Answer): Buffer {
  const data = writeData(type, value);
  const head = Buffer.alloc(12);
  head.writeUInt16BE(QUESTION_NAME, 0);
  head.writeUInt16BE(RECORD_TYPES[type], 2);
  head.writeUInt16BE(CLASS_IN, 4);
  head.writeUInt32BE(ttl, 6);
  head.writeUInt16BE(data.length, 10);
  return Buffer.concat([head, data]);
}

function writeData(type: RecordType, value: string): Buffer {
  switch (type) {
    case 'A':
      return Buffer.from(value.split('.').map(Number));
    case 'NS':
    case 'CNAME':
      return writeName(value);
    case 'TXT':
      return Buffer.concat(
        [...value.matchAll(/"((?:[^"\\]|\\.)*)"/g)].map(([, text = '']) =>
          Buffer.concat([Buffer.from([Buffer.byteLength(text)]), Buffer.from(text)]),
        ),
      );
    case 'AAAA':
    case 'MX':
    case 'SOA':
      throw new Error(`answering: records of type ${type} are not served by the local cloud`);
  }
}

function writeName(name: string): Buffer {
  const labels = name.replace(/\.$/, '').split('.');
  const parts = labels.map((label) => Buffer.concat([Buffer.from([label.length]), Buffer.from(label, 'latin1')]));
  return Buffer.concat([...parts, Buffer.from([0])]);
}
