import { AwsError, type Protocol, type WireResponse } from './wire.ts';

interface JsonProtocolProps {
  /** The part of `X-Amz-Target` before the dot, for example `AWSStepFunctions`. */
  readonly targetPrefix: string;
  readonly version: '1.0' | '1.1';
}

/**
 * Makes the AWS JSON protocol: the operation in `X-Amz-Target`, input and output as JSON, times as epoch seconds, bytes
 * as base64.
 */
export function createJsonProtocol({ targetPrefix, version }: JsonProtocolProps): Protocol {
  const respond = (status: number, body: unknown, requestId: string): WireResponse => ({
    status,
    headers: { 'content-type': `application/x-amz-json-${version}`, 'x-amzn-requestid': requestId },
    body: body === undefined ? '' : JSON.stringify(wireForm(body)),
  });
  return {
    decode(request) {
      const target = request.headers['x-amz-target'] ?? '';
      const [prefix, operation] = target.split('.');
      if (prefix !== targetPrefix || !operation) {
        throw new AwsError('UnknownOperationException', `unknown X-Amz-Target "${target}", expected ${targetPrefix}.*`);
      }
      const text = request.body.toString('utf8');
      try {
        return { operation, input: text === '' ? {} : JSON.parse(text) };
      } catch {
        throw new AwsError('SerializationException', `the body of ${target} is not JSON`);
      }
    },
    encode: (_operation, output, requestId) => respond(200, output ?? {}, requestId),
    encodeError: (error, requestId) =>
      respond(error.status, { __type: error.code, message: error.message, ...error.fields }, requestId),
  };
}

/** Returns the JSON form of a value: dates as epoch seconds, bytes as base64. */
function wireForm(value: unknown): unknown {
  if (value instanceof Date) return value.getTime() / 1000;
  if (value instanceof Uint8Array) return Buffer.from(value).toString('base64');
  if (Array.isArray(value)) return value.map(wireForm);
  if (typeof value === 'object' && value !== null) {
    return Object.fromEntries(Object.entries(value).map(([key, member]) => [key, wireForm(member)]));
  }
  return value;
}
