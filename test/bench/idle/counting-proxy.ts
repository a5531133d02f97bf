import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { json } from 'node:stream/consumers';
import * as z from 'zod';

/** Requests, and the capacity units that DynamoDB counts for them. */
export interface Consumption {
  requests: number;
  readUnits: number;
  writeUnits: number;
}

const UnitsSchema = z.object({
  CapacityUnits: z.number().optional(),
  ReadCapacityUnits: z.number().optional(),
  WriteCapacityUnits: z.number().optional(),
});
const AnswerSchema = z.object({ ConsumedCapacity: z.union([UnitsSchema, z.array(UnitsSchema)]).optional() });
/** What DynamoDB charges for a read that finds nothing; DynamoDB Local says 0. */
const LEAST_UNITS = 0.5;
const READS = new Set(['GetItem', 'BatchGetItem', 'Query']);

/** Passes requests on to DynamoDB Local, and adds up the capacity that each of them consumes. */
export async function startCountingProxy(target: string) {
  const consumed: Consumption = { requests: 0, readUnits: 0, writeUnits: 0 };
  const server = createServer(async (request, response) => {
    const asked = z.record(z.string(), z.json()).parse(await json(request));
    const action = String(request.headers['x-amz-target']).split('.').at(-1) ?? '';
    const answer = await fetch(target, {
      method: 'POST',
      headers: {
        'content-type': 'application/x-amz-json-1.0',
        'x-amz-target': String(request.headers['x-amz-target']),
        authorization: String(request.headers.authorization),
        'x-amz-date': String(request.headers['x-amz-date']),
      },
      body: JSON.stringify(action.endsWith('Table') ? asked : { ...asked, ReturnConsumedCapacity: 'TOTAL' }),
    });
    const text = await answer.text();
    const { ConsumedCapacity: units = [] } = AnswerSchema.parse(JSON.parse(text));
    consumed.requests += 1;
    for (const { CapacityUnits = 0, WriteCapacityUnits, ReadCapacityUnits } of [units].flat())
      if (READS.has(action)) consumed.readUnits += Math.max(CapacityUnits, LEAST_UNITS);
      else {
        consumed.writeUnits += WriteCapacityUnits ?? CapacityUnits;
        consumed.readUnits += ReadCapacityUnits ?? 0;
      }
    response.writeHead(answer.status, { 'content-type': 'application/x-amz-json-1.0' }).end(text);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    endpoint: `http://127.0.0.1:${port}`,
    read: (): Consumption => ({ ...consumed }),
    /** Connections that are kept alive would keep the server open. */
    close: () => {
      server.closeAllConnections();
      server.close();
    },
  };
}
