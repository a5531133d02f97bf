import * as z from 'zod';
import { type Json, JsonSchema } from '../../asl/json.ts';
import { MAX_STATE_DATA_BYTES } from '../../asl/state-evaluation.ts';
import { AwsError } from '../../door/wire.ts';

const PageFields = { maxResults: z.int().min(0).max(1000).optional(), nextToken: z.string().optional() };
export const StartExecutionInput = z.strictObject({
  stateMachineArn: z.string(),
  name: z.string().optional(),
  input: z.string().default('{}'),
  traceHeader: z.string().optional(),
});
export const ExecutionInput = z.strictObject({ executionArn: z.string() });
export const StopExecutionInput = z.strictObject({
  executionArn: z.string(),
  error: z.string().max(256).optional(),
  cause: z.string().max(32_768).optional(),
});
export const ListExecutionsInput = z.strictObject({
  stateMachineArn: z.string(),
  statusFilter: z.enum(['RUNNING', 'SUCCEEDED', 'FAILED', 'TIMED_OUT', 'ABORTED']).optional(),
  ...PageFields,
});
export const HistoryInput = z.strictObject({
  executionArn: z.string(),
  reverseOrder: z.boolean().default(false),
  includeExecutionData: z.boolean().default(true),
  ...PageFields,
});
export const MachineInput = z.strictObject({ stateMachineArn: z.string() });
export const TaskSuccessInput = z.strictObject({ taskToken: z.string(), output: z.string() });
export const TaskFailureInput = z.strictObject({
  taskToken: z.string(),
  error: z.string().max(256).default('States.TaskFailed'),
  cause: z.string().max(32_768).default(''),
});
export const TaskHeartbeatInput = z.strictObject({ taskToken: z.string() });
export const TaskTokenInput = z.looseObject({ taskToken: z.string() });

export function requireName(name: string): void {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are among what AWS forbids
  if (/^[^\s<>{}[\]?*"#%\\^|~`$&,;:/\u0000-\u001f\u007f-\u009f]{1,80}$/.test(name)) return;
  throw new AwsError('InvalidName', `Invalid Name: '${name}'`);
}

export function requireInput(text: string): void {
  if (Buffer.byteLength(text) > MAX_STATE_DATA_BYTES) {
    throw new AwsError('ValidationException', `the input has more than ${MAX_STATE_DATA_BYTES} bytes`);
  }
  if (parseJson(text) !== undefined) return;
  throw new AwsError(
    'InvalidExecutionInput',
    `Invalid State Machine Execution Input: '${text.slice(0, 200)}' is no JSON`,
  );
}

export function parseOutput(text: string): Json {
  if (Buffer.byteLength(text) > MAX_STATE_DATA_BYTES) {
    throw new AwsError('ValidationException', `the output has more than ${MAX_STATE_DATA_BYTES} bytes`);
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
