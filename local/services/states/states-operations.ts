import { randomUUID } from 'node:crypto';
import * as z from 'zod';
import type { Execution, HistoryEvent } from '../../asl/execution.ts';
import { type Json, JsonSchema } from '../../asl/json.ts';
import type { Clock } from '../../clock.ts';
import { AwsError, type Operation, type RequiredPermission } from '../../door/wire.ts';
import { withoutExecutionData } from './execution-log.ts';
import type { ExecutionRunner, TokenAnswer } from './execution-runner.ts';
import type { ExecutionStore } from './execution-store.ts';
import { executionArn, machineArnOf } from './state-arns.ts';
import type { StateMachine } from './state-machines.ts';
import { readTaskToken } from './task-token.ts';

/** Limit of Step Functions for inputs and outputs, in bytes. */
const MAX_DATA_BYTES = 256 * 1024;
const DEFAULT_PAGE = 100;

const PageFields = { maxResults: z.int().min(0).max(1000).optional(), nextToken: z.string().optional() };
const StartExecutionInput = z.strictObject({
  stateMachineArn: z.string(),
  name: z.string().optional(),
  input: z.string().default('{}'),
  traceHeader: z.string().optional(),
});
const ExecutionInput = z.strictObject({ executionArn: z.string() });
const StopExecutionInput = z.strictObject({
  executionArn: z.string(),
  error: z.string().max(256).optional(),
  cause: z.string().max(32_768).optional(),
});
const ListExecutionsInput = z.strictObject({
  stateMachineArn: z.string(),
  statusFilter: z.enum(['RUNNING', 'SUCCEEDED', 'FAILED', 'TIMED_OUT', 'ABORTED']).optional(),
  ...PageFields,
});
const HistoryInput = z.strictObject({
  executionArn: z.string(),
  reverseOrder: z.boolean().default(false),
  includeExecutionData: z.boolean().default(true),
  ...PageFields,
});
const MachineInput = z.strictObject({ stateMachineArn: z.string() });
const TaskSuccessInput = z.strictObject({ taskToken: z.string(), output: z.string() });
const TaskFailureInput = z.strictObject({
  taskToken: z.string(),
  error: z.string().max(256).default('States.TaskFailed'),
  cause: z.string().max(32_768).default(''),
});
const TaskHeartbeatInput = z.strictObject({ taskToken: z.string() });
const TaskTokenInput = z.looseObject({ taskToken: z.string() });

interface StatesOperationsProps {
  readonly machines: ReadonlyMap<string, StateMachine>;
  readonly store: ExecutionStore;
  readonly runner: ExecutionRunner;
  readonly clock: Clock;
}

/** The Step Functions API, as far as it concerns executions. Redriving is refused: start a new execution. */
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
        const execution = newExecution(machine, arn, name, text, clock.now());
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

/** A token belongs to a state machine; a text that is no token is refused as such, whoever sends it. */
function demandForTask(action: string, input: unknown): RequiredPermission[] {
  const target = readTaskToken(TaskTokenInput.parse(input).taskToken);
  return target ? demand(action, machineArnOf(target.executionArn)) : [];
}

function requireName(name: string): void {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are among what AWS forbids
  if (/^[^\s<>{}[\]?*"#%\\^|~`$&,;:/\u0000-\u001f\u007f-\u009f]{1,80}$/.test(name)) return;
  throw new AwsError('InvalidName', `Invalid Name: '${name}'`);
}

function requireInput(text: string): void {
  if (Buffer.byteLength(text) > MAX_DATA_BYTES) {
    throw new AwsError('ValidationException', `the input has more than ${MAX_DATA_BYTES} bytes`);
  }
  if (parseJson(text) !== undefined) return;
  throw new AwsError(
    'InvalidExecutionInput',
    `Invalid State Machine Execution Input: '${text.slice(0, 200)}' is no JSON`,
  );
}

function parseOutput(text: string): Json {
  if (Buffer.byteLength(text) > MAX_DATA_BYTES) {
    throw new AwsError('ValidationException', `the output has more than ${MAX_DATA_BYTES} bytes`);
  }
  const output = parseJson(text);
  if (output === undefined) throw new AwsError('InvalidOutput', `Invalid Output: '${text.slice(0, 200)}' is no JSON`);
  return output;
}

function parseJson(text: string): Json | undefined {
  try {
    return JsonSchema.parse(JSON.parse(text));
  } catch {
    return undefined;
  }
}

function newExecution(machine: StateMachine, arn: string, name: string, input: string, now: number): Execution {
  const timeout = machine.definition.TimeoutSeconds;
  return {
    arn,
    name,
    machineArn: machine.arn,
    machineName: machine.name,
    roleArn: machine.roleArn,
    input,
    startedAt: now,
    deadline: timeout === undefined ? null : now + timeout * 1000,
    status: 'RUNNING',
    stoppedAt: null,
    output: null,
    error: null,
    cause: null,
    variables: {},
    lastEventId: 0,
    position: null,
  };
}

const started = ({ arn, startedAt }: Execution) => ({ executionArn: arn, startDate: new Date(startedAt) });

function listedExecution({ arn, machineArn, name, status, startedAt, stoppedAt }: Execution) {
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

function describeExecution(execution: Execution) {
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

function describeMachine(machine: StateMachine) {
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

/** An event in the shape of the API, where the details stand under a name made from the type. */
function wireEvent({ id, previousEventId, timestamp, type, details }: HistoryEvent) {
  const event = { id, previousEventId, timestamp: new Date(timestamp), type };
  return details ? { ...event, [detailsName(type)]: details } : event;
}

function detailsName(type: string): string {
  if (type.endsWith('StateEntered')) return 'stateEnteredEventDetails';
  if (type.endsWith('StateExited')) return 'stateExitedEventDetails';
  return `${type.charAt(0).toLowerCase()}${type.slice(1)}EventDetails`;
}

function takePage<T>(items: readonly T[], maxResults: number | undefined, nextToken: string | undefined) {
  const start = nextToken === undefined ? 0 : readPageToken(nextToken);
  const end = start + (maxResults || DEFAULT_PAGE);
  return { items: items.slice(start, end), nextToken: end < items.length ? pageToken(end) : undefined };
}

const pageToken = (start: number): string => Buffer.from(`page:${start}`).toString('base64');

function readPageToken(token: string): number {
  const match = /^page:(\d+)$/.exec(Buffer.from(token, 'base64').toString('utf8'));
  if (match) return Number(match[1]);
  throw new AwsError('InvalidToken', "Invalid Token: 'Invalid token'");
}
