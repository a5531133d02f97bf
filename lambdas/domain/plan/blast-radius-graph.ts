import type { BlastRadiusGraph } from './analysis-parts.ts';
import type { Block } from './configured-resources.ts';
import type { DependencyGraph, Instance, Place, Spread } from './dependency-graph.ts';
import type { Redactor } from './redaction/redactor.ts';
import { type ResourceChange, touchesInfrastructure } from './resource-change.ts';
import { lossOf } from './stateful-kinds.ts';

type Node = BlastRadiusGraph['nodes'][number];

/** Most boxes that a person can still read. */
const MOST_NODES = 32;

interface Shown {
  readonly instance: Instance;
  readonly action: Node['action'];
  readonly isLoss: boolean;
}

/** Most losses that are shown one by one, whatever else has to be gathered. */
const MOST_SINGLE_LOSSES = 12;

const moduleOf = ({ instance }: Shown): string => instance.module.names.join('.');

/**
 * Ways to gather instances into nodes, from not at all to very strongly. The first way that gives few enough nodes is
 * used.
 */
const GATHERINGS: readonly ((shown: Shown) => string)[] = [
  ({ instance }) => instance.address,
  ({ instance, action }) => `${instance.block} ${action}`,
  (shown) => `${moduleOf(shown)} ${shown.instance.type} ${shown.action}`,
  ({ instance, action }) => `${instance.type} ${action}`,
  (shown) => `${moduleOf(shown)} ${shown.action}`,
  ({ instance, action }) => `${instance.module.names[0] ?? ''} ${action}`,
  ({ action }) => action,
];

export interface GraphFacts {
  readonly changes: readonly ResourceChange[];
  readonly blocks: ReadonlyMap<string, Block>;
  readonly graph: DependencyGraph;
  readonly spread: Spread;
  readonly redactor: Redactor;
}

export function blastRadiusGraphOf(facts: GraphFacts): BlastRadiusGraph {
  const shown = shownIn(facts);
  const areLossesSingle = shown.filter(({ isLoss }) => isLoss).length <= MOST_SINGLE_LOSSES;
  const keysOf = GATHERINGS.map((gather) => (one: Shown) => {
    if (!one.isLoss) return gather(one);
    return `loss ${areLossesSingle ? one.instance.address : gather(one)}`;
  });
  const keyOf =
    keysOf.find((key) => new Set(shown.map(key)).size <= MOST_NODES) ??
    (({ action, isLoss }: Shown) => `${isLoss} ${action}`);
  const gathered = Map.groupBy(shown, keyOf);
  const idOf = new Map<string, string>();
  const nodes: Node[] = [];
  for (const members of gathered.values()) {
    const id = `n${nodes.length}`;
    for (const { instance } of members) idOf.set(instance.address, id);
    nodes.push(nodeOf(id, members, facts.redactor));
  }
  return { nodes, edges: edgesBetween(idOf, facts) };
}

/** Returns the changed managed objects and the managed objects that depend on them. */
function shownIn({ changes, graph, spread }: GraphFacts): Shown[] {
  const byAddress = new Map(
    changes.filter(({ deposed }) => deposed === undefined).map((change) => [change.address, change]),
  );
  const found = new Map<string, Shown>();
  for (const [at, place] of spread.places.entries())
    for (const instance of graph.instancesIn(place)) {
      const change = byAddress.get(instance.address);
      const isChanged = change !== undefined && touchesInfrastructure(change);
      if (instance.mode !== 'managed' || !(isChanged || spread.reached.has(at))) continue;
      const isLoss = change?.destroys === true && lossOf(change.type, undefined) !== undefined;
      found.set(instance.address, { instance, action: actionOf(change), isLoss });
    }
  return [...found.values()];
}

function actionOf(change: ResourceChange | undefined): Node['action'] {
  switch (change?.kind) {
    case 'create':
    case 'update':
    case 'replace':
    case 'delete':
    case 'unknown':
      return change.kind;
    default:
      return 'depends';
  }
}

function nodeOf(id: string, members: readonly Shown[], redactor: Redactor): Node {
  const [first] = members;
  if (!first) throw new Error('gathering resources for the picture: a group without members');
  const { instance, action } = first;
  const modules = new Set(
    members.map((member) => member.instance.module.names.map((name) => `module.${name}`).join('.')),
  );
  const types = new Set(members.map((member) => member.instance.type));
  const module = modules.size === 1 ? [...modules][0] : `${modules.size} modules`;
  const isLoss = members.some((member) => member.isLoss);
  if (members.length === 1)
    return { id, label: localName(redactor.address(instance.address)), detail: module ?? '', action, count: 1, isLoss };
  const label = types.size === 1 ? [...types].join('') : `${types.size} kinds`;
  return { id, label: `${members.length} × ${label}`, detail: module ?? '', action, count: members.length, isLoss };
}

/** Returns the address inside its module. */
const localName = (address: string): string =>
  address.replace(/^(?:module\.[^.[]+(?:\[(?:"(?:[^"\\]|\\.)*"|\d+)\])?\.)+/, '');

/**
 * Returns the edges of the spread between gathered nodes. Places between two nodes (variables, data sources) are passed
 * through.
 */
function edgesBetween(idOf: ReadonlyMap<string, string>, { graph, spread }: GraphFacts): BlastRadiusGraph['edges'] {
  const idsAt = (place: Place | undefined): string[] =>
    place ? [...new Set(graph.instancesIn(place).flatMap(({ address }) => idOf.get(address) ?? []))] : [];
  const nodesAt = spread.places.map(idsAt);
  const following = new Map<number, number[]>();
  for (const [from, to] of spread.edges) {
    const next = following.get(from);
    if (next) next.push(to);
    else following.set(from, [to]);
  }
  const found = new Map<string, { from: string; to: string }>();
  // A place without a node passes on the node that reached it. Each (node, place) pair is walked once.
  const walked = new Set<string>();
  const pending = [...nodesAt.entries()].flatMap(([at, ids]) => ids.map((from) => ({ from, at })));
  for (let step = pending.pop(); step; step = pending.pop())
    for (const to of following.get(step.at) ?? []) {
      const ids = nodesAt[to] ?? [];
      for (const id of ids) if (id !== step.from) found.set(`${step.from} ${id}`, { from: step.from, to: id });
      if (ids.length > 0 || walked.has(`${step.from} ${to}`)) continue;
      walked.add(`${step.from} ${to}`);
      pending.push({ from: step.from, at: to });
    }
  return withoutShortcuts([...found.values()]);
}

/**
 * Leaves out an edge when a longer way connects the same nodes. The dependencies stay, and the picture becomes legible.
 */
function withoutShortcuts(edges: BlastRadiusGraph['edges']): BlastRadiusGraph['edges'] {
  const following = new Map<string, Set<string>>();
  for (const { from, to } of edges) following.set(from, (following.get(from) ?? new Set()).add(to));
  return edges.filter(({ from, to }) => {
    following.get(from)?.delete(to);
    const seen = new Set([from]);
    for (const node of seen) for (const next of following.get(node) ?? []) seen.add(next);
    if (seen.has(to)) return false;
    following.get(from)?.add(to);
    return true;
  });
}
