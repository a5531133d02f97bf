import * as z from 'zod';
import { type LockedProvider, LockedProviderSchema } from '../contract/locked-provider.ts';
import type { Analysis } from './analysis.ts';
import { type ModuleVersion, ModuleVersionSchema } from './analysis-parts.ts';

/** The parts of an environment's configuration by which environments are compared. */
export const ConfigurationSchema = z.object({
  modules: z.array(
    ModuleVersionSchema.pick({ call: true, source: true, version: true }).extend({
      /** Names of the arguments that are passed; absent when there are too many to keep. */
      arguments: z.array(z.string()).optional(),
    }),
  ),
  /** Names of the root variables. */
  variables: z.array(z.string()),
  /**
   * Resources and data sources outside of modules, without keys. Absent in older records, when the plan did not say, and
   * when there are too many to keep: then they cannot be compared.
   */
  rootResources: z.array(z.string()).optional(),
  /** Providers as the lock file pins them; absent when the plan was not inspected. */
  providers: z.array(LockedProviderSchema).optional(),
});
export type Configuration = z.infer<typeof ConfigurationSchema>;

/** Most bytes of a configuration that the table keeps: half of what an item may hold. */
const MOST_BYTES = 200_000;

/**
 * Returns the parts of an analysed plan by which environments are compared. If they are too large, the arguments are
 * left out as a whole, then the resources; undefined for a plan with many thousands of module calls.
 */
export function configurationOf(
  { modules, variables, rootResources }: Analysis,
  providers?: readonly LockedProvider[],
): Configuration | undefined {
  const more = { variables, ...(providers && { providers: [...providers] }) };
  const short = { modules: modules.map(({ call, source, version }) => ({ call, source, version })), ...more };
  const whole = {
    modules: modules.map(({ call, source, version, arguments: passed }) => ({
      call,
      source,
      version,
      arguments: passed,
    })),
    ...more,
  };
  const resources = rootResources && { rootResources };
  return [{ ...whole, ...resources }, { ...short, ...resources }, short].find(
    (configuration) => Buffer.byteLength(JSON.stringify(configuration)) <= MOST_BYTES,
  );
}

const OnlyInSchema = { onlyInStage: z.array(z.string()), onlyInProduction: z.array(z.string()) };

/** What environments are compared by: names, sources and versions, and never values. */
export const COMPARABLE = ['modules', 'arguments', 'variables', 'resources'] as const;

/** Differences between staging and production. Where they differ, staging proves nothing about production. */
export const ParitySchema = z.object({
  /** Whether there is no difference in what was compared, which does not say that the two environments are the same. */
  same: z.boolean(),
  /** The parts that were compared. The others are not known of one of the two. */
  compared: z.array(z.enum(COMPARABLE)),
  /** Calls whose source or version differs, or that exist on one side only. */
  modules: z.array(
    z.object({
      call: z.string(),
      stage: z.object({ source: z.string(), version: z.string() }).nullable(),
      production: z.object({ source: z.string(), version: z.string() }).nullable(),
    }),
  ),
  variables: z.object(OnlyInSchema),
  /** Differing arguments of calls that exist on both sides, as far as both sides keep the arguments. */
  arguments: z.array(z.object({ call: z.string(), ...OnlyInSchema })),
  /** Resources and data sources outside of modules, without keys; null if they were not compared. */
  resources: z.object(OnlyInSchema).nullable(),
});
export type Parity = z.infer<typeof ParitySchema>;

/** The differences between a staging environment and the production environment for which it proves releases. */
export const ParityViewSchema = ParitySchema.extend({
  staging: z.string(),
  production: z.string(),
}).meta({ id: 'Parity' });
export type ParityView = z.input<typeof ParityViewSchema>;

export function compareParity(stage: Configuration, production: Configuration): Parity {
  const [here, there] = [byCall(stage), byCall(production)];
  const calls = [...new Set([...here.keys(), ...there.keys()])].sort();
  const modules = calls.flatMap((call) => {
    const [one, other] = [here.get(call), there.get(call)];
    const isSame =
      one !== undefined &&
      other !== undefined &&
      one.version === other.version &&
      sourceName(one) === sourceName(other);
    return isSame ? [] : [{ call, stage: shown(one), production: shown(other) }];
  });
  const variables = onlyIn(stage.variables, production.variables);
  const passed = calls.flatMap((call) => {
    const [one, other] = [here.get(call), there.get(call)];
    if (!one?.arguments || !other?.arguments) return [];
    const difference = onlyIn(one.arguments, other.arguments);
    return isEmpty(difference) ? [] : [{ call, ...difference }];
  });
  const hasArguments = calls.every((call) => {
    const [one, other] = [here.get(call), there.get(call)];
    return !one || !other || (one.arguments && other.arguments);
  });
  const resources =
    stage.rootResources && production.rootResources ? onlyIn(stage.rootResources, production.rootResources) : null;
  const compared = COMPARABLE.filter(
    (part) => (part !== 'arguments' || hasArguments) && (part !== 'resources' || resources),
  );
  const same =
    modules.length === 0 && passed.length === 0 && isEmpty(variables) && (resources === null || isEmpty(resources));
  return { same, compared, modules, variables, arguments: passed, resources };
}

type Call = Configuration['modules'][number];

const byCall = ({ modules }: Configuration): Map<string, Call> =>
  new Map(modules.map((module) => [module.call, module]));
const shown = (call: Call | undefined) => (call ? { source: call.source, version: call.version } : null);
/** Returns the source without its query. The ref in the query is compared as the version. */
const sourceName = ({ source }: Pick<ModuleVersion, 'source'>): string => source.split('?')[0] ?? source;

function onlyIn(stage: readonly string[], production: readonly string[]) {
  const [here, there] = [new Set(stage), new Set(production)];
  return {
    onlyInStage: [...here].filter((name) => !there.has(name)).sort(),
    onlyInProduction: [...there].filter((name) => !here.has(name)).sort(),
  };
}

const isEmpty = ({ onlyInStage, onlyInProduction }: { onlyInStage: string[]; onlyInProduction: string[] }): boolean =>
  onlyInStage.length === 0 && onlyInProduction.length === 0;
