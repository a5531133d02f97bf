import * as z from 'zod';

const ParameterSchema = z.strictObject({
  Type: z.string(),
  Default: z.union([z.string(), z.number()]).transform(String).optional(),
  Description: z.string().optional(),
  AllowedPattern: z.string().optional(),
  AllowedValues: z.array(z.union([z.string(), z.number()]).transform(String)).optional(),
  ConstraintDescription: z.string().optional(),
  MinLength: z.coerce.number().optional(),
  MaxLength: z.coerce.number().optional(),
  NoEcho: z.union([z.boolean(), z.string()]).optional(),
});

const ResourceSchema = z.strictObject({
  Type: z.string(),
  Properties: z.record(z.string(), z.unknown()).default({}),
  DependsOn: z.union([z.string().transform((one) => [one]), z.array(z.string())]).default([]),
  Condition: z.string().optional(),
  Metadata: z.unknown().optional(),
  DeletionPolicy: z.string().optional(),
  UpdateReplacePolicy: z.string().optional(),
});

const OutputSchema = z.strictObject({
  Value: z.unknown(),
  Description: z.string().optional(),
  Condition: z.string().optional(),
  Export: z.unknown().optional(),
});

const TemplateSchema = z.strictObject({
  AWSTemplateFormatVersion: z.string().optional(),
  Description: z.string().optional(),
  Metadata: z.unknown().optional(),
  Parameters: z.record(z.string(), ParameterSchema).default({}),
  Mappings: z.record(z.string(), z.record(z.string(), z.record(z.string(), z.unknown()))).default({}),
  Conditions: z.record(z.string(), z.unknown()).default({}),
  Rules: z.record(z.string(), z.unknown()).default({}),
  Resources: z.record(z.string(), ResourceSchema),
  Outputs: z.record(z.string(), OutputSchema).default({}),
});

export type Template = z.infer<typeof TemplateSchema>;
export type TemplateResource = z.infer<typeof ResourceSchema>;
export type TemplateParameter = z.infer<typeof ParameterSchema>;

/** CDK adds these to check the bootstrap version of a real account before a deployment; the local cloud has none. */
const BOOTSTRAP_RULE = 'CheckBootstrapVersion';
const BOOTSTRAP_PARAMETER = 'BootstrapVersion';

/**
 * Parses a CloudFormation template. Throws an error that names any section or attribute that the local cloud does not
 * know.
 */
export function parseTemplate(source: unknown, file: string): Template {
  const parsed = TemplateSchema.safeParse(source);
  if (!parsed.success) throw new Error(`reading template ${file}: ${z.prettifyError(parsed.error)}`);
  const { Rules, Parameters, ...template } = parsed.data;
  const rule = Object.keys(Rules).find((name) => name !== BOOTSTRAP_RULE);
  if (rule) throw new Error(`reading template ${file}: rule ${rule} is not supported by the local cloud`);
  const { [BOOTSTRAP_PARAMETER]: _, ...parameters } = Parameters;
  return { ...template, Rules: {}, Parameters: parameters };
}
