import * as z from 'zod';
import { findExpressionProblems, isExpression } from './expression.ts';
import { isJsonObject, type Json, JsonSchema } from './json.ts';

/** Longest time that Step Functions waits for anything, about three years. */
export const MAX_SECONDS = 99_999_999;

const ExpressionSchema = z.string().refine(isExpression, 'must be a JSONata expression, {% … %}');
const SecondsSchema = z.union([z.int().min(0).max(MAX_SECONDS), ExpressionSchema]);
const PositiveSecondsSchema = z.union([z.int().min(1).max(MAX_SECONDS), ExpressionSchema]);

/** Variable names follow Unicode's rule for identifiers; the name `states` is reserved by Step Functions. */
const VariableNameSchema = z
  .string()
  .max(80)
  .regex(/^\p{ID_Start}\p{ID_Continue}*$/u, 'is no variable name')
  .refine((name) => name !== 'states', 'is reserved');
const AssignSchema = z.record(VariableNameSchema, JsonSchema);

const RetrierSchema = z.strictObject({
  Comment: z.string().optional(),
  ErrorEquals: z.array(z.string()).min(1),
  IntervalSeconds: z.int().min(1).max(MAX_SECONDS).default(1),
  MaxAttempts: z.int().min(0).max(MAX_SECONDS).default(3),
  BackoffRate: z.number().min(1).default(2),
  MaxDelaySeconds: z.int().min(1).max(31_622_400).optional(),
  JitterStrategy: z.enum(['FULL', 'NONE']).default('NONE'),
});
export type Retrier = z.infer<typeof RetrierSchema>;

const CatcherSchema = z.strictObject({
  Comment: z.string().optional(),
  ErrorEquals: z.array(z.string()).min(1),
  Next: z.string(),
  Assign: AssignSchema.optional(),
  Output: JsonSchema.optional(),
});
export type Catcher = z.infer<typeof CatcherSchema>;

const common = { Comment: z.string().optional(), QueryLanguage: z.literal('JSONata').optional() };
const output = { Assign: AssignSchema.optional(), Output: JsonSchema.optional() };
const transition = { Next: z.string().optional(), End: z.literal(true).optional() };

const PassStateSchema = z.strictObject({ Type: z.literal('Pass'), ...common, ...output, ...transition });
const TaskStateSchema = z.strictObject({
  Type: z.literal('Task'),
  Resource: z.string(),
  Arguments: JsonSchema.optional(),
  TimeoutSeconds: PositiveSecondsSchema.optional(),
  HeartbeatSeconds: PositiveSecondsSchema.optional(),
  Retry: z.array(RetrierSchema).default([]),
  Catch: z.array(CatcherSchema).default([]),
  ...common,
  ...output,
  ...transition,
});
const ChoiceRuleSchema = z.strictObject({
  Comment: z.string().optional(),
  Condition: z.union([z.boolean(), ExpressionSchema]),
  Next: z.string(),
  ...output,
});
const ChoiceStateSchema = z.strictObject({
  Type: z.literal('Choice'),
  Choices: z.array(ChoiceRuleSchema).min(1),
  Default: z.string().optional(),
  ...common,
  ...output,
});
const WaitStateSchema = z.strictObject({
  Type: z.literal('Wait'),
  Seconds: SecondsSchema.optional(),
  Timestamp: z.union([z.iso.datetime({ offset: true }), ExpressionSchema]).optional(),
  ...common,
  ...output,
  ...transition,
});
const SucceedStateSchema = z.strictObject({ Type: z.literal('Succeed'), Output: JsonSchema.optional(), ...common });
const FailStateSchema = z.strictObject({
  Type: z.literal('Fail'),
  Error: z.string().optional(),
  Cause: z.string().optional(),
  ...common,
});

const StateSchema = z.discriminatedUnion('Type', [
  PassStateSchema,
  TaskStateSchema,
  ChoiceStateSchema,
  WaitStateSchema,
  SucceedStateSchema,
  FailStateSchema,
]);

