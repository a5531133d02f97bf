import * as z from 'zod';

/**
 * Output of `terraform show -json PLAN` and `tofu show -json PLAN`, format version 1.x. The schemas are strict about
 * what is used, and lenient about additions: they drop unknown keys, and `unknownKeysIn` reports them.
 */

const Path = z.array(z.union([z.string(), z.number()]));

export const ChangeSchema = z.object({
  actions: z.array(z.string()).min(1),
  before: z.unknown().optional(),
  after: z.unknown().optional(),
  after_unknown: z.unknown().optional(),
  before_sensitive: z.unknown().optional(),
  after_sensitive: z.unknown().optional(),
  replace_paths: z.array(Path).nullish(),
  importing: z.object({ id: z.string().nullish(), identity: z.unknown().optional() }).nullish(),
});

export const PlannedChangeSchema = z.object({
  address: z.string(),
  previous_address: z.string().nullish(),
  module_address: z.string().nullish(),
  mode: z.string(),
  type: z.string(),
  name: z.string(),
  index: z.union([z.string(), z.number()]).nullish(),
  provider_name: z.string().nullish(),
  deposed: z.string().nullish(),
  action_reason: z.string().nullish(),
  change: ChangeSchema,
});
export type PlannedChange = z.infer<typeof PlannedChangeSchema>;

export const StateResourceSchema = z.object({
  address: z.string(),
  mode: z.string(),
  type: z.string(),
  name: z.string(),
  index: z.union([z.string(), z.number()]).nullish(),
  provider_name: z.string().nullish(),
  values: z.unknown().optional(),
  sensitive_values: z.unknown().optional(),
  depends_on: z.array(z.string()).nullish(),
  deposed_key: z.string().nullish(),
});
export type StateResource = z.infer<typeof StateResourceSchema>;

const StateModuleSchema = z.object({
  address: z.string().nullish(),
  resources: z.array(StateResourceSchema).nullish(),
  get child_modules() {
    return z.array(StateModuleSchema).nullish();
  },
});
export type StateModule = z.infer<typeof StateModuleSchema>;

const StateValuesSchema = z.object({
  outputs: z
    .record(z.string(), z.object({ sensitive: z.boolean().nullish(), value: z.unknown().optional() }))
    .nullish(),
  root_module: StateModuleSchema.nullish(),
});
export type StateValues = z.infer<typeof StateValuesSchema>;

const ConfiguredResourceSchema = z.object({
  mode: z.string(),
  type: z.string(),
  name: z.string(),
  provider_config_key: z.string().nullish(),
  expressions: z.unknown().optional(),
  count_expression: z.unknown().optional(),
  for_each_expression: z.unknown().optional(),
  depends_on: z.array(z.string()).nullish(),
  provisioners: z.unknown().optional(),
});
export type ConfiguredResource = z.infer<typeof ConfiguredResourceSchema>;

const ConfiguredModuleSchema = z.object({
  outputs: z
    .record(
      z.string(),
      z.object({
        sensitive: z.boolean().nullish(),
        expression: z.unknown().optional(),
        depends_on: z.array(z.string()).nullish(),
      }),
    )
    .nullish(),
  resources: z.array(ConfiguredResourceSchema).nullish(),
  variables: z
    .record(
      z.string(),
      z.object({ default: z.unknown().optional(), sensitive: z.boolean().nullish(), ephemeral: z.boolean().nullish() }),
    )
    .nullish(),
  get module_calls() {
    return z.record(z.string(), ModuleCallSchema).nullish();
  },
});
export type ConfiguredModule = z.infer<typeof ConfiguredModuleSchema>;

const ModuleCallSchema = z.object({
  source: z.string().nullish(),
  version_constraint: z.string().nullish(),
  expressions: z.unknown().optional(),
  count_expression: z.unknown().optional(),
  for_each_expression: z.unknown().optional(),
  depends_on: z.array(z.string()).nullish(),
  get module() {
    return ConfiguredModuleSchema.nullish();
  },
});
export type ModuleCall = z.infer<typeof ModuleCallSchema>;

const CheckSchema = z.object({
  address: z.object({ to_display: z.string(), kind: z.string().nullish() }),
  status: z.string(),
  instances: z
    .array(
      z.object({
        address: z.object({ to_display: z.string() }).nullish(),
        status: z.string(),
        problems: z.array(z.object({ message: z.string() })).nullish(),
      }),
    )
    .nullish(),
});

export const PlanSchema = z.object({
  format_version: z.string(),
  terraform_version: z.string().nullish(),
  variables: z.record(z.string(), z.object({ value: z.unknown().optional() })).nullish(),
  planned_values: StateValuesSchema.nullish(),
  resource_drift: z.array(PlannedChangeSchema).nullish(),
  resource_changes: z.array(PlannedChangeSchema).nullish(),
  deferred_changes: z
    .array(z.object({ reason: z.string().nullish(), resource_change: PlannedChangeSchema.nullish() }))
    .nullish(),
  output_changes: z.record(z.string(), ChangeSchema).nullish(),
  prior_state: z.object({ values: StateValuesSchema.nullish() }).nullish(),
  configuration: z
    .object({
      provider_config: z.record(z.string(), z.unknown()).nullish(),
      root_module: ConfiguredModuleSchema.nullish(),
    })
    .nullish(),
  relevant_attributes: z.array(z.object({ resource: z.string(), attribute: Path.nullish() })).nullish(),
  checks: z.array(CheckSchema).nullish(),
  action_invocations: z.array(z.unknown()).nullish(),
  timestamp: z.string().nullish(),
  applyable: z.boolean().nullish(),
  complete: z.boolean().nullish(),
  errored: z.boolean().nullish(),
});
export type Plan = z.infer<typeof PlanSchema>;

/** Known keys from which nothing is read; they need no notice. */
const KNOWN_BESIDES = {
  plan: ['deferred_action_invocations'],
  change: ['generated_config', 'before_identity', 'after_identity', 'linked_resources'],
  resource: ['action_reason'],
} as const;

const KNOWN = {
  plan: new Set<string>([...Object.keys(PlanSchema.shape), ...KNOWN_BESIDES.plan]),
  change: new Set<string>([...Object.keys(ChangeSchema.shape), ...KNOWN_BESIDES.change]),
  resource: new Set<string>([...Object.keys(PlannedChangeSchema.shape), ...KNOWN_BESIDES.resource]),
};

/** Returns the keys of a record that this version of Stagegate does not know at this level of the format. */
export const unknownKeysIn = (level: keyof typeof KNOWN, record: object): string[] =>
  Object.keys(record).filter((key) => !KNOWN[level].has(key));
