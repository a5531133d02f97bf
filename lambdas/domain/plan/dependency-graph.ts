import { isRecord, listOf, recordOf, textOf } from '../json-value.ts';
import {
  instanceAddress,
  type ModuleInstance,
  parseModuleAddress,
  ROOT_MODULE,
  segmentsOf,
  within,
  withoutIndex,
} from './address.ts';
import { blockId, blockIdOfAddress, type Module } from './configured-resources.ts';
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

/** One block in one instance of its module: what a change spreads through. `count` and `for_each` copies stay together. */
export interface Place {
  readonly node: string;
  readonly module: string;
}

export interface Spread {
  /** Every place reached, the starting ones first. */
  readonly places: readonly Place[];
  /** The places that something else reached: their objects depend on a start, unlike a start's own siblings. */
  readonly reached: ReadonlySet<number>;
  /** Indices into `places`, from what is depended on to what depends on it. */
  readonly edges: readonly (readonly [from: number, to: number])[];
  /** Root outputs that depend on a starting place. */
  readonly outputs: readonly string[];
}

/**
 * Who depends on whom, read from references, `depends_on`, module arguments and outputs, `count` and `for_each`,
 * provider configurations and the dependencies the state recorded. A lower bound: the plan's JSON names the locals an
 * expression uses but not what they stand for, and leaves `replace_triggered_by` out.
 */
export class DependencyGraph {
  readonly instances: readonly Instance[];
  /** References to locals whose meaning the plan does not tell. */
  readonly unresolvedLocals: number;
  /** Dependents of each node. Nodes are blocks, and in between variables, outputs, whole modules, calls and providers. */
  readonly #dependents = new Map<string, Set<string>>();
  readonly #moduleOf = new Map<string, readonly string[]>();
  /** Instances of a module below an instance of one of its ancestors. */
  readonly #modulesBelow = new Map<string, ModuleInstance[]>();
  readonly #instancesAt = new Map<string, Instance[]>();

