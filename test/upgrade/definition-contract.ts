import * as z from 'zod';

/**
 * What a definition of the state machine expects of functions and builds. An execution keeps the definition with which
 * it was started, so all of this has to stay true until the last execution has ended.
 */
interface DefinitionContract {
  readonly calls: readonly FunctionCall[];
  /** Names of build projects. */
  readonly projects: readonly string[];
  /** Errors of our own that Retry and Catch name. */
  readonly errors: readonly string[];
}

/** A state that calls a function. */
export interface FunctionCall {
  readonly state: string;
  /** `stagegate-consume-plan` */
  readonly functionName: string;
  /** Payloads that the state sends, with examples for what is known only at run time. */
  readonly payloads: readonly Readonly<Record<string, unknown>>[];
  /** Fields of the answer that the definition reads, in this state or later. */
  readonly fields: readonly string[];
  /** Those of them that the definition compares with texts; it has no rule for a text that it does not know. */
  readonly compared: readonly string[];
}

const StateSchema = z.looseObject({
  Type: z.string(),
  Resource: z.string().optional(),
  Arguments: z.unknown().optional(),
  Assign: z.record(z.string(), z.unknown()).default({}),
  Retry: z.array(z.looseObject({ ErrorEquals: z.array(z.string()) })).default([]),
  Catch: z.array(z.looseObject({ ErrorEquals: z.array(z.string()) })).default([]),
});
const InvocationSchema = z.strictObject({ FunctionName: z.string(), Payload: z.record(z.string(), z.unknown()) });
const DefinitionSchema = z.looseObject({ States: z.record(z.string(), StateSchema) });

/** Examples for the expressions in payloads. */
const EXAMPLES: Readonly<Record<string, readonly unknown[]>> = {
  '{% $deploymentId %}': ['my-app-dev1-1-abc123'],
  '{% $states.input.deploymentId %}': ['my-app-dev1-1-abc123'],
  '{% $states.context.Task.Token %}': ['AQCEAAAAKgAAAAMAAAAA'],
  '{% $inspected %}': [false, true],
  '{% $unstarted %}': ['', 'my-app-dev1-1-abc123-plan-1'],
  '{% $failure.error %}': ['CodeBuild.SdkClientException'],
  '{% $failure %}': [{ state: 'Plan', error: 'States.TaskFailed', cause: '' }],
};

/** Reads the text of a definition. */
export function contractOf(text: string): DefinitionContract {
  const { States } = DefinitionSchema.parse(JSON.parse(text));
  const states = Object.entries(States);
  const retried = states.flatMap(([, { Retry, Catch }]) => [...Retry, ...Catch].flatMap((each) => each.ErrorEquals));
  return {
    calls: states.flatMap(([state, each]) => {
      if (!each.Resource?.includes(':lambda:invoke')) return [];
      const { FunctionName, Payload } = InvocationSchema.parse(each.Arguments);
      const fields = fieldsReadOf(each, text);
      const compared = fields.filter((field) => new RegExp(`[.$]${field} = \\\\"`).test(text));
      return [{ state, functionName: nameOf(FunctionName), payloads: examplesOf(Payload), fields, compared }];
    }),
    projects: unique(text.match(/(?<=\\")stagegate-[a-z-]+(?=\\")/g) ?? []),
    errors: unique(retried).filter((error) => !/^(?:States|Lambda|CodeBuild)\./.test(error)),
  };
}

const unique = (texts: readonly string[]): string[] => [...new Set(texts)].sort();
const nameOf = (functionArn: string): string => functionArn.split(':')[6] ?? functionArn;

/** Returns the payload once for each combination of examples. */
function examplesOf(payload: Readonly<Record<string, unknown>>): Record<string, unknown>[] {
  let combinations: Record<string, unknown>[] = [{}];
  for (const [field, value] of Object.entries(payload)) {
    const isExpression = typeof value === 'string' && value.startsWith('{%');
    const examples = isExpression ? EXAMPLES[value] : [value];
    if (!examples) throw new Error(`the payload field ${field} is ${String(value)}: EXAMPLES has no example of it`);
    combinations = combinations.flatMap((each) => examples.map((example) => ({ ...each, [field]: example })));
  }
  return combinations;
}

/** Returns the fields of a state's answer that the definition reads, in this state or through a variable. */
function fieldsReadOf({ Assign }: z.infer<typeof StateSchema>, text: string): string[] {
  const direct = JSON.stringify(Assign).matchAll(/\$states\.result\.Payload\.(\w+)/g);
  const variables = Object.entries(Assign).filter(([, value]) => value === '{% $states.result.Payload %}');
  const later = variables.flatMap(([variable]) => [...text.matchAll(new RegExp(`\\$${variable}\\.(\\w+)`, 'g'))]);
  return unique([...direct, ...later].map(([, field = '']) => field));
}
