import * as z from 'zod';
import { isJsonObject, type Json, JsonSchema } from '../../asl/json.ts';
import type { EventEnvelope } from './event-envelope.ts';

export const TargetInputFields = {
  Input: z.string().optional(),
  InputPath: z.string().optional(),
  InputTransformer: z
    .strictObject({ InputTemplate: z.string(), InputPathsMap: z.record(z.string(), z.string()).default({}) })
    .optional(),
};
const TargetInputSchema = z.object(TargetInputFields);
export type TargetInput = z.infer<typeof TargetInputSchema>;

interface Origin {
  readonly ruleArn: string;
  readonly ruleName: string;
  readonly ingestedAt: string;
}

/** Renders a target's input for an event, as JSON text. */
export type InputRenderer = (event: EventEnvelope, origin: Origin) => string;

/**
 * Compiles the input of a rule's target. Unsupported paths and unknown placeholders throw here, not at the first event.
 */
export function compileTargetInput({ Input, InputPath, InputTransformer }: TargetInput): InputRenderer {
  if ([Input, InputPath, InputTransformer].filter((input) => input !== undefined).length > 1) {
    throw new Error('a target has only one of Input, InputPath and InputTransformer');
  }
  if (Input !== undefined) {
    const constant = JSON.stringify(JSON.parse(Input));
    return () => constant;
  }
  if (InputPath !== undefined) {
    const read = compilePath(InputPath);
    return (event) => JSON.stringify(read(event) ?? null);
  }
  return InputTransformer ? compileTransformer(InputTransformer) : (event) => JSON.stringify(event);
}

function compileTransformer({
  InputTemplate,
  InputPathsMap,
}: NonNullable<TargetInput['InputTransformer']>): InputRenderer {
  const paths = new Map(Object.entries(InputPathsMap).map(([name, path]) => [name, compilePath(path)]));
  const parts = splitTemplate(InputTemplate);
  for (const { placeholder } of parts) {
    if (placeholder !== undefined && !paths.has(placeholder) && !(placeholder in RESERVED)) {
      throw new Error(`the input template has no value for <${placeholder}>`);
    }
  }
  return (event, origin) => {
    const text = parts
      .map(({ text, placeholder, isInText }) => {
        if (placeholder === undefined) return text;
        const value = paths.get(placeholder)?.(event) ?? RESERVED[placeholder]?.(event, origin);
        if (value === undefined) return '';
        if (!isInText) return JSON.stringify(value);
        return JSON.stringify(typeof value === 'string' ? value : JSON.stringify(value)).slice(1, -1);
      })
      .join('');
    return JSON.stringify(JSON.parse(text));
  };
}

/** Placeholders that EventBridge itself defines. */
const RESERVED: Readonly<Record<string, (event: EventEnvelope, origin: Origin) => Json>> = {
  'aws.events.rule-arn': (_event, { ruleArn }) => ruleArn,
  'aws.events.rule-name': (_event, { ruleName }) => ruleName,
  'aws.events.event.ingestion-time': (_event, { ingestedAt }) => ingestedAt,
  'aws.events.event.json': (event) => JsonSchema.parse(event),
};

interface TemplatePart {
  readonly text: string;
  readonly placeholder?: string;
  /** True inside the quotes of the template; there a value is inserted without its own quotes. */
  readonly isInText: boolean;
}

function splitTemplate(template: string): TemplatePart[] {
  let isInText = false;
  return (template.match(/\\.|"|<[\w.-]+>|[^"\\<]+|[\s\S]/g) ?? []).map((text) => {
    if (text === '"') isInText = !isInText;
    const placeholder = /^<([\w.-]+)>$/.exec(text)?.[1];
    return { text, placeholder, isInText };
  });
}

/**
 * Compiles `$.detail.items[0]['odd name']`. Throws an error that names any other path, for example with wildcards or
 * filters.
 */
function compilePath(path: string): (event: EventEnvelope) => Json | undefined {
  const steps = [...path.matchAll(/\.([\w-]+)|\[(\d+)\]|\[(['"])(.*?)\3\]/g)];
  if (`$${steps.map(([step]) => step).join('')}` !== path)
    throw new Error(`the path ${path} is not supported by the local cloud`);
  const keys = steps.map(([, name, index, , quoted]) => name ?? index ?? quoted ?? '');
  return (event) =>
    keys.reduce<Json | undefined>((value, key) => {
      if (value === undefined) return undefined;
      if (Array.isArray(value)) return value[Number(key)];
      return isJsonObject(value) ? value[key] : undefined;
    }, JsonSchema.parse(event));
}
