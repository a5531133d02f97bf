import { instanceAddress, type ModuleInstance, parseModuleAddress, ROOT_MODULE } from './address.ts';
import { blockId, blockIdOfAddress, type Module } from './configured-resources.ts';
import { DependencyEdges, ROOT_OUTPUT } from './dependency-edges.ts';
import type { Plan, StateModule, StateResource } from './plan-schema.ts';
import type { ResourceChange } from './resource-change.ts';

/** A managed or data object that exists before or after the plan. */
export interface Instance {
  readonly address: string;
  readonly block: string;
  readonly mode: string;
  readonly type: string;
  readonly module: ModuleInstance;
}

/**
 * One block in one instance of its module: the unit through which a change spreads. Copies made by `count` and
 * `for_each` stay together.
 */
export interface Place {
  readonly node: string;
  readonly module: string;
}

export interface Spread {
  /** Every place reached, the starting ones first. */
  readonly places: readonly Place[];
  /**
   * Indices of the places that were reached from another place. Their objects depend on a starting instance, unlike the
   * other objects of a starting place.
   */
  readonly reached: ReadonlySet<number>;
  /** Pairs of indices into `places`, each from a place to one that depends on it. */
  readonly edges: readonly (readonly [from: number, to: number])[];
  /** Root outputs that depend on a starting place. */
  readonly outputs: readonly string[];
}

/**
 * Dependencies between resources, read from references, `depends_on`, module arguments and outputs, `count` and
 * `for_each`, provider configurations and the dependencies that the state has recorded. They are a lower bound: the
 * plan's JSON names the locals that an expression uses but not their definitions, and it leaves `replace_triggered_by`
 * out.
 */
export class DependencyGraph {
  readonly instances: readonly Instance[];
  /** Number of references to locals, whose definitions the plan does not contain. */
  readonly unresolvedLocals: number;
  /**
   * Dependents of each node. Nodes are blocks and, between blocks, variables, outputs, whole modules, calls and
   * providers.
   */
  readonly #dependents = new Map<string, Set<string>>();
  readonly #moduleOf = new Map<string, readonly string[]>();
  /** Instances of a module below an instance of one of its ancestors. */
  readonly #modulesBelow = new Map<string, ModuleInstance[]>();
  readonly #instancesAt = new Map<string, Instance[]>();