const DefinitionSchema = z.strictObject({
  Comment: z.string().optional(),
  QueryLanguage: z.literal('JSONata'),
  Version: z.literal('1.0').optional(),
  TimeoutSeconds: z.int().min(1).max(MAX_SECONDS).optional(),
  StartAt: z.string(),
  States: z.record(z.string().min(1).max(80), StateSchema),
});

/** A checked state machine: every transition has a target and every expression parses. */
export type Definition = z.infer<typeof DefinitionSchema>;
export type State = z.infer<typeof StateSchema>;
export type PassState = z.infer<typeof PassStateSchema>;
export type SucceedState = z.infer<typeof SucceedStateSchema>;
export type TaskState = z.infer<typeof TaskStateSchema>;
export type ChoiceState = z.infer<typeof ChoiceStateSchema>;
export type WaitState = z.infer<typeof WaitStateSchema>;
export type FailState = z.infer<typeof FailStateSchema>;

/**
 * Thrown for a definition that Step Functions or this interpreter refuses; the interpreter knows only JSONata.
 * `problems` lists everything found.
 */
export class DefinitionError extends Error {
  override readonly name = 'DefinitionError';
  readonly problems: readonly string[];
  constructor(problems: readonly string[]) {
    super(`Invalid State Machine Definition: ${problems.join('; ')}`);
    this.problems = problems;
  }
}

/** Parses the JSON text of a state machine; throws DefinitionError naming every unknown or unsupported part. */
export function parseDefinition(text: string): Definition {
  const written = parseJson(text);
  const parsed = DefinitionSchema.safeParse(written);
  if (!parsed.success) throw new DefinitionError(parsed.error.issues.flatMap((issue) => describeIssue(issue, written)));
  const problems = [...findGraphProblems(parsed.data), ...findStateProblems(parsed.data)];
  if (problems.length > 0) throw new DefinitionError(problems);
  return parsed.data;
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new DefinitionError([
      `the definition is not JSON: ${error instanceof Error ? error.message : String(error)}`,
    ]);
  }
}

const JSONPATH_FIELDS = new Set([
  'InputPath',
  'Parameters',
  'ResultSelector',
  'ResultPath',
  'OutputPath',
  'Result',
  'Variable',
]);

function describeIssue(issue: z.core.$ZodIssue, written: unknown): string[] {
  const at = `at /${issue.path.map(String).join('/')}`;
  const field = issue.path.at(-1);
  if (issue.code === 'unrecognized_keys') {
    return issue.keys.map((key) =>
      JSONPATH_FIELDS.has(key) || key.endsWith('Path')
        ? `Field '${key}' belongs to JSONPath, only the query language JSONata is supported ${at}`
        : `Field '${key}' is not supported ${at}`,
    );
  }
  if (field === 'QueryLanguage') return [`QueryLanguage must be 'JSONata', JSONPath is not supported ${at}`];
  if (issue.code === 'invalid_union' && field === 'Type') {
    return [`Type ${JSON.stringify(valueAt(written, issue.path))} is not supported ${at}`];
  }
  return [`${issue.message} ${at}`];
}

function valueAt(value: unknown, path: readonly PropertyKey[]): unknown {
  return path.reduce<unknown>(
    (inner, key) => (typeof inner === 'object' && inner !== null ? Reflect.get(inner, key) : undefined),
    value,
  );
}

/** Returns the names of the states that may follow a state. */
export function nextStates(state: State): string[] {
  switch (state.Type) {
    case 'Choice':
      return [...state.Choices.map((rule) => rule.Next), ...(state.Default === undefined ? [] : [state.Default])];
    case 'Task':
      return [...(state.Next === undefined ? [] : [state.Next]), ...state.Catch.map((catcher) => catcher.Next)];
    case 'Pass':
    case 'Wait':
      return state.Next === undefined ? [] : [state.Next];
    case 'Succeed':
    case 'Fail':
      return [];
  }
}