  constructor(plan: Plan, changes: readonly ResourceChange[], modules: readonly Module[]) {
    const state = stateResourcesOf(plan);
    this.instances = instancesOf(changes, state);
    const builder = new EdgeBuilder(this.#dependents, this.#moduleOf);
    for (const module of modules) builder.addModule(module);
    builder.addProviders(plan, modules);
    for (const { resource, module } of state) builder.addRecordedDependencies(resource, module);
    builder.addRelevantAttributes(
      plan,
      new Set(changes.filter(isReworked).map(({ address }) => blockIdOfAddress(address))),
    );
    this.unresolvedLocals = builder.locals;
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
    // A module without resources can still hand values on.
    for (const { names } of modules)
      if (!this.#modulesBelow.has(`${names.join('.')}\n`)) register({ names, keys: names.map(() => '') });
  }

  placeOf({ block, module }: Instance): Place {
    return { node: block, module: instanceAddress(module) };
  }

  instancesIn({ node, module }: Place): readonly Instance[] {
    return this.#instancesAt.get(placeKey(node, module)) ?? [];
  }

  /** Blocks that name a block themselves: in an argument, or through variables, outputs and modules. */
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

  /** Everything that depends on the given instances, directly or not. Takes time proportional to the graph. */
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
        // From many instances of one module to all of another: crossing once per shared ancestor is enough.
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

/** Existed before and is changed: something must have caused it. */
const isReworked = ({ kind }: ResourceChange): boolean => kind === 'update' || kind === 'replace';

const ROOT_OUTPUT = 'output ';
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

/** Objects of the state before the plan, with the address of their module instance. */
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

/** Turns the configuration into edges from what is depended on to what depends on it. */
class EdgeBuilder {
  locals = 0;
  readonly #localUsers = new Map<string, readonly string[]>();
  readonly #dependents: Map<string, Set<string>>;
  readonly #moduleOf: Map<string, readonly string[]>;

  constructor(dependents: Map<string, Set<string>>, moduleOf: Map<string, readonly string[]>) {
    this.#dependents = dependents;
    this.#moduleOf = moduleOf;
  }

  addModule(module: Module): void {
    const { names, address, content, call } = module;
    if (call) this.#addCall(names, address, call);
    for (const resource of content.resources ?? []) {
      const id = blockId(address, resource);
      this.#node(id, names);
      for (const part of [
        resource.expressions,
        resource.count_expression,
        resource.for_each_expression,
        resource.provisioners,
      ])
        this.#addReferences(referencesIn(part), id, module);
      this.#addReferences(resource.depends_on ?? [], id, module);
      this.#edge(`everything in ${address}`, id, names);
      this.#edge(id, `whole ${address}`, names);
    }
    for (const [name, { expression, depends_on }] of Object.entries(content.outputs ?? {})) {
      const node = address === '' ? `${ROOT_OUTPUT}${name}` : `value ${within(address, `output.${name}`)}`;
      this.#node(node, names);
      this.#addReferences([...referencesIn(expression), ...(depends_on ?? [])], node, module);
    }
  }

  /** What a call's arguments, `count`, `for_each` and `depends_on` refer to stands in the parent. */
  #addCall(names: readonly string[], address: string, call: NonNullable<Module['call']>): void {
    const parent = {
      names: names.slice(0, -1),
      address: names
        .slice(0, -1)
        .map((name) => `module.${name}`)
        .join('.'),
    };
    for (const [argument, expression] of Object.entries(recordOf(call.expressions))) {
      const node = `value ${within(address, `var.${argument}`)}`;
      this.#node(node, names);
      this.#addReferences(referencesIn(expression), node, parent);
    }
    const everything = `everything in ${address}`;
    this.#node(everything, names);
    for (const part of [call.count_expression, call.for_each_expression])
      this.#addReferences(referencesIn(part), everything, parent);
    this.#addReferences(call.depends_on ?? [], everything, parent);
    this.#node(`everything in ${parent.address}`, parent.names);
    this.#edge(`everything in ${parent.address}`, everything, names);
    this.#node(`whole ${address}`, names);
    this.#edge(`whole ${address}`, `whole ${parent.address}`, parent.names);
  }

  addProviders(plan: Plan, modules: readonly Module[]): void {
    const byAddress = new Map(modules.map((module) => [module.address, module]));
    for (const [key, config] of Object.entries(plan.configuration?.provider_config ?? {})) {
      const module = byAddress.get(textOf(recordOf(config).module_address) ?? '');
      if (!module) continue;
      this.#node(`provider ${key}`, module.names);
      this.#addReferences(referencesIn(recordOf(config).expressions), `provider ${key}`, module);
    }
    for (const { address, names, content } of modules)
      for (const resource of content.resources ?? [])
        if (resource.provider_config_key)
          this.#edge(`provider ${resource.provider_config_key}`, blockId(address, resource), names);
  }

  addRecordedDependencies(resource: StateResource, module: string): void {
    const { names } = parseModuleAddress(module);
    const id = blockIdOfAddress(resource.address);
    this.#node(id, names);
    for (const dependency of resource.depends_on ?? []) {
      if (!this.#moduleOf.has(dependency)) this.#node(dependency, parseModuleAddress(dependency).names);
      this.#edge(dependency, id, names);
    }
  }

  /**
   * What a local stands for is unknown. But where a block that uses one changes, nothing known explains it, and the
   * plan says that an attribute of its module mattered, the change most likely came through the local.
   */
  addRelevantAttributes(plan: Plan, changed: ReadonlySet<string>): void {
    const explained = this.#dependentsOf(changed);
    for (const { resource } of plan.relevant_attributes ?? []) {
      const { names } = parseModuleAddress(resource);
      const block = blockIdOfAddress(resource);
      if (changed.has(block)) this.#edge(block, localsOf(names), names);
    }
    for (const [id, names] of this.#localUsers)
      if (changed.has(id) && !explained.has(id)) this.#edge(localsOf(names), id);
  }

  /** Blocks that name one of the given blocks, also through variables and outputs. */
  #dependentsOf(blocks: ReadonlySet<string>): Set<string> {
    const found = new Set<string>();
    const seen = new Set(blocks);
    for (const node of seen)
      for (const dependent of this.#dependents.get(node) ?? []) {
        if (!dependent.includes(' ')) found.add(dependent);
        else seen.add(dependent);
      }
    return found;
  }

  #addReferences(
    references: readonly string[],
    dependent: string,
    { address, names }: Pick<Module, 'address' | 'names'>,
  ): void {
    for (const reference of withoutPrefixes(references)) {
      const [first = '', second = '', third] = segmentsOf(reference).map(withoutIndex);
      if (first === 'local') {
        this.locals++;
        this.#localUsers.set(dependent, names);
      }
      const source = this.#sourceOf(address, first, second, third);
      if (source === undefined) continue;
      const inChild = first === 'module' ? [...names, second] : names;
      if (!this.#moduleOf.has(source)) this.#node(source, inChild);
      this.#edge(source, dependent);
    }
  }

  #sourceOf(module: string, first: string, second: string, third: string | undefined): string | undefined {
    switch (first) {
      case 'each':
      case 'count':
      case 'path':
      case 'terraform':
      case 'self':
      case 'local':
        return undefined;
      case 'var':
        return `value ${within(module, `var.${second}`)}`;
      case 'module': {
        const child = within(module, `module.${second}`);
        return third === undefined ? `whole ${child}` : `value ${within(child, `output.${third}`)}`;
      }
      case 'data':
      case 'ephemeral':
        return third === undefined ? undefined : within(module, `${first}.${second}.${third}`);
      default:
        return second === '' ? undefined : within(module, `${first}.${second}`);
    }
  }

  #node(node: string, names: readonly string[]): void {
    this.#moduleOf.set(node, names);
  }

  #edge(from: string, to: string, names?: readonly string[]): void {
    if (names && !this.#moduleOf.has(to)) this.#moduleOf.set(to, names);
    if (from === to) return;
    const dependents = this.#dependents.get(from);
    if (dependents) dependents.add(to);
    else this.#dependents.set(from, new Set([to]));
  }
}

const localsOf = (names: readonly string[]): string => `locals of ${names.map((name) => `module.${name}`).join('.')}`;

/** Every `references` list at any depth of expressions. */
function referencesIn(expressions: unknown): string[] {
  const found: string[] = [];
  const pending: unknown[] = [expressions];
  for (let part = pending.pop(); pending.length > 0 || part !== undefined; part = pending.pop()) {
    if (Array.isArray(part)) pending.push(...part);
    else if (isRecord(part)) {
      for (const reference of listOf(part.references)) if (typeof reference === 'string') found.push(reference);
      pending.push(
        ...Object.entries(part).flatMap(([key, value]) =>
          key === 'references' || key === 'constant_value' ? [] : [value],
        ),
      );
    }
  }
  return found;
}

/** Terraform lists `module.web.url` and then `module.web`: only the former was written. */
function withoutPrefixes(references: readonly string[]): string[] {
  return references.filter((reference, at) => {
    const previous = references[at - 1];
    return !(
      previous?.startsWith(reference) &&
      (previous[reference.length] === '.' || previous[reference.length] === '[')
    );
  });
}
