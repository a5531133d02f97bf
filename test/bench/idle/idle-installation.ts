import { DynamoStore } from '../../../lambdas/adapters/dynamo-store.ts';
import { sendReminders } from '../../../lambdas/domain/approval/send-reminders.ts';
import { sweepSubscriptions } from '../../../lambdas/domain/approver/sweep-subscriptions.ts';
import { checkCertificates } from '../../../lambdas/domain/dns/check-certificates.ts';
import { sweepEnvironments } from '../../../lambdas/domain/ephemeral/sweep-environments.ts';
import { checkRecords } from '../../../lambdas/domain/health/check-records.ts';
import type { Store } from '../../../lambdas/domain/ports.ts';
import { reconcile } from '../../../lambdas/domain/reconcile/reconcile.ts';
import type { FunctionName } from '../../../lambdas/functions.ts';
import { UNTRACED_FUNCTIONS } from '../../../lib/constructs/untraced-functions.ts';
import { FakeBuilds } from '../../fakes/fake-builds.ts';
import { FakeLinkSigner } from '../../fakes/fake-link-signer.ts';
import { FakeSurroundings } from '../../fakes/fake-surroundings.ts';
import { FakeWorkflow } from '../../fakes/fake-workflow.ts';
import { InMemoryApproverMail } from '../../fakes/in-memory-approver-mail.ts';
import { InMemoryArtifactStore } from '../../fakes/in-memory-artifact-store.ts';
import { InMemoryEventBus } from '../../fakes/in-memory-event-bus.ts';
import {
  anApplication,
  anApprover,
  anEnvironment,
  anEnvironmentDns,
  anEnvironmentState,
  aRelease,
} from '../../harness/builders.ts';
import { createTable, dynamoAccess, dynamoClient, startDynamoDbLocal } from '../../harness/dynamodb-local.ts';
import { LOG_BYTES, MEGABYTES_OF_A_PROCESSOR, PRICES, TABLE_KEY_SECONDS } from './aws-prices.ts';
import { type Consumption, startCountingProxy } from './counting-proxy.ts';

const APPLICATIONS = 1000;
/** Applications that are written at the same time. */
const AT_ONCE = 25;
/** One environment in ten has DNS. */
const WITH_DNS = 300;
const APPROVERS = 150;
const SECONDS_OF_A_MONTH = 30 * 24 * 3600;
/** For which a function waits for DynamoDB; no two requests are taken to run side by side. */
const REQUEST_SECONDS = 0.005;
/** The default of every function. */
const GIGABYTES = 0.5;

interface Schedule {
  readonly seconds: number;
  readonly measured: number;
  readonly snsRequests?: number;
}

/**
 * Scheduled functions, the seconds between two runs, and the runs that are measured after a first one, which finds
 * something new. Subscriptions are listed by a hundred.
 */
const SCHEDULES = {
  reconcile: { seconds: 60, measured: 5 },
  sweep: { seconds: 60, measured: 5 },
  'send-reminders': { seconds: 300, measured: 5 },
  'sweep-subscriptions': { seconds: 900, measured: 5, snsRequests: Math.ceil(APPROVERS / 100) },
  'check-certificates': { seconds: 6 * 3600, measured: 1 },
  'check-records': { seconds: 24 * 3600, measured: 0 },
} as const satisfies Partial<Record<FunctionName, Schedule>>;
type ScheduledName = keyof typeof SCHEDULES;
const SCHEDULED_NAMES = Object.keys(SCHEDULES) as readonly ScheduledName[];

export interface IdleRun extends Consumption {
  readonly name: ScheduledName;
  readonly runsPerMonth: number;
  /** Processor time measured here, against DynamoDB Local; median of the runs. */
  readonly milliseconds: number;
  readonly dollarsPerMonth: number;
}

export interface IdleMeasurement {
  readonly applications: number;
  readonly runs: readonly IdleRun[];
  readonly dollarsPerMonth: number;
}

/** Runs every scheduled function in an installation in which nothing happens, and counts what it reads. */
export async function measureIdleInstallation(): Promise<IdleMeasurement> {
  const server = await startDynamoDbLocal();
  const proxy = await startCountingProxy(server.endpoint);
  try {
    await createTable(dynamoClient(server.endpoint), 'idle');
    const store = new DynamoStore('idle', dynamoAccess(proxy.endpoint));
    const services = {
      store,
      surroundings: new FakeSurroundings(),
      mail: new InMemoryApproverMail(),
      links: new FakeLinkSigner(),
      events: new InMemoryEventBus(),
      workflow: new FakeWorkflow(),
      builds: new FakeBuilds(),
      artifacts: new InMemoryArtifactStore(),
      publicUrl: 'https://stagegate.example',
      firstPauseSeconds: 60,
      applies: 'allowed' as const,
      reminderTimes: { firstReminderSeconds: 3600, lastReminderSeconds: 3600 },
    };
    await furnish(services);
    const issued = anEnvironmentDns().certificate;
    const describe = async (_: unknown, __: unknown, arn: string) => ({
      ...{ arn, status: 'issued' as const, names: issued.names, validation: [], withoutRecord: [], usedBy: [] },
      ...(issued.expiresAt && { expiresAt: issued.expiresAt }),
    });
    const jobs: Readonly<Record<ScheduledName, () => Promise<unknown>>> = {
      reconcile: () => reconcile(services),
      sweep: () => sweepEnvironments(services),
      'send-reminders': () => sendReminders(services),
      'sweep-subscriptions': () => sweepSubscriptions(services),
      'check-certificates': () => checkCertificates({ ...services, certificates: { describe } }),
      'check-records': () => checkRecords(services),
    };
    const runs: IdleRun[] = [];
    for (const name of SCHEDULED_NAMES) runs.push(await measure(name, jobs[name], proxy.read));
    return {
      applications: APPLICATIONS,
      runs,
      dollarsPerMonth: runs.reduce((sum, each) => sum + each.dollarsPerMonth, 0),
    };
  } finally {
    proxy.close();
    await server.stop();
  }
}

