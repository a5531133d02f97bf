import { ExecutionDoesNotExist, GetExecutionHistoryCommand } from '@aws-sdk/client-sfn';
import { inspectRole } from '../../lambdas/domain/contract/build-source.ts';
import { type Deployment, STAFF, type TestApplication } from './test-cloud.ts';

/** The working states of a deployment without gates, in their order, with the function or build of each. */
const STATES_WITHOUT_GATE = [
  { state: 'AcquireEnvironment', function: 'acquire-environment' },
  { state: 'Plan', build: 'plan' },
  { state: 'AnalyzePlan', function: 'analyze-plan' },
  { state: 'ConsumePlan', function: 'consume-plan' },
  { state: 'Apply', build: 'apply' },
  { state: 'RecordOutputs', function: 'record-outputs' },
  { state: 'RecordSuccess', function: 'record-ending' },
  { state: 'AnnounceSuccess', function: 'announce' },
  { state: 'KeepTree', function: 'keep-tree' },
  { state: 'ReleaseEnvironment', function: 'release-environment', handsOver: true },
] as const;
/** The states that exist only with a gate. */
const STATES_OF_GATE = [
  { state: 'Inspect', build: 'inspect' },
  { state: 'RequestStaffApproval', function: 'request-approval' },
  { state: 'AwaitStaffApproval' },
  { state: 'SettleStaffGate', function: 'settle-gate', isDecided: true },
  { state: 'CheckPlan', function: 'check-plan', isDecided: true },
] as const;

export interface WorkingState {
  readonly state: string;
  readonly function?: string;
  readonly build?: 'plan' | 'inspect' | 'apply';
  /** True if a decision brings the deployment into this state. */
  readonly isDecided?: boolean;
  /** True if the state's function also reads the next deployment. */
  readonly handsOver?: boolean;
}

/** The states that one application goes through, one after another, with the number of approvals in development. */
export interface Course {
  readonly staff: 0 | 1;
  readonly states: readonly WorkingState[];
}
export const COURSES: readonly Course[] = [
  { staff: 0, states: STATES_WITHOUT_GATE },
  { staff: 1, states: STATES_OF_GATE },
];

/**
 * Makes the deployment of a release to dev1 stay in a state when it enters the state. Every release of the application
 * was deployed there once, or has been queued. Returns a function that lets the deployment continue.
 */
export function armPause(app: TestApplication, row: WorkingState, release: number): () => void {
  const { faults } = app.cloud.local.door;
  const { promise: until, resolve: goOn } = Promise.withResolvers<void>();
  // Every call is paused, because a client that has waited long enough tries again.
  const pause = { times: 50, until };
  const deployment = `${app.name}-dev1-${release}-`;
  if (row.function)
    for (const operation of ['GetItem', 'BatchGetItem'])
      faults.add({
        service: 'dynamodb',
        operation,
        caller: `stagegate-${row.function}`,
        about: `DEPLOYMENT#${deployment}`,
        ...pause,
      });
  // An inspect build has no role in the environment's account, so it is recognized by the object that it writes.
  if (row.build === 'inspect')
    faults.add({
      service: 's3',
      operation: 'PutObject',
      caller: inspectRole('stagegate'),
      about: `runs/${deployment}`,
      ...pause,
    });
  else if (row.build)
    faults.add({ service: 's3', operation: 'GetObject', caller: roleOf(app, row.build) + deployment, ...pause });
  return goOn;
}

/** Waits until the deployment of a release is in the state in which it will stay. */
export async function arrives(app: TestApplication, row: WorkingState, release: number): Promise<Deployment> {
  const deployment = await app.until('dev1', release, () => true);
  if (row.isDecided) await app.approve(STAFF, 'dev1', release);
  await enters(app, deployment, row.state);
  if (row.build === 'inspect') await isAtWork(app, inspectRole('stagegate'), `/runs/${deployment.id}/`);
  else if (row.build) await isAtWork(app, roleOf(app, row.build) + deployment.id);
  return deployment;
}

const roleOf = (app: TestApplication, build: 'plan' | 'apply') => `assumed-role/stagegate-${app.name}-dev1-${build}/`;

/** Waits until a deployment, which may still be queued, has entered a state. */
function enters(app: TestApplication, deployment: Pick<Deployment, 'id'>, state: string): Promise<boolean> {
  const history = new GetExecutionHistoryCommand({
    executionArn: app.cloud.executionArn(deployment.id),
    maxResults: 1000,
  });
  const look = async () => {
    try {
      const { events = [] } = await app.cloud.operator.sfn.send(history);
      return events.some(({ stateEnteredEventDetails: entered }) => entered?.name === state) || undefined;
    } catch (error) {
      if (error instanceof ExecutionDoesNotExist) return undefined;
      throw error;
    }
  };
  return app.cloud.poll(`${deployment.id} in ${state}`, look, { about: app.name });
}

const isAtWork = (app: TestApplication, caller: string, object = '') =>
  app.cloud.poll(
    `a build as ${caller}`,
    async () =>
      app.cloud.local.door.calls
        .list()
        .some(
          (call) =>
            call.caller.includes(caller) &&
            call.permissions.some(({ resources }) => resources.some((resource) => resource.includes(object))),
        ) || undefined,
  );
