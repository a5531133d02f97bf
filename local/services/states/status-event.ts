import type { Execution, ExecutionStatus } from '../../asl/execution.ts';
import type { ServiceEvent } from '../events/event-envelope.ts';

/** Returns the event `Step Functions Execution Status Change` for the time when `execution` reached `status`. */
export function statusChangeEvent(execution: Execution, status: ExecutionStatus): ServiceEvent {
  const isOver = status !== 'RUNNING';
  return {
    source: 'aws.states',
    detailType: 'Step Functions Execution Status Change',
    resources: [execution.arn],
    detail: {
      executionArn: execution.arn,
      stateMachineArn: execution.machineArn,
      name: execution.name,
      status,
      startDate: execution.startedAt,
      stopDate: isOver ? execution.stoppedAt : null,
      input: execution.input,
      inputDetails: { included: true },
      output: status === 'SUCCEEDED' ? JSON.stringify(execution.output) : null,
      outputDetails: status === 'SUCCEEDED' ? { included: true } : null,
      error: isOver ? execution.error : null,
      cause: isOver ? execution.cause : null,
      stateMachineVersionArn: null,
      stateMachineAliasArn: null,
      redriveCount: 0,
      redriveDate: null,
      redriveStatus: 'NOT_REDRIVABLE',
      redriveStatusReason: null,
    },
  };
}
