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

/** A table that holds one application. */
export const startTableOfOne = (): Promise<StandInTable> => startStandInTable(() => ({ body: { Item: ITEM } }));

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
