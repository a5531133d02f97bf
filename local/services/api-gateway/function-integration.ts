import * as z from 'zod';
import { serviceCaller } from '../../door/callers.ts';
import { AwsError } from '../../door/wire.ts';
import type { LocalContext } from '../local-context.ts';
import { type GatewayResponse, gatewayMessage, readFunctionResponse } from './payload.ts';
import { type ApiRoute, parseRouteKey } from './route-table.ts';

const InvokeOutput = z.object({ FunctionError: z.string().optional(), Payload: z.string(), durationMs: z.number() });

interface Invocation {
  readonly apiId: string | undefined;
  readonly route: ApiRoute;
  readonly method: string;
  /** The event as JSON text. */
  readonly payload: string;
}

/**
 * Invokes the function of a route. If the function ran longer than its integration allows, the answer is the same as in
 * AWS (503), but comes only after the function has ended. The time until it runs does not count: AWS quickly provides
 * an environment for each request, while here requests wait for one, on a busy machine for a long time.
 */
export async function invokeFunction(
  { accountId, region, door, log }: Pick<LocalContext, 'accountId' | 'region' | 'door' | 'log'>,
  { apiId, route, method, payload }: Invocation,
): Promise<GatewayResponse> {
  const suffix = route.routeKey === '$default' ? '$default' : `${method}${parseRouteKey(route.routeKey).path}`;
  const sourceArn = `arn:aws:execute-api:${region}:${accountId}:${apiId}/$default/${suffix}`;
  const caller = serviceCaller('apigateway.amazonaws.com', sourceArn, accountId);
  try {
    const input = { FunctionName: route.functionArn, InvocationType: 'RequestResponse', Payload: payload };
    const output = await door.call(caller, 'lambda', 'Invoke', input);
    const { FunctionError, Payload, durationMs } = InvokeOutput.parse(output);
    if (durationMs > route.timeoutMs) return gatewayMessage(503, 'Service Unavailable');
    const response = FunctionError === undefined ? readFunctionResponse(Payload) : undefined;
    if (response) return response;
    log({ source: 'api', message: `${route.routeKey} failed`, fields: { answer: Payload.slice(0, 2_000) } });
    return gatewayMessage(500, 'Internal Server Error');
  } catch (error) {
    if (!(error instanceof AwsError)) throw error;
    log({ source: 'api', message: `${route.routeKey} failed`, fields: { reason: error.message } });
    return gatewayMessage(500, 'Internal Server Error');
  }
}
