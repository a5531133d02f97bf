import type { Execution, HistoryEvent } from '../../asl/execution.ts';
import type { StateMachine } from './state-machines.ts';

/** Returns the answer of StartExecution. */
export const started = ({ arn, startedAt }: Execution) => ({ executionArn: arn, startDate: new Date(startedAt) });

export function listedExecution({ arn, machineArn, name, status, startedAt, stoppedAt }: Execution) {
  return {
    executionArn: arn,
    stateMachineArn: machineArn,
    name,
    status,
    startDate: new Date(startedAt),
    stopDate: stoppedAt === null ? undefined : new Date(stoppedAt),
    redriveCount: 0,
  };
}

export function describeExecution(execution: Execution) {
  const { status, input, output, error, cause } = execution;
  return {
    ...listedExecution(execution),
    input,
    inputDetails: { included: true },
    ...(status === 'SUCCEEDED' ? { output: JSON.stringify(output), outputDetails: { included: true } } : {}),
    error: error ?? undefined,
    cause: cause ?? undefined,
    redriveStatus: 'NOT_REDRIVABLE',
    redriveStatusReason: 'Executions of the local cloud cannot be redriven',
  };
}

export function describeMachine(machine: StateMachine) {
  const { Destinations, IncludeExecutionData, Level } = machine.logging;
  return {
    stateMachineArn: machine.arn,
    name: machine.name,
    status: 'ACTIVE',
    type: 'STANDARD',
    definition: machine.definitionText,
    roleArn: machine.roleArn,
    creationDate: machine.createdAt,
    loggingConfiguration: {
      level: Level,
      includeExecutionData: IncludeExecutionData,
      destinations: Destinations.map(({ CloudWatchLogsLogGroup }) => ({
        cloudWatchLogsLogGroup: { logGroupArn: CloudWatchLogsLogGroup.LogGroupArn },
      })),
    },
    tracingConfiguration: { enabled: machine.tracing },
  };
}

/** Returns an event in the form of the API, where the name of the details depends on the type. */
export function wireEvent({ id, previousEventId, timestamp, type, details }: HistoryEvent) {
  const event = { id, previousEventId, timestamp: new Date(timestamp), type };
  return details ? { ...event, [detailsName(type)]: details } : event;
}

function detailsName(type: string): string {
  if (type.endsWith('StateEntered')) return 'stateEnteredEventDetails';
  if (type.endsWith('StateExited')) return 'stateExitedEventDetails';
  return `${type.charAt(0).toLowerCase()}${type.slice(1)}EventDetails`;
}
