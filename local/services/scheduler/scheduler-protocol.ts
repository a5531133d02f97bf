import * as z from 'zod';
import { AwsError, type Protocol, type WireRequest } from '../../door/wire.ts';

const OPERATIONS: Readonly<Record<string, string>> = {
  POST: 'CreateSchedule',
  GET: 'GetSchedule',
  PUT: 'UpdateSchedule',
  DELETE: 'DeleteSchedule',
};

const BodySchema = z.record(z.string(), z.unknown());

function parseBody({ body }: WireRequest): Record<string, unknown> {
  const text = body.toString('utf8');
  if (text === '') return {};
  try {
    return BodySchema.parse(JSON.parse(text));
  } catch {
    throw new AwsError('SerializationException', 'the body is no JSON object');
  }
}

/** EventBridge Scheduler's REST protocol for single schedules: `/schedules/{Name}`, JSON bodies, times in seconds. */
export const schedulerProtocol: Protocol = {
  decode(request) {
    const [, name] = /^\/schedules\/([^/]+)$/.exec(request.path) ?? [];
    const operation = OPERATIONS[request.method];
    if (!operation || name === undefined)
      throw new AwsError(
        'UnknownOperationException',
        `scheduler ${request.method} ${request.path} is not supported by the local cloud`,
        404,
      );
    const group = request.query.get('groupName');
    return {
      operation,
      input: { ...parseBody(request), Name: decodeURIComponent(name), ...(group !== null && { GroupName: group }) },
    };
  },
  encode: (_operation, output, requestId) => ({
    status: 200,
    headers: { 'content-type': 'application/json', 'x-amzn-requestid': requestId },
    body: JSON.stringify(output ?? {}),
  }),
  encodeError: (error, requestId) => ({
    status: error.status,
    headers: { 'content-type': 'application/json', 'x-amzn-requestid': requestId, 'x-amzn-errortype': error.code },
    body: JSON.stringify({ Message: error.message, ...error.fields }),
  }),
};
