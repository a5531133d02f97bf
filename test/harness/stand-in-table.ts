import { createServer, type IncomingHttpHeaders } from 'node:http';

/** One request to DynamoDB. */
export interface TableRequest {
  readonly headers: IncomingHttpHeaders;
  /** `GetItem`, `Query`, … */
  readonly action: string;
  readonly body: unknown;
}

export interface TableAnswer {
  readonly status?: number;
  readonly body: unknown;
}

export interface StandInTable {
  readonly endpoint: string;
  readonly requests: readonly TableRequest[];
  close(): Promise<void>;
}

/** Starts an endpoint with DynamoDB's protocol and the given answers. Without an answer, it closes the connection. */
export async function startStandInTable(
  answer: (request: TableRequest) => TableAnswer | undefined,
): Promise<StandInTable> {
  const requests: TableRequest[] = [];
  const server = createServer(async (incoming, outgoing) => {
    const chunks = await incoming.toArray();
    const action = String(incoming.headers['x-amz-target']).split('.').at(-1) ?? '';
    const request = { headers: incoming.headers, action, body: JSON.parse(Buffer.concat(chunks).toString('utf8')) };
    requests.push(request);
    const answered = answer(request);
    if (!answered) incoming.socket.destroy();
    else
      outgoing
        .writeHead(answered.status ?? 200, { 'content-type': 'application/x-amz-json-1.0' })
        .end(typeof answered.body === 'string' ? answered.body : JSON.stringify(answered.body));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('the stand-in table has no port');
  return {
    endpoint: `http://127.0.0.1:${address.port}`,
    requests,
    close: () => {
      server.closeAllConnections();
      return new Promise((resolve, reject) => server.close((error) => (error ? reject(error) : resolve())));
    },
  };
}
