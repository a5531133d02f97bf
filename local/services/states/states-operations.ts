import { randomUUID } from 'node:crypto';
import { type Execution, newExecution } from '../../asl/execution.ts';
import type { Clock } from '../../clock.ts';
import { AwsError, type Operation, type RequiredPermission } from '../../door/wire.ts';
import { withoutExecutionData } from './execution-log.ts';
import type { ExecutionRunner, TokenAnswer } from './execution-runner.ts';
import type { ExecutionStore } from './execution-store.ts';
import { takePage } from './result-pages.ts';
import { executionArn, machineArnOf } from './state-arns.ts';
import type { StateMachine } from './state-machines.ts';
import { describeExecution, describeMachine, listedExecution, started, wireEvent } from './states-answers.ts';
import {
  ExecutionInput,
  HistoryInput,
  ListExecutionsInput,
  MachineInput,
  parseOutput,
  requireInput,
  requireName,
  StartExecutionInput,
  StopExecutionInput,
  TaskFailureInput,
  TaskHeartbeatInput,
  TaskSuccessInput,
  TaskTokenInput,
} from './states-inputs.ts';
import { readTaskToken } from './task-token.ts';

interface StatesOperationsProps {
  readonly machines: ReadonlyMap<string, StateMachine>;
  readonly store: ExecutionStore;
  readonly runner: ExecutionRunner;
  readonly clock: Clock;
}

/**
 * Makes the operations of the Step Functions API that concern executions. Redriving is not supported: start a new
 * execution instead.
 */
export function createStatesOperations({
  machines,
  store,
  runner,
  clock,
}: StatesOperationsProps): Record<string, Operation> {
  const findMachine = (arn: string): StateMachine => {
    const machine = machines.get(arn);
    if (!machine) throw new AwsError('StateMachineDoesNotExist', `State Machine Does Not Exist: '${arn}'`);
    return machine;
  };
  const findExecution = (arn: string): Execution => {
    const stored = store.find(arn);
    if (!stored) throw new AwsError('ExecutionDoesNotExist', `Execution Does Not Exist: '${arn}'`);
    return stored.execution;
  };
  const answerTask = async (taskToken: string, answer: TokenAnswer): Promise<Record<string, never>> => {
    const target = readTaskToken(taskToken);
    if (!target) throw new AwsError('InvalidToken', "Invalid Token: 'Invalid token'");
    if (!store.find(target.executionArn)) {
      throw new AwsError('TaskDoesNotExist', `Task Does Not Exist: '${target.executionArn}'`);
    }
    await runner.answer(target.executionArn, taskToken, answer);
    return {};
  };

  return {
    StartExecution: {
      permissions: (input) => demand('StartExecution', StartExecutionInput.parse(input).stateMachineArn),
      async perform(input) {
        const { stateMachineArn, name = randomUUID(), input: text } = StartExecutionInput.parse(input);
        const machine = findMachine(stateMachineArn);
        requireName(name);
        requireInput(text);
        const arn = executionArn(machine.arn, name);
        const existing = store.find(arn)?.execution;
        if (existing) {
          if (existing.status === 'RUNNING' && existing.input === text) return started(existing);
          throw new AwsError('ExecutionAlreadyExists', `Execution Already Exists: '${arn}'`);
        }
        const execution = newExecution(machine.definition, {
          arn,
          name,
          machineArn: machine.arn,
          machineName: machine.name,
          roleArn: machine.roleArn,
          input: text,
          startedAt: clock.now(),
        });
        runner.start(execution, machine.definitionId);
        return started(execution);
      },
    },
    StopExecution: {
      permissions: (input) => demand('StopExecution', StopExecutionInput.parse(input).executionArn),
      async perform(input) {
        const { executionArn: arn, error = null, cause = null } = StopExecutionInput.parse(input);
        findExecution(arn);
        const { execution } = await runner.signal(arn, { kind: 'stop', error, cause });
        return { stopDate: new Date(execution.stoppedAt ?? clock.now()) };
      },
    },
    DescribeExecution: {
      permissions: (input) => demand('DescribeExecution', ExecutionInput.parse(input).executionArn),
      perform: async (input) => describeExecution(findExecution(ExecutionInput.parse(input).executionArn)),
    },
    ListExecutions: {
      permissions: (input) => demand('ListExecutions', ListExecutionsInput.parse(input).stateMachineArn),
      async perform(input) {
        const { stateMachineArn, statusFilter, maxResults, nextToken } = ListExecutionsInput.parse(input);
        const { arn } = findMachine(stateMachineArn);
        const executions = store
          .list()
          .map(({ execution }) => execution)
          .filter(({ machineArn, status }) => machineArn === arn && (!statusFilter || status === statusFilter));
        const page = takePage(executions, maxResults, nextToken);
        return { executions: page.items.map(listedExecution), nextToken: page.nextToken };
      },
    },
    GetExecutionHistory: {
      permissions: (input) => demand('GetExecutionHistory', HistoryInput.parse(input).executionArn),
      async perform(input) {
        const {
          executionArn: arn,
          reverseOrder,
          includeExecutionData,
          maxResults,
          nextToken,
        } = HistoryInput.parse(input);
        findExecution(arn);
        const history = store.history(arn);
        const page = takePage(reverseOrder ? history.toReversed() : history, maxResults, nextToken);
        const events = includeExecutionData ? page.items : page.items.map(withoutExecutionData);
        return { events: events.map(wireEvent), nextToken: page.nextToken };
      },
    },
    DescribeStateMachine: {
      permissions: (input) => demand('DescribeStateMachine', MachineInput.parse(input).stateMachineArn),
      perform: async (input) => describeMachine(findMachine(MachineInput.parse(input).stateMachineArn)),
    },
    SendTaskSuccess: {
      permissions: (input) => demandForTask('SendTaskSuccess', input),
      async perform(input) {
        const { taskToken, output } = TaskSuccessInput.parse(input);
        return answerTask(taskToken, { kind: 'succeeded', output: parseOutput(output) });
      },
    },
    SendTaskFailure: {
      permissions: (input) => demandForTask('SendTaskFailure', input),
      async perform(input) {
        const { taskToken, error, cause } = TaskFailureInput.parse(input);
        return answerTask(taskToken, { kind: 'failed', error, cause });
      },
    },
    SendTaskHeartbeat: {
      permissions: (input) => demandForTask('SendTaskHeartbeat', input),
      perform: async (input) => answerTask(TaskHeartbeatInput.parse(input).taskToken, { kind: 'heartbeat' }),
    },
  };
}

const demand = (action: string, resource: string): RequiredPermission[] => [
  { action: `states:${action}`, resources: [resource] },
];

/**
 * Returns the permission on the state machine that the token belongs to. A text that is not a token needs no
 * permission: every caller gets InvalidToken.
 */
function demandForTask(action: string, input: unknown): RequiredPermission[] {
  const target = readTaskToken(TaskTokenInput.parse(input).taskToken);
  return target ? demand(action, machineArnOf(target.executionArn)) : [];
}