function findGraphProblems({ StartAt, States }: Definition): string[] {
  const targets = [{ target: StartAt, at: '/StartAt' }].concat(
    Object.entries(States).flatMap(([name, state]) =>
      nextStates(state).map((target) => ({ target, at: `/States/${name}` })),
    ),
  );
  const missing = targets.filter(({ target }) => !(target in States));
  if (missing.length > 0) return missing.map(({ target, at }) => `Missing 'Next' target: ${target} at ${at}`);
  const reached = new Set<string>();
  const pending = [StartAt];
  for (let name = pending.pop(); name !== undefined; name = pending.pop()) {
    const state = States[name];
    if (state === undefined || reached.has(name)) continue;
    reached.add(name);
    pending.push(...nextStates(state));
  }
  const unreachable = Object.keys(States).filter((name) => !reached.has(name));
  const hasEnd = Object.values(States).some(
    (state) => state.Type === 'Succeed' || state.Type === 'Fail' || ('End' in state && state.End),
  );
  return [
    ...unreachable.map((name) => `State "${name}" is not reachable at /States/${name}`),
    ...(hasEnd ? [] : ['No terminal state at /States']),
  ];
}

function findStateProblems({ States }: Definition): string[] {
  return Object.entries(States).flatMap(([name, state]) => {
    const shape = describeShape(state).map((problem) => `${problem} at /States/${name}`);
    const expressions = expressionFields(state).flatMap(({ field, text, isInCatcher }) =>
      findExpressionProblems(text, isInCatcher).map((problem) => `${problem} at /States/${name}/${field}`),
    );
    return [...shape, ...expressions];
  });
}

/** Checks the rules between the fields of one state and returns the problems. */
function describeShape(state: State): string[] {
  const problems: string[] = [];
  if (
    (state.Type === 'Pass' || state.Type === 'Task' || state.Type === 'Wait') &&
    (state.Next === undefined) === (state.End === undefined)
  ) {
    problems.push('exactly one of Next and End is needed');
  }
  if (state.Type === 'Wait' && (state.Seconds === undefined) === (state.Timestamp === undefined)) {
    problems.push('exactly one of Seconds and Timestamp is needed');
  }
  if (state.Type === 'Task') {
    const { TimeoutSeconds: timeout, HeartbeatSeconds: heartbeat } = state;
    if (typeof timeout === 'number' && typeof heartbeat === 'number' && heartbeat >= timeout) {
      problems.push(`HeartbeatSeconds ${heartbeat} must be smaller than TimeoutSeconds ${timeout}`);
    }
    for (const [field, handlers] of [
      ['Retry', state.Retry],
      ['Catch', state.Catch],
    ] as const) {
      const isMisplaced = handlers.some(
        ({ ErrorEquals }, index) =>
          ErrorEquals.includes('States.ALL') && (ErrorEquals.length > 1 || index < handlers.length - 1),
      );
      if (isMisplaced) problems.push(`States.ALL must stand alone and in the last entry of ${field}`);
    }
  }
  return problems;
}

interface ExpressionField {
  readonly field: string;
  readonly text: string;
  readonly isInCatcher: boolean;
}

/** Returns every text of a state with its location as AWS writes it: each text may be an expression. */
function expressionFields(state: State): ExpressionField[] {
  return Object.entries(state).flatMap(([field, value]) => texts(JsonSchema.parse(value), field, field === 'Catch'));
}

function texts(value: Json, field: string, isInCatcher: boolean): ExpressionField[] {
  if (typeof value === 'string') return [{ field, text: value, isInCatcher }];
  if (Array.isArray(value)) return value.flatMap((item, index) => texts(item, `${field}[${index}]`, isInCatcher));
  if (!isJsonObject(value)) return [];
  return Object.entries(value).flatMap(([key, member]) => texts(member, `${field}/${key}`, isInCatcher));
}
