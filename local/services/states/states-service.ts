import type { Execution, HistoryEvent } from '../../asl/execution.ts';
import { type Clock, systemClock } from '../../clock.ts';
import { createJsonProtocol } from '../../door/json-protocol.ts';
import type { ServiceEvent } from '../events/event-envelope.ts';
import type { LocalContext } from '../local-context.ts';
import type { LocalService } from '../local-service.ts';
import { logLines } from './execution-log.ts';
import { ExecutionRunner } from './execution-runner.ts';
import { createExecutionStore } from './execution-store.ts';
import { createLambdaInvoke } from './lambda-invoke.ts';
import { type BuildEnds, createStartBuild } from './start-build.ts';
import { createStateMachineProvisioner, type StateMachine } from './state-machines.ts';
import { createStatesOperations } from './states-operations.ts';
import { statusChangeEvent } from './status-event.ts';

/** Step Functions: Standard state machines in JSONata; their executions survive a restart. */
export interface StatesService extends LocalService {
  /** Returns the executions, newest first. */
  executions(): readonly Execution[];
  execution(arn: string): Execution | undefined;
  /** Returns the events, oldest first. */
  history(arn: string): readonly HistoryEvent[];
}

interface StatesServiceProps {
  /** Puts an event on the default bus; the event must be stored before this returns. */
  readonly putEvent: (event: ServiceEvent) => void;
  /** Reports the ends of builds; without it, builds are looked at every five seconds. */
  readonly buildEnds?: BuildEnds;
  /** Receives the log lines of machines with a logging configuration. */
  readonly writeLog?: (logGroup: string, stream: string, message: string) => void;
  readonly clock?: Clock;
  readonly random?: () => number;
  /** Makes retry intervals and Wait states this many times shorter than the definition says; 1 by default. */
  readonly waitsDividedBy?: number | undefined;
}

/**
 * Makes Step Functions. Tasks can call `lambda:invoke` (also with a task token) and `codebuild:startBuild` (also
 * `.sync`).
 */
export function createStatesService(
  context: Pick<LocalContext, 'accountId' | 'region' | 'door' | 'database' | 'log'>,
  {
    putEvent,
    buildEnds = noNews,
    writeLog,
    clock = systemClock,
    random = Math.random,
    waitsDividedBy = 1,
  }: StatesServiceProps,
): StatesService {
  const { door, database, region, log } = context;
  const store = createExecutionStore(database);
  const machines = new Map<string, StateMachine>();
  const integrations = {
    'lambda:invoke': createLambdaInvoke(door),
    'codebuild:startBuild': createStartBuild(door, buildEnds),
  };
  const record = (execution: Execution, events: readonly HistoryEvent[]): void => {
    const logging = machines.get(execution.machineArn)?.logging;
    const logGroup = logging?.Destinations[0]?.CloudWatchLogsLogGroup.LogGroupArn.split(':')[6];
    if (!logging || !logGroup || !writeLog) return;
    for (const line of logLines(logging, execution, events))
      writeLog(logGroup, `states/${execution.machineName}`, line);
  };
  const runner = new ExecutionRunner({
    store,
    clock,
    random,
    region,
    waitsDividedBy,
    integrations,
    announce: (execution, status) => {
      putEvent(statusChangeEvent(execution, status));
      const { arn, error, cause } = execution;
      log({
        source: 'states',
        message: `execution ${status.toLowerCase()}`,
        fields: { arn, ...(error ? { error, cause } : {}) },
      });
    },
    record,
    log,
  });
  return {
    service: {
      signingName: 'states',
      protocol: createJsonProtocol({ targetPrefix: 'AWSStepFunctions', version: '1.0' }),
      operations: createStatesOperations({ machines, store, runner, clock }),
    },
    provisioners: {
      'AWS::StepFunctions::StateMachine': createStateMachineProvisioner({
        context,
        store,
        integrations,
        createdAt: () => new Date(clock.now()),
        add: (machine) => machines.set(machine.arn, machine),
      }),
    },
    start: () => runner.resume(),
    stop: () => runner.stop(),
    executions: () => store.list().map(({ execution }) => execution),
    execution: (arn) => store.find(arn)?.execution,
    history: (arn) => store.history(arn),
  };
}

/** Reports nothing; resolves when the waiting is aborted. */
const noNews: BuildEnds = (_buildId, signal) =>
  new Promise((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }));
