import * as z from 'zod';
import { keyOf } from '../../lambdas/domain/transaction/unit-of-work.ts';
import { anApplication } from '../harness/builders.ts';
import { httpEvent } from '../harness/http-event.ts';
import { type StandInTable, startStandInTable } from '../harness/stand-in-table.ts';
import { type ColdReport, runCold } from './cold-process.ts';

const APPLICATION = anApplication();
const ITEM = {
  pk: { S: keyOf('application', APPLICATION).pk },
  sk: { S: keyOf('application', APPLICATION).sk },
  kind: { S: 'application' },
  version: { N: '1' },
  data: { S: JSON.stringify(APPLICATION) },
};
const GET = httpEvent({
  method: 'GET',
  path: `/applications/${APPLICATION.name}`,
  caller: 'arn:aws:sts::111111111111:assumed-role/Viewers/jane',
});

const isThere = (key: { pk?: { S?: string }; sk?: { S?: string } } = {}): boolean =>
  key.pk?.S === ITEM.pk.S && key.sk?.S === ITEM.sk.S;

const GetSchema = z.object({ Key: z.record(z.string(), z.record(z.string(), z.string())) });
const BatchSchema = z.object({ RequestItems: z.record(z.string(), z.object({ Keys: z.array(GetSchema.shape.Key) })) });

/** A table that holds one application, and nothing else. */
export const startTableOfOne = (): Promise<StandInTable> =>
  startStandInTable(({ action, body }) => {
    if (action === 'Query') return { body: { Items: [] } };
    if (action === 'GetItem') return { body: isThere(GetSchema.parse(body).Key) ? { Item: ITEM } : {} };
    const tables = Object.entries(BatchSchema.parse(body).RequestItems);
    const found = tables.map(([table, { Keys }]) => [table, Keys.filter(isThere).map(() => ITEM)]);
    return { body: { Responses: Object.fromEntries(found), UnprocessedKeys: {} } };
  });

/** The first GET of an application that a new `read` function answers. */
export async function readFirst(
  bundle: string,
  mode: 'measure' | 'count',
  { endpoint }: StandInTable,
): Promise<ColdReport> {
  const report = await runCold({
    bundle,
    mode,
    event: GET,
    variables: { AWS_ENDPOINT_URL: endpoint, AWS_ACCESS_KEY_ID: 'test', AWS_SECRET_ACCESS_KEY: 'test' },
  });
  const { statusCode, body } = report.response ?? {};
  if (statusCode !== 200) throw new Error(`reading an application: ${statusCode} ${body}`);
  return report;
}
