import { connectApi } from '../../cli/client/api-client.ts';
import { readAllPipelines } from '../../cli/pipeline/all-pipelines.ts';
import { DynamoStore } from '../../lambdas/adapters/dynamo-store.ts';
import { TestApi } from '../api/test-api.ts';
import { BoardWorld } from '../cli/board/board-world.ts';
import { openBrowser, openWindow } from '../harness/browser.ts';
import { createTable, dynamoAccess, dynamoClient, startDynamoDbLocal } from '../harness/dynamodb-local.ts';
import { median } from './median.ts';
import { furnishAll } from './pipelines.ts';

const RUNS = 5;

export interface BoardMeasurement {
  readonly applications: number;
  /** What the browser got over the wire for the first view, headers included. */
  readonly bytes: Readonly<Record<'page' | 'style' | 'script', number>>;
  /** From the start address to the whole list, in a browser that has seen nothing before; median of the runs. */
  readonly firstViewMs: number;
  /** The same when the browser has style and script already. */
  readonly nextViewMs: number;
  /** The requests to the API alone, without a board and a browser: the baseline. */
  readonly apiMs: number;
}

/** Opens the board with many applications in a real browser, against DynamoDB Local. */
export async function measureBoard(applications = 300): Promise<BoardMeasurement> {
  const server = await startDynamoDbLocal();
  const browser = await openBrowser();
  await createTable(dynamoClient(server.endpoint), 'board');
  const store = new DynamoStore('board', dynamoAccess(server.endpoint));
  await furnishAll(store, applications);
  const world = await BoardWorld.around(new TestApi(store));
  try {
    const connection = { url: world.served.url, region: undefined, principal: undefined, from: 'the bench' };
    const api = connectApi(connection, { sleep: async () => {}, interrupted: new AbortController().signal });
    const [apiTimes, firstTimes, nextTimes]: number[][] = [[], [], []];
    let bytes = { page: 0, style: 0, script: 0 };
    for (let run = 0; run <= RUNS; run += 1) {
      const apiMs = await timed(() => readAllPipelines(api));
      const page = await openWindow(browser);
      const sizes = new Map<string, number>();
      page.on('requestfinished', async (request) => {
        const { responseHeadersSize, responseBodySize } = await request.sizes();
        const name = new URL(request.url()).pathname.split('/').at(-1) ?? '';
        sizes.set(name, (sizes.get(name) ?? 0) + responseHeadersSize + responseBodySize);
      });
      const firstMs = await timed(async () => {
        await world.open(page);
        await page
          .locator('.apps > li')
          .nth(applications - 1)
          .waitFor();
      });
      await page.waitForLoadState('networkidle');
      bytes = {
        page: (sizes.get('') ?? 0) + (sizes.get('start') ?? 0),
        style: sizes.get('board.css') ?? 0,
        script: sizes.get('board.js') ?? 0,
      };
      world.pass();
      const nextMs = await timed(() => page.reload());
      await page.context().close();
      world.pass();
      // The first run loads what the process needs.
      if (run === 0) continue;
      apiTimes?.push(apiMs);
      firstTimes?.push(firstMs);
      nextTimes?.push(nextMs);
    }
    const of = (times: number[] = []) => Math.round(median(times));
    return { applications, bytes, apiMs: of(apiTimes), firstViewMs: of(firstTimes), nextViewMs: of(nextTimes) };
  } finally {
    await browser.close();
    await world.stop();
    await server.stop();
  }
}

async function timed(act: () => Promise<unknown>): Promise<number> {
  const startedAt = performance.now();
  await act();
  return performance.now() - startedAt;
}

export function describeBoard({ applications, bytes, apiMs, firstViewMs, nextViewMs }: BoardMeasurement): string {
  const { page, style, script } = bytes;
  const kilobytes = (count: number) => `${(count / 1024).toFixed(1)} KB`;
  return [
    `${applications} applications of three environments: ${kilobytes(page + style + script)} over the wire`,
    `(page ${kilobytes(page)}, style ${kilobytes(style)}, script ${kilobytes(script)});`,
    `the first view in ${firstViewMs} ms, the next in ${nextViewMs} ms, of which the requests to the API take ${apiMs} ms`,
  ].join('\n');
}
