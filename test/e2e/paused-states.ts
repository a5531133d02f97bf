import { GetExecutionHistoryCommand } from '@aws-sdk/client-sfn';
import { type Deployment, STAFF, type TestApplication } from './test-cloud.ts';

/** The states of a deployment that do something, and the function (or build) that works in each. */
export const WORKING_STATES = [
  { state: 'AcquireEnvironment', function: 'acquire-environment' },
  { state: 'Plan', build: 'plan' },
  { state: 'AnalyzePlan', function: 'analyze-plan' },
  { state: 'RequestStaffApproval', function: 'request-approval', isGated: true },
  { state: 'AwaitStaffApproval', isGated: true },
  { state: 'SettleStaffGate', function: 'settle-gate', isGated: true, isDecided: true },
  { state: 'CheckPlan', function: 'check-plan', isGated: true, isDecided: true },
  { state: 'ConsumePlan', function: 'consume-plan' },
  { state: 'Apply', build: 'apply' },
  { state: 'RecordOutputs', function: 'record-outputs' },
  { state: 'RecordSuccess', function: 'record-ending' },
  { state: 'AnnounceSuccess', function: 'announce' },
  { state: 'ReleaseEnvironment', function: 'release-environment' },
] as const;
export type WorkingState = (typeof WORKING_STATES)[number];

export const executionOf = (app: TestApplication, { id }: Pick<Deployment, 'id'>): string => {
  const { region, accountId } = app.cloud.local;
  return `arn:aws:states:${region}:${accountId}:execution:stagegate-deployment:${id}`;
};

interface Paused {
  readonly deployment: Deployment;
  /** Lets it leave the state. */
  readonly goOn: () => void;
}

/** Brings the first release of an application into a state in dev1, and keeps it there. */
export async function pauseIn(app: TestApplication, row: WorkingState): Promise<Paused> {
  const isGated = 'isGated' in row;
  await app.register({ policy: { development: { autoPromote: false, ...(isGated && { staff: 1 }) } } });
  const { faults } = app.cloud.local.door;
  const { promise: until, resolve: goOn } = Promise.withResolvers<void>();
  // Every call: a client that has waited long enough tries again.
  const pause = { times: 50, until };
  if ('function' in row)
    faults.add({
      service: 'dynamodb',
      operation: 'GetItem',
      caller: `stagegate-${row.function}`,
      about: app.name,
      ...pause,
    });
  if ('build' in row) faults.add({ service: 's3', operation: 'GetObject', caller: roleOf(app, row.build), ...pause });
  app.push('one');
  const deployment = await app.until('dev1', 1, () => true);
  if ('isDecided' in row) await app.approve(STAFF, 'dev1', 1);
  await enters(app, deployment, row.state);
  if ('build' in row) await isAtWork(app, roleOf(app, row.build));
  return { deployment, goOn };
}

const roleOf = (app: TestApplication, build: 'plan' | 'apply') => `assumed-role/stagegate-${app.name}-dev1-${build}/`;

/** Waits until an execution has entered a state. */
function enters(app: TestApplication, deployment: Pick<Deployment, 'id'>, state: string): Promise<boolean> {
  return app.cloud.poll(`${deployment.id} in ${state}`, async () => {
    const executionArn = executionOf(app, deployment);
    const { events = [] } = await app.cloud.operator.sfn.send(
      new GetExecutionHistoryCommand({ executionArn, maxResults: 1000 }),
    );
    return events.some(({ stateEnteredEventDetails: entered }) => entered?.name === state) || undefined;
  });
}

const isAtWork = (app: TestApplication, role: string) =>
  app.cloud.poll(
    `a build as ${role}`,
    async () => app.cloud.local.door.calls.list().some(({ caller }) => caller.includes(role)) || undefined,
  );

/** Plays rows side by side, a few at a time: they spend most of their time waiting. */
export function sideBySide<Row, Outcome>(
  rows: readonly Row[],
  play: (row: Row) => Promise<Outcome>,
  atOnce = 2,
): Map<Row, Promise<Outcome>> {
  const outcomes = new Map<Row, Promise<Outcome>>();
  for (const [index, row] of rows.entries()) {
    const before = rows[index - atOnce];
    const turn = (before === undefined ? undefined : outcomes.get(before)) ?? Promise.resolve();
    const outcome = turn.then(
      () => play(row),
      () => play(row),
    );
    // Each is awaited by its own test, which may come later.
    outcome.catch(() => undefined);
    outcomes.set(row, outcome);
  }
  return outcomes;
}
