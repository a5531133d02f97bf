import { fieldOf, isRecord, listOf, recordOf, textOf } from '../../json-value.ts';
import { isRegion, type Place } from '../../prices/named-region.ts';
import { segmentsOf } from '../address.ts';
import type { Module } from '../configured-resources.ts';
import type { Plan } from '../plan-schema.ts';

/** Why a region is not known, as an estimate states it. */
const UNKNOWN_PROVIDER = 'the region of its provider is not known';

interface ProviderConfiguration {
  /** `registry.terraform.io/hashicorp/aws`. */
  readonly source: string | undefined;
  /** Absent when the region cannot be known from the plan. */
  readonly place: Place | undefined;
}

/**
 * The regions of the provider configurations of a plan. Terraform has already followed the `providers` of module calls:
 * the key of a resource is that of the configuration that it uses.
 */
export class ProviderRegions {
  readonly #environment: Place;
  readonly #configurations = new Map<string, ProviderConfiguration>();

  constructor(plan: Plan, modules: readonly Module[], environment: string) {
    this.#environment = { region: environment };
    const expressionsOf = new Expressions(plan, modules);
    for (const [key, configured] of Object.entries(plan.configuration?.provider_config ?? {})) {
      const { full_name, module_address, alias, expressions } = recordOf(configured);
      const scope = textOf(module_address) ?? '';
      const given = expressionsOf.value(recordOf(expressions).region, scope);
      this.#configurations.set(key, {
        source: textOf(full_name),
        place: this.#placeOf(given, textOf(alias) !== undefined || scope !== ''),
      });
    }
  }

  /**
   * Returns where a provider configuration works. `key` is absent for a resource that is no longer configured, and older
   * versions of Terraform name configurations of modules that the plan does not have: then all configurations of the
   * provider have to agree.
   */
  of(key: string | undefined, source: string | undefined): Place {
    const known = key === undefined ? undefined : this.#configurations.get(key);
    if (known) return known.place ?? this.#assumed();
    if (key !== undefined && !key.includes(':')) return this.#environment;
    const places = [...this.#configurations.values()]
      .filter((configuration) => source === undefined || configuration.source === source)
      .map(({ place }) => place);
    const [first] = places;
    if (places.length === 0) return this.#environment;
    return first && places.every((place) => place?.region === first.region) ? first : this.#assumed();
  }

  #assumed(): Place {
    const { region } = this.#environment;
    return { region, assumed: `region ${region}: ${UNKNOWN_PROVIDER}` };
  }

  /**
   * Without a region of its own a provider works where the build tells it to, in the environment's region. A plan says
   * which variable an expression refers to and not what the expression makes of it. Providers beside the default one
   * exist to work elsewhere, so for them the value of a variable is an assumption.
   */
  #placeOf(given: GivenRegion, isAnother: boolean): Place | undefined {
    if (given.value === null || given.value === '') return this.#environment;
    if (!isRegion(given.value)) return undefined;
    const { value: region, variable } = given;
    return {
      region,
      ...(variable !== undefined &&
        isAnother && { assumed: `region ${region}: the value of ${variable}, which its provider refers to` }),
    };
  }
}

/** The value of a region: null when none is given, undefined when it is not known. */
interface GivenRegion {
  readonly value: unknown;
  /** The variable that it comes from, as its provider's configuration names it. */
  readonly variable?: string;
}

const ABSENT: GivenRegion = { value: null };
const UNKNOWN: GivenRegion = { value: undefined };

/** Follows expressions of a configuration to constants: through variables, and arguments of module calls. */
class Expressions {
  readonly #plan: Plan;
  readonly #scopes: ReadonlyMap<string, Module>;

  constructor(plan: Plan, modules: readonly Module[]) {
    this.#plan = plan;
    this.#scopes = new Map(modules.map((module) => [module.address, module]));
  }

  value(expression: unknown, scope: string): GivenRegion {
    if (expression === undefined) return ABSENT;
    const { constant_value, references } = recordOf(expression);
    if (constant_value !== undefined) return { value: constant_value };
    const [longest, ...others] = listOf(references).filter((reference) => typeof reference === 'string');
    // Terraform lists `var.a["b"].c` and then each part before it. Anything else is an expression of several things.
    if (longest === undefined || !others.every((other) => isBeginning(other, longest))) return UNKNOWN;
    const [root, first = '', ...more] = segmentsOf(longest);
    if (root !== 'var') return UNKNOWN;
    const [name = '', ...steps] = [first, ...more].flatMap(stepsOf);
    const value = steps.reduce<unknown>(stepInto, this.#variable(name, scope));
    return { value, variable: longest };
  }

  /** Returns the value of a variable, or undefined if the plan does not show it. */
  #variable(name: string, scope: string): unknown {
    const module = this.#scopes.get(scope);
    const declared = fieldOf(recordOf(module?.content.variables), name);
    const ofItself = isRecord(declared) ? (declared.default ?? null) : undefined;
    if (scope === '') {
      const given = fieldOf(recordOf(this.#plan.variables), name);
      return isRecord(given) ? given.value : ofItself;
    }
    const argument = fieldOf(recordOf(module?.call?.expressions), name);
    if (argument === undefined) return ofItself;
    return this.value(argument, scope.slice(0, Math.max(0, scope.lastIndexOf('.module.')))).value;
  }
}

const isBeginning = (part: string, whole: string): boolean =>
  whole.startsWith(part) && (whole[part.length] === '.' || whole[part.length] === '[');

/** Splits a segment of a reference: `regions["us"][0]` is `regions`, `us` and `0`. */
function stepsOf(segment: string): string[] {
  const bracket = segment.indexOf('[');
  if (bracket === -1) return [segment];
  const keys = segment.slice(bracket + 1, -1).split('][');
  return [segment.slice(0, bracket), ...keys.map((key) => key.replace(/^"(.*)"$/, '$1'))];
}

function stepInto(value: unknown, step: string): unknown {
  if (Array.isArray(value)) return listOf(value)[Number(step)];
  return isRecord(value) && Object.hasOwn(value, step) ? value[step] : undefined;
}