  constructor(plan: Plan, changes: readonly ResourceChange[], modules: readonly Module[]) {
    const state = stateResourcesOf(plan);
    this.instances = instancesOf(changes, state);
    const edges = new DependencyEdges(this.#dependents, this.#moduleOf);
    for (const module of modules) edges.addModule(module);
    edges.addProviders(plan, modules);
    for (const { resource, module } of state) edges.addRecordedDependencies(resource, module);
    edges.addRelevantAttributes(
      plan,
      new Set(changes.filter(isReworked).map(({ address }) => blockIdOfAddress(address))),
    );
    this.unresolvedLocals = edges.locals;
    this.#indexInstances(modules);
  }

  #indexInstances(modules: readonly Module[]): void {
    const seen = new Set<string>();
    const register = (module: ModuleInstance) => {
      for (let depth = module.names.length; depth >= 0; depth--) {
        const ancestor = { names: module.names.slice(0, depth), keys: module.keys.slice(0, depth) };
        const address = instanceAddress(ancestor);
        if (seen.has(address)) return;
        seen.add(address);
        for (let above = 0; above <= depth; above++)
          append(this.#modulesBelow, `${ancestor.names.join('.')}\n${instanceAddress(ancestor, above)}`, ancestor);
      }
    };
    register(ROOT_MODULE);
    for (const instance of this.instances) {
      register(instance.module);
      append(this.#instancesAt, placeKey(instance.block, instanceAddress(instance.module)), instance);
      this.#moduleOf.set(instance.block, instance.module.names);
    }
    // A module without resources can still pass values on.
    for (const { names } of modules)
      if (!this.#modulesBelow.has(`${names.join('.')}\n`)) register({ names, keys: names.map(() => '') });
  }

  placeOf({ block, module }: Instance): Place {
    return { node: block, module: instanceAddress(module) };
  }

  instancesIn({ node, module }: Place): readonly Instance[] {
    return this.#instancesAt.get(placeKey(node, module)) ?? [];
  }

  /** Returns the blocks that refer to a block themselves: in an argument, or through variables, outputs and modules. */
  blocksNaming(block: string): string[] {
    const found: string[] = [];
    const seen = new Set([block]);
    for (const node of seen)
      for (const dependent of this.#dependents.get(node) ?? []) {
        if (!dependent.includes(' ')) found.push(dependent);
        else seen.add(dependent);
      }
    return found;
  }

  /** Returns everything that depends on the given instances, directly or not. Takes time proportional to the graph. */
  spreadFrom(starts: readonly Instance[]): Spread {
    const places: Place[] = [];
    const indexOf = new Map<string, number>();
    const edges: [number, number][] = [];
    const outputs = new Set<string>();
    const crossed = new Map<string, readonly number[]>();
    const reach = (node: string, module: string): number => {
      const key = placeKey(node, module);
      const known = indexOf.get(key);
      if (known !== undefined) return known;
      indexOf.set(key, places.length);
      places.push({ node, module });
      return places.length - 1;
    };
    for (const start of starts) reach(start.block, instanceAddress(start.module));
    for (let at = 0; at < places.length; at++) {
      const place = places[at];
      if (!place) break;
      const names = this.#moduleOf.get(place.node) ?? [];
      const module = parseModuleAddress(place.module);
      for (const dependent of this.#dependents.get(place.node) ?? []) {
        if (dependent.startsWith(ROOT_OUTPUT)) outputs.add(dependent.slice(ROOT_OUTPUT.length));
        const target = this.#moduleOf.get(dependent) ?? [];
        const shared = instanceAddress(module, sharedDepth(names, target));
        // Many instances of one module may lead to all instances of another. Crossing once per shared ancestor is
        // enough.
        const crossing = `${place.node}\n${dependent}\n${shared}`;
        let reached = crossed.get(crossing);
        if (!reached) {
          const below = this.#modulesBelow.get(`${target.join('.')}\n${shared}`) ?? [];
          reached = below.map((instance) => reach(dependent, instanceAddress(instance)));
          crossed.set(crossing, reached);
          for (const to of reached) edges.push([at, to]);
        } else if (reached.length === 1 && reached[0] !== undefined) edges.push([at, reached[0]]);
      }
    }
    return { places, edges, reached: new Set(edges.map(([, to]) => to)), outputs: [...outputs].sort() };
  }
}

/** Returns whether the object existed before and is changed, so that something must have caused the change. */
const isReworked = ({ kind }: ResourceChange): boolean => kind === 'update' || kind === 'replace';

const placeKey = (node: string, module: string): string => `${node}\n${module}`;

function append<Item>(map: Map<string, Item[]>, key: string, item: Item): void {
  const items = map.get(key);
  if (items) items.push(item);
  else map.set(key, [item]);
}

function sharedDepth(one: readonly string[], other: readonly string[]): number {
  let depth = 0;
  while (depth < one.length && depth < other.length && one[depth] === other[depth]) depth++;
  return depth;
}

/** Returns the objects of the state before the plan, with the address of their module instance. */
export function stateResourcesOf(plan: Plan): { resource: StateResource; module: string }[] {
  const root = plan.prior_state?.values?.root_module;
  const pending: StateModule[] = root ? [root] : [];
  const found: { resource: StateResource; module: string }[] = [];
  for (const module of pending) {
    for (const resource of module.resources ?? []) found.push({ resource, module: module.address ?? '' });
    pending.push(...(module.child_modules ?? []));
  }
  return found;
}

function instancesOf(changes: readonly ResourceChange[], state: ReturnType<typeof stateResourcesOf>): Instance[] {
  const parsed = new Map<string, ModuleInstance>();
  const moduleInstance = (address: string): ModuleInstance => {
    const known = parsed.get(address) ?? parseModuleAddress(address);
    parsed.set(address, known);
    return known;
  };
  const found = new Map<string, Instance>();
  const add = (address: string, module: string, facts: { mode: string; type: string; name: string }) => {
    const instance = moduleInstance(module);
    if (!found.has(address))
      found.set(address, {
        address,
        block: blockId(instance.names.map((name) => `module.${name}`).join('.'), facts),
        mode: facts.mode,
        type: facts.type,
        module: instance,
      });
  };
  for (const change of changes) add(change.address, change.module, change);
  const moved = new Set(changes.map(({ previousAddress }) => previousAddress));
  for (const { resource, module } of state) if (!moved.has(resource.address)) add(resource.address, module, resource);
  return [...found.values()];
}
