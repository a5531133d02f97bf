import * as z from 'zod';
import { schemasOf } from '../harness/workflow-functions.ts';

interface JsonSchema {
  readonly anyOf?: readonly JsonSchema[] | undefined;
  readonly oneOf?: readonly JsonSchema[] | undefined;
  readonly allOf?: readonly JsonSchema[] | undefined;
  readonly properties?: Readonly<Record<string, JsonSchema>> | undefined;
  readonly enum?: readonly unknown[] | undefined;
  readonly const?: unknown;
}
const JsonSchema: z.ZodType<JsonSchema> = z.looseObject({
  get anyOf() {
    return z.array(JsonSchema).optional();
  },
  get oneOf() {
    return z.array(JsonSchema).optional();
  },
  get allOf() {
    return z.array(JsonSchema).optional();
  },
  get properties() {
    return z.record(z.string(), JsonSchema).optional();
  },
  enum: z.array(z.unknown()).optional(),
  const: z.unknown().optional(),
});

/** The fields of a function's answer, each with the texts that it may have if only some are possible. */
export type AnswerFields = Readonly<Record<string, readonly string[]>>;

/** Returns the fields of the answer of a function that the workflow calls; without fields if there is no such function. */
export function answerFieldsOf(functionName: string): AnswerFields {
  const schema = schemasOf(functionName)?.answer;
  if (!schema) return {};
  const found: Record<string, string[]> = {};
  const visit = ({ anyOf = [], oneOf = [], allOf = [], properties = {} }: JsonSchema): void => {
    for (const branch of [...anyOf, ...oneOf, ...allOf]) visit(branch);
    for (const [field, value] of Object.entries(properties)) {
      const texts = [...(value.enum ?? []), ...(value.const === undefined ? [] : [value.const])].map(String);
      found[field] = [...new Set([...(found[field] ?? []), ...texts])].sort();
    }
  };
  visit(JsonSchema.parse(z.toJSONSchema(schema, { io: 'output', unrepresentable: 'any' })));
  return found;
}
