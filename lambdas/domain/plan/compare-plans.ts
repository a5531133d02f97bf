import * as z from 'zod';
import { sameJson } from '../json-value.ts';
import { Sha256Schema } from '../names.ts';
import { AnalysedResourceSchema, type Analysis } from './analysis.ts';
import { type AttributeChange, AttributeChangeSchema } from './analysis-parts.ts';

type Resource = Analysis['resources'][number];

const PlannedAttributeSchema = AttributeChangeSchema.partial();

/** A resource to which the two plans do different things. */
export const ResourceDifferenceSchema = AnalysedResourceSchema.pick({ address: true, deposed: true }).extend({
  /** What the earlier plan does, and in `now` the later one; absent where a plan leaves the resource alone. */
  before: AnalysedResourceSchema.shape.kind.optional(),
  now: AnalysedResourceSchema.shape.kind.optional(),
  /** Attributes that the plans change to different values, or that only one of the plans changes. */
  attributes: z.array(
    z.object({ path: z.string(), before: PlannedAttributeSchema.optional(), now: PlannedAttributeSchema.optional() }),
  ),
});
export type ResourceDifference = z.infer<typeof ResourceDifferenceSchema>;

const RunningModuleSchema = z.object({
  source: z.string(),
  version: z.string(),
  /** Absent when no build has listed it. */
  identity: Sha256Schema.optional(),
});

/** A module call with other content in the later plan, or that only one of the plans has. */
export const ModuleDifferenceSchema = z.object({
  call: z.string(),
  before: RunningModuleSchema.optional(),
  now: RunningModuleSchema.optional(),
});
export type ModuleDifference = z.infer<typeof ModuleDifferenceSchema>;

/** How a plan that was made again differs from the plan that people have seen. */
export const PlanDifferenceSchema = z.object({
  resources: z.array(ResourceDifferenceSchema),
  /** Names of outputs that the two plans change differently. */
  outputs: z.array(z.string()),
  /** Module calls whose content differs. Where it is not known, source and version are compared. */
  modules: z.array(ModuleDifferenceSchema),
  monthlyCost: z.object({ currency: z.string(), before: z.number(), now: z.number() }),
  blastRadius: z.object({ before: z.string(), now: z.string() }),
  /**
   * Whether the plans mean different things although no difference is listed, because what differs is sensitive or too
   * much to be listed.
   */
  isHidden: z.boolean(),
});
export type PlanDifference = z.infer<typeof PlanDifferenceSchema>;

/** Compares what two plans of one deployment would do; `before` is the plan that went stale. */
export function comparePlans(before: Analysis, now: Analysis): PlanDifference {
  const [earlier, later] = [byKey(before.resources), byKey(now.resources)];
  const resources = [...new Set([...earlier.keys(), ...later.keys()])].flatMap((key) =>
    differenceOf(earlier.get(key), later.get(key)),
  );
  const outputs = differingOutputs(before.outputs, now.outputs);
  const modules = differingModules(before.modules, now.modules);
  const { currency, monthlyDelta } = now.cost;
  return {
    resources,
    outputs,
    modules,
    monthlyCost: { currency, before: before.cost.monthlyDelta, now: monthlyDelta },
    blastRadius: { before: before.blastRadius.level, now: now.blastRadius.level },
    isHidden:
      before.changeDigest !== now.changeDigest && [resources, outputs, modules].every((all) => all.length === 0),
  };
}

/** Maps resources by address and deposed key, because a deposed object shares its address with the live one. */
const byKey = (resources: readonly Resource[]): Map<string, Resource> =>
  new Map(resources.map((resource) => [JSON.stringify([resource.address, resource.deposed]), resource]));

function differenceOf(before: Resource | undefined, now: Resource | undefined): ResourceDifference[] {
  const known = now ?? before;
  if (!known) return [];
  const attributes = before && now ? differingAttributes(before.attributes, now.attributes) : [];
  if (before && now && before.kind === now.kind && attributes.length === 0) return [];
  return [
    {
      address: known.address,
      attributes,
      ...(known.deposed !== undefined && { deposed: known.deposed }),
      ...(before && { before: before.kind }),
      ...(now && { now: now.kind }),
    },
  ];
}

function differingAttributes(
  before: readonly AttributeChange[],
  now: readonly AttributeChange[],
): ResourceDifference['attributes'] {
  const [earlier, later] = [before, now].map((changes) => new Map(changes.map((change) => [change.path, change])));
  const paths = new Set([...(earlier?.keys() ?? []), ...(later?.keys() ?? [])]);
  return [...paths].flatMap((path) => {
    const [one, other] = [earlier?.get(path), later?.get(path)];
    if (sameJson(one, other)) return [];
    return [{ path, ...(one && { before: one }), ...(other && { now: other }) }];
  });
}

function differingOutputs(before: Analysis['outputs'], now: Analysis['outputs']): string[] {
  const [earlier, later] = [before, now].map((outputs) => new Map(outputs.map((output) => [output.name, output])));
  const names = new Set([...(earlier?.keys() ?? []), ...(later?.keys() ?? [])]);
  return [...names].filter((name) => !sameJson(earlier?.get(name), later?.get(name)));
}

type Module = Analysis['modules'][number];

function differingModules(before: readonly Module[], now: readonly Module[]): ModuleDifference[] {
  const [earlier, later] = [before, now].map((modules) => new Map(modules.map((module) => [module.call, module])));
  const calls = new Set([...(earlier?.keys() ?? []), ...(later?.keys() ?? [])]);
  return [...calls].flatMap((call) => {
    const [one, other] = [earlier?.get(call), later?.get(call)];
    if (one && other && isSameModule(one, other)) return [];
    return [{ call, ...(one && { before: running(one) }), ...(other && { now: running(other) }) }];
  });
}

const isSameModule = (one: Module, other: Module): boolean =>
  one.identity !== undefined && other.identity !== undefined
    ? one.identity === other.identity
    : one.source === other.source && one.version === other.version;

const running = ({ source, version, identity }: Module): z.infer<typeof RunningModuleSchema> => ({
  source,
  version,
  ...(identity !== undefined && { identity }),
});
