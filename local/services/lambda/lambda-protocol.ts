import * as z from 'zod';
import { AwsError, type Protocol } from '../../door/wire.ts';

const InvokeOutput = z.object({
  StatusCode: z.number(),
  FunctionError: z.string().optional(),
  ExecutedVersion: z.string(),
  Payload: z.string(),
});

/**
 * Lambda's REST protocol for invocations. Other operations are not supported: they change functions, and only the
 * template may do that.
 */
export const lambdaProtocol: Protocol = {
  decode({ method, path, query, headers, body }) {
    const [, functionName] = /^\/2015-03-31\/functions\/([^/]+)\/invocations$/.exec(path) ?? [];
    if (method !== 'POST' || functionName === undefined) {
      throw new AwsError(
        'UnknownOperationException',
        `lambda ${method} ${path} is not supported by the local cloud`,
        404,
      );
    }
    return {
      operation: 'Invoke',
      input: {
        FunctionName: decodeURIComponent(functionName),
        InvocationType: headers['x-amz-invocation-type'],
        Qualifier: query.get('Qualifier') ?? undefined,
        Payload: body.toString('utf8'),
      },
    };
  },
  encode(_operation, output, requestId) {
    const { StatusCode, FunctionError, ExecutedVersion, Payload } = InvokeOutput.parse(output);
    return {
      status: StatusCode,
      headers: {
        'content-type': 'application/json',
        'x-amzn-requestid': requestId,
        'x-amz-executed-version': ExecutedVersion,
        ...(FunctionError ? { 'x-amz-function-error': FunctionError } : {}),
      },
      body: Payload,
    };
  },
  encodeError: (error, requestId) => ({
    status: error.status,
    headers: { 'content-type': 'application/json', 'x-amzn-requestid': requestId, 'x-amzn-errortype': error.code },
    body: JSON.stringify({ Type: error.status < 500 ? 'User' : 'Service', message: error.message, ...error.fields }),
  }),
};