/** A thousand applications with three environments, releases and approvers, some with a certificate. */
async function furnish({ store, mail }: { readonly store: Store; readonly mail: InMemoryApproverMail }): Promise<void> {
  for (let person = 0; person < APPROVERS; person++) mail.click(`person-${person}@staff.example`);
  const add = (number: number): Promise<void> => {
    const application = `app-${String(number).padStart(4, '0')}`;
    return store.transact(async (transaction) => {
      transaction.insert('application', anApplication({ name: application }));
      transaction.insert('releaseLog', { application, newest: 1 });
      transaction.insert('release', aRelease({ application, number: 1 }));
      for (const [nth, gate] of (['staff', 'staff', 'client'] as const).entries())
        transaction.insert(
          'approver',
          anApprover({ application, email: `person-${(number + nth * 50) % APPROVERS}@staff.example`, gates: [gate] }),
        );
      for (const [name, stage] of [
        ['dev1', 'development'],
        ['stage1', 'staging'],
        ['prod1', 'production'],
      ] as const) {
        transaction.insert('environment', anEnvironment({ application, name, stage }));
        transaction.insert('environmentState', anEnvironmentState({ application, environment: name }));
      }
      if (number < WITH_DNS)
        transaction.insert('environmentDns', anEnvironmentDns({ application, environment: 'dev1' }));
    });
  };
  for (let first = 0; first < APPLICATIONS; first += AT_ONCE)
    await Promise.all(Array.from({ length: AT_ONCE }, (_, nth) => add(first + nth)));
}

async function measure(name: ScheduledName, run: () => Promise<unknown>, read: () => Consumption): Promise<IdleRun> {
  const { seconds, measured, snsRequests = 0 }: Schedule = SCHEDULES[name];
  if (measured > 0) await run();
  const runs = Math.max(1, measured);
  const before = read();
  const times: number[] = [];
  for (let number = 0; number < runs; number++) {
    const startedAt = process.cpuUsage();
    await run();
    const { user, system } = process.cpuUsage(startedAt);
    times.push((user + system) / 1000);
  }
  const after = read();
  const each = (field: keyof Consumption) => (after[field] - before[field]) / runs;
  const milliseconds = times.sort((one, other) => one - other)[Math.floor(runs / 2)] ?? 0;
  const runsPerMonth = SECONDS_OF_A_MONTH / seconds;
  const [requests, readUnits, writeUnits] = [each('requests'), each('readUnits'), each('writeUnits')];
  // The function has only a part of a processor, and waits for each request.
  const workSeconds = ((milliseconds / 1000) * MEGABYTES_OF_A_PROCESSOR) / (GIGABYTES * 1024);
  const billedSeconds = workSeconds + requests * REQUEST_SECONDS;
  const perRun =
    PRICES.invocation +
    (UNTRACED_FUNCTIONS.has(name) ? 0 : PRICES.trace) +
    (LOG_BYTES / 1e9) * PRICES.logGigabyte +
    billedSeconds * GIGABYTES * PRICES.gigabyteSecond +
    readUnits * PRICES.readUnit +
    writeUnits * PRICES.writeUnit +
    snsRequests * PRICES.snsRequest;
  const keyRequests = SECONDS_OF_A_MONTH / Math.max(seconds, TABLE_KEY_SECONDS);
  const dollarsPerMonth = perRun * runsPerMonth + keyRequests * PRICES.kmsRequest;
  return { name, runsPerMonth, milliseconds, requests, readUnits, writeUnits, dollarsPerMonth };
}

export function describeIdleInstallation({ applications, runs, dollarsPerMonth }: IdleMeasurement): string {
  const rows = [
    ['function', 'runs', 'requests', 'read units', 'write units', 'time', 'dollars'],
    ...runs.map((run) => [
      run.name,
      `${run.runsPerMonth}`,
      `${run.requests}`,
      `${run.readUnits}`,
      `${run.writeUnits}`,
      `${run.milliseconds.toFixed(1)} ms`,
      run.dollarsPerMonth.toFixed(3),
    ]),
    [`${applications} applications`, '', '', '', '', '', dollarsPerMonth.toFixed(2)],
  ];
  return rows
    .map(([name = '', ...cells]) => name.padEnd(22) + cells.map((cell) => cell.padStart(13)).join(''))
    .join('\n');
}

if (process.argv[1] === import.meta.filename)
  process.stdout.write(`${describeIdleInstallation(await measureIdleInstallation())}\n`);
