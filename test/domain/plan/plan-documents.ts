import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Analysis, analyzePlan, type PlanToAnalyse } from '../../../lambdas/domain/plan/analyze-plan.ts';
import { BUNDLED_PRICE_SHEET } from '../../../lambdas/domain/prices/bundled-price-sheet.ts';

const folder = join(import.meta.dirname, '..', '..', 'fixtures', 'plans');

/** Reads the text of a recorded plan, by the beginning of its file name. */
export const recordedPlanText = (name: string): string => readFileSync(join(folder, `${name}.json`), 'utf8');

export type Document = Record<string, unknown>;

/** Reads a recorded plan as a document that a test may change. */
// biome-ignore lint/suspicious/noExplicitAny: tests reach into the document freely
export const recordedPlan = (name: string): any => JSON.parse(recordedPlanText(name));

/** Analyses a plan, by default as one of production in us-east-1 with the bundled prices. */
export const analyse = (plan: unknown, options: Partial<PlanToAnalyse> = {}): Analysis =>
  analyzePlan({
    plan,
    region: 'us-east-1',
    stage: 'production',
    deletionProtection: false,
    priceSheet: BUNDLED_PRICE_SHEET,
    ...options,
  });

export interface ChangeParts {
  readonly address?: string;
  readonly type?: string;
  readonly name?: string;
  readonly mode?: string;
  readonly module?: string;
  readonly index?: string | number;
  readonly actions?: readonly string[];
  readonly before?: unknown;
  readonly after?: unknown;
  readonly unknown?: unknown;
  readonly beforeMask?: unknown;
  readonly afterMask?: unknown;
  readonly deposed?: string;
  readonly previous?: string;
  readonly reason?: string;
  readonly importing?: unknown;
}

/** Returns one entry of `resource_changes`, by default an update of an instance. */
export function change(parts: ChangeParts = {}): Document {
  const { type = 'aws_instance', name = 'this', module, mode = 'managed', index } = parts;
  const key = index === undefined ? '' : `[${JSON.stringify(index)}]`;
  const local = `${mode === 'data' ? 'data.' : ''}${type}.${name}${key}`;
  return {
    address: parts.address ?? (module ? `${module}.${local}` : local),
    ...(module && { module_address: module }),
    mode,
    type,
    name,
    ...(index !== undefined && { index }),
    provider_name: 'registry.terraform.io/hashicorp/aws',
    ...(parts.deposed && { deposed: parts.deposed }),
    ...(parts.previous && { previous_address: parts.previous }),
    ...(parts.reason && { action_reason: parts.reason }),
    change: {
      actions: parts.actions ?? ['update'],
      before: parts.before ?? null,
      after: parts.after ?? null,
      after_unknown: parts.unknown ?? {},
      before_sensitive: parts.beforeMask ?? {},
      after_sensitive: parts.afterMask ?? {},
      ...(parts.importing !== undefined && { importing: parts.importing }),
    },
  };
}

/** Returns a block of the configuration. */
export const block = (type: string, name: string, parts: Document = {}): Document => ({
  address: `${type}.${name}`,
  mode: 'managed',
  type,
  name,
  provider_config_key: 'aws',
  expressions: {},
  schema_version: 0,
  ...parts,
});

/** Returns references as Terraform writes them: `{ references: ["a.b.id", "a.b"] }`. */
export const refersTo = (...references: string[]): Document => ({
  references: references.flatMap((reference) => [reference, reference.split('.').slice(0, -1).join('.')]),
});

/** Returns a plan with these parts, as Terraform could have written it. */
export const planOf = (parts: Document = {}): Document => ({
  format_version: '1.2',
  terraform_version: '1.11.4',
  planned_values: { root_module: {} },
  configuration: { root_module: {} },
  applyable: true,
  complete: true,
  errored: false,
  ...parts,
});
