import { isRecord, listOf, recordOf, textOf } from '../json-value.ts';
import { parseModuleAddress, segmentsOf, within, withoutIndex } from './address.ts';
import { blockId, blockIdOfAddress, type Module } from './configured-resources.ts';
import type { Plan, StateResource } from './plan-schema.ts';

/** Beginning of the names of nodes for outputs of the root module. */
export const ROOT_OUTPUT = 'output ';

/** Turns the configuration into edges, each from a node to one that depends on it. */
export class DependencyEdges {
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

  /**
   * Adds the edges of a module call. What its arguments, `count`, `for_each` and `depends_on` refer to is in the parent
   * module.
   */
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
   * Adds likely edges through locals, whose definitions are unknown. When a block that uses a local changes, no known
   * dependency explains the change, and the plan says that an attribute of the same module mattered, the change most
   * likely came through the local.
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

  /** Returns the blocks that refer to one of the given blocks, also through variables and outputs. */
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

/** Returns the references in every `references` list at any depth of expressions. */
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

/**
 * Removes references that only repeat the beginning of the one before. Terraform lists `module.web.url` and then
 * `module.web`, although only the former was written.
 */
function withoutPrefixes(references: readonly string[]): string[] {
  return references.filter((reference, at) => {
    const previous = references[at - 1];
    return !(
      previous?.startsWith(reference) &&
      (previous[reference.length] === '.' || previous[reference.length] === '[')
    );
  });
}
