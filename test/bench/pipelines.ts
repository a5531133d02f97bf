import { DynamoStore } from '../../lambdas/adapters/dynamo-store.ts';
import type { Store } from '../../lambdas/domain/ports.ts';
import { TestApi } from '../api/test-api.ts';
import {
  aDeployment,
  aGate,
  anApplication,
  anEnvironment,
  anEnvironmentState,
  aPlanned,
  COMMIT,
  NOW,
} from '../harness/builders.ts';
import { createTable, dynamoAccess, dynamoClient, startDynamoDbLocal } from '../harness/dynamodb-local.ts';
import { type Consumption, startCountingProxy } from './idle/counting-proxy.ts';

const AT_ONCE = 25;
/** In each of these, a deployment to production waits for approval. */
const ONE_IN = 5;
const ENVIRONMENTS = [
  ['dev1', 'development'],
  ['stage1', 'staging'],
  ['prod1', 'production'],
] as const;

export interface PipelinesMeasurement {
  readonly applications: number;
  /** What one client asks and gets. */
  readonly requests: number;
  readonly answerBytes: number;
  /** Of the slowest page, against DynamoDB Local. */
  readonly milliseconds: number;
  /** Applications that were answered with a summary, and those of them in which something waits for approval. */
  readonly summarized: number;
  readonly waiting: number;
  readonly table: Consumption;
}

/** Asks for the pipelines of all applications, as `stagegate status` does, and counts what the table is asked for. */
export async function measurePipelines(applications = 300): Promise<PipelinesMeasurement> {
  const server = await startDynamoDbLocal();
  const proxy = await startCountingProxy(server.endpoint);
  try {
    await createTable(dynamoClient(server.endpoint), 'pipelines');
    const store = new DynamoStore('pipelines', dynamoAccess(proxy.endpoint));
    await furnishAll(store, applications);
    const api = new TestApi(store);
    const before = proxy.read();
    const measured = { requests: 0, answerBytes: 0, milliseconds: 0, summarized: 0, waiting: 0 };
    let cursor: string | undefined;
    do {
      const query = { include: 'pipeline', limit: '100', ...(cursor !== undefined && { cursor }) };
      const startedAt = performance.now();
      const { status, text, body } = await api.get('/applications', query);
      if (status !== 200) throw new Error(`GET /applications answered ${status}: ${text}`);
      measured.milliseconds = Math.max(measured.milliseconds, performance.now() - startedAt);
      measured.requests += 1;
      measured.answerBytes += Buffer.byteLength(text);
      for (const { summary } of body.items) {
        if (summary) measured.summarized += 1;
        if (summary?.environments[2].environment.underWay?.waitsFor) measured.waiting += 1;
      }
      cursor = body.nextCursor;
    } while (cursor !== undefined);
    const after = proxy.read();
    const table = {
      requests: after.requests - before.requests,
      readUnits: after.readUnits - before.readUnits,
      writeUnits: after.writeUnits - before.writeUnits,
    };
    return { applications, ...measured, table };
  } finally {
    proxy.close();
    await server.stop();
  }
}

/** Makes so many applications. */
export async function furnishAll(store: Store, applications: number): Promise<void> {
  for (let first = 0; first < applications; first += AT_ONCE)
    await Promise.all(
      Array.from({ length: Math.min(AT_ONCE, applications - first) }, (_, nth) => furnish(store, first + nth)),
    );
}

/** An application with everything deployed, counters of a quarter, and perhaps something under way. */
function furnish(store: Store, number: number): Promise<void> {
  const application = `app-${String(number).padStart(4, '0')}`;
  const idIn = (environment: string) => `${application}-${environment}-1-abc123`;
  const holds = number % ONE_IN === 0;
  return store.transact(async (transaction) => {
    transaction.insert('application', anApplication({ name: application }));
    for (const [name, stage] of ENVIRONMENTS) {
      const deploymentId = idIn(name);
      const isHeld = holds && name === 'prod1';
      transaction.insert('environment', anEnvironment({ application, name, stage }));
      transaction.insert(
        'environmentState',
        anEnvironmentState({
          ...{ application, environment: name, newestDeployment: 1, newestStarted: 1, successes: 1 },
          deployed: { release: 1, commit: COMMIT, deploymentId, at: NOW, modules: [] },
          lastVerdict: { status: 'succeeded', deploymentId, at: NOW },
          holder: isHeld ? { deploymentId, release: 1, operation: 'deploy', since: NOW } : null,
        }),
      );
    }
    const days = Array.from({ length: 90 }, (_, nth) => ({
      day: new Date(Date.parse(NOW) - (89 - nth) * 86_400_000).toISOString().slice(0, 10),
      ...{ deployed: 2, failedToDeploy: 0, failures: 0, leads: [3600, 7200], restores: [] },
    }));
    const counted = { since: NOW, lastEnding: NOW, isWhole: true, days, newestRelease: 1 };
    transaction.insert('delivery', { application, environment: 'prod1', ...counted });
    if (!holds) return;
    const place = { application, environment: 'prod1' };
    const planned = aPlanned({ gates: [{ gate: 'staff', required: 1 }] });
    transaction.insert('deployment', aDeployment('awaiting_approval', { ...place, id: idIn('prod1'), planned }));
    transaction.insert('gate', aGate({ ...place, deploymentId: idIn('prod1'), gate: 'staff' }));
  });
}

export function describePipelines(measured: PipelinesMeasurement): string {
  const { applications, requests, answerBytes, milliseconds, table } = measured;
  return [
    `${applications} applications of three environments: ${requests} requests, ${Math.round(answerBytes / 1024)} KB in all,`,
    `the slowest page in ${Math.round(milliseconds)} ms; ${table.requests} requests to DynamoDB, ${table.readUnits} read units`,
  ].join('\n');
}
