import { AwsError, type Protocol, type WireResponse } from './wire.ts';
import { element, escapeXml, xmlContent } from './xml.ts';

interface QueryProtocolProps {
  /** XML namespace of the answers, for example `http://sns.amazonaws.com/doc/2010-03-31/`. */
  readonly namespace: string;
}

/** Makes the AWS query protocol: the operation and its input as form fields, the answer as XML (SNS, STS). */
export function createQueryProtocol({ namespace }: QueryProtocolProps): Protocol {
  const respond = (status: number, name: string, content: string, requestId: string): WireResponse => ({
    status,
    headers: { 'content-type': 'text/xml', 'x-amzn-requestid': requestId },
    body: `<${name} xmlns="${namespace}">${content}</${name}>`,
  });
  return {
    decode(request) {
      const fields = new URLSearchParams(request.body.toString('utf8'));
      for (const [key, value] of request.query) if (!key.startsWith('X-Amz-')) fields.append(key, value);
      const operation = fields.get('Action');
      if (!operation) throw new AwsError('MissingAction', 'the request has no Action');
      fields.delete('Action');
      fields.delete('Version');
      return { operation, input: decodeFields(fields) };
    },
    encode: (operation, output, requestId) =>
      respond(
        200,
        `${operation}Response`,
        element(`${operation}Result`, xmlContent(output)) +
          element('ResponseMetadata', element('RequestId', requestId)),
        requestId,
      ),
    encodeError: (error, requestId) =>
      respond(
        error.status,
        'ErrorResponse',
        element(
          'Error',
          element('Type', error.status < 500 ? 'Sender' : 'Receiver') +
            element('Code', escapeXml(error.code)) +
            element('Message', escapeXml(error.message)),
        ) + element('RequestId', requestId),
        requestId,
      ),
  };
}

type FieldTree = Map<string, FieldTree | string>;

/**
 * Turns `A.entry.1.key=k&A.entry.1.value=v&B.member.1=x&C=y` into `{ A: { k: 'v' }, B: ['x'], C: 'y' }`. Map entries
 * may also be named `Name` and `Value`, as SNS does for message attributes.
 */
export function decodeFields(fields: URLSearchParams): Record<string, unknown> {
  const root: FieldTree = new Map();
  for (const [path, value] of fields) insertField(root, path.split('.'), path, value);
  return Object.fromEntries([...root].map(([key, node]) => [key, fieldValue(node)]));
}

function insertField(tree: FieldTree, path: string[], name: string, value: string): void {
  const [head = '', ...rest] = path;
  if (rest.length === 0) {
    tree.set(head, value);
    return;
  }
  const existing = tree.get(head);
  if (typeof existing === 'string')
    throw new AwsError('MalformedInput', `form field ${name} is both a value and a structure`);
  const child: FieldTree = existing ?? new Map();
  tree.set(head, child);
  insertField(child, rest, name, value);
}

function fieldValue(node: FieldTree | string): unknown {
  if (typeof node === 'string') return node;
  const list = node.get('member');
  if (node.size === 1 && list !== undefined && typeof list !== 'string') return inOrder(list).map(fieldValue);
  const entries = node.get('entry');
  if (node.size === 1 && entries !== undefined && typeof entries !== 'string') {
    return Object.fromEntries(inOrder(entries).map(mapEntry));
  }
  return Object.fromEntries([...node].map(([key, child]) => [key, fieldValue(child)]));
}

const inOrder = (list: FieldTree): (FieldTree | string)[] =>
  [...list].sort(([a], [b]) => Number(a) - Number(b)).map(([, item]) => item);

function mapEntry(entry: FieldTree | string): [string, unknown] {
  if (typeof entry === 'string') throw new AwsError('MalformedInput', `form entry "${entry}" has no key and value`);
  const key = entry.get('key') ?? entry.get('Name');
  const value = entry.get('value') ?? entry.get('Value');
  if (typeof key !== 'string' || value === undefined) {
    throw new AwsError(
      'MalformedInput',
      `form entry has the fields ${[...entry.keys()].join(', ')} instead of a key and a value`,
    );
  }
  return [key, fieldValue(value)];
}
