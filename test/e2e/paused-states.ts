import { ExecutionDoesNotExist, GetExecutionHistoryCommand } from '@aws-sdk/client-sfn';
import { INSPECT_ROLE } from '../../lambdas/domain/contract/build-source.ts';
import { type Deployment, STAFF, type TestApplication } from './test-cloud.ts';

/** The states of a deployment without gates that do something, in their order, and the function (or build) at work in each. */
const STATES_WITHOUT_GATE = [
  { state: 'AcquireEnvironment', function: 'acquire-environment' },
  { state: 'Plan', build: 'plan' },
  { state: 'AnalyzePlan', function: 'analyze-plan' },
  { state: 'ConsumePlan', function: 'consume-plan' },
  { state: 'Apply', build: 'apply' },
  { state: 'RecordOutputs', function: 'record-outputs' },
  { state: 'RecordSuccess', function: 'record-ending' },
  { state: 'AnnounceSuccess', function: 'announce' },
  { state: 'ReleaseEnvironment', function: 'release-environment', handsOver: true },
] as const;
/** Those that only a gate brings. */
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
  /** A decision brings the deployment there. */
  readonly isDecided?: boolean;
  /** Its function looks at the deployment that comes next as well. */
  readonly handsOver?: boolean;
}

/** What an application of its own goes through, one state after another, with so many approvals in development. */
export interface Course {
  readonly staff: 0 | 1;
  readonly states: readonly WorkingState[];
}
export const COURSES: readonly Course[] = [
  { staff: 0, states: STATES_WITHOUT_GATE },
  { staff: 1, states: STATES_OF_GATE },
];

/**
 * Has the deployment of a release to dev1 stay in a state when it comes there. Every release of the application was
 * deployed there once, or has been queued. Answers what lets it go on.
 */
export function armPause(app: TestApplication, row: WorkingState, release: number): () => void {
  const { faults } = app.cloud.local.door;
  const { promise: until, resolve: goOn } = Promise.withResolvers<void>();
  // Every call: a client that has waited long enough tries again.
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
  // An inspect build has no role in the environment's account: it is known by what it works on.
  if (row.build === 'inspect')
    faults.add({ service: 's3', operation: 'PutObject', caller: INSPECT_ROLE, about: `runs/${deployment}`, ...pause });
  else if (row.build)
    faults.add({ service: 's3', operation: 'GetObject', caller: roleOf(app, row.build) + deployment, ...pause });
  return goOn;
}

/** Waits until the deployment of a release is in the state that it is to stay in. */
export async function arrives(app: TestApplication, row: WorkingState, release: number): Promise<Deployment> {
  const deployment = await app.until('dev1', release, () => true);
  if (row.isDecided) await app.approve(STAFF, 'dev1', release);
  await enters(app, deployment, row.state);
  if (row.build === 'inspect') await isAtWork(app, INSPECT_ROLE, `/runs/${deployment.id}/`);
  else if (row.build) await isAtWork(app, roleOf(app, row.build) + deployment.id);
  return deployment;
}

const roleOf = (app: TestApplication, build: 'plan' | 'apply') => `assumed-role/stagegate-${app.name}-dev1-${build}/`;

/** Waits until a deployment, which may be queued still, has entered a state. */
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
