import { fieldOf, listOf, recordOf, textOf } from '../json-value.ts';
import type { BlastRadius, Exposure } from './analysis-parts.ts';
import { type Block, blockId, blockIdOfAddress } from './configured-resources.ts';
import { type DependencyGraph, type Spread, stateResourcesOf } from './dependency-graph.ts';
import { exposuresOf, removedBlocks, unjudgedIn, weakenedIn } from './exposure/exposures.ts';
import type { Plan } from './plan-schema.ts';
import type { Redactor } from './redaction/redactor.ts';
import { isMove, type ResourceChange, touchesInfrastructure, valuesBefore } from './resource-change.ts';
import { judgeRisk, type RiskFacts } from './risk-rules.ts';
import { lossOf } from './stateful-kinds.ts';
import { counted } from './wording.ts';

/** Kinds that traffic passes through. Without these objects, everything behind them is unreachable. */
const TRAFFIC_KINDS = new Set([
  'aws_vpc',
  'aws_subnet',
  'aws_route',
  'aws_route_table',
  'aws_route_table_association',
  'aws_internet_gateway',
  'aws_nat_gateway',
  'aws_ec2_transit_gateway',
  'aws_ec2_transit_gateway_vpc_attachment',
  'aws_vpn_connection',
  'aws_vpc_peering_connection',
  'aws_vpc_endpoint',
  'aws_network_acl',
  'aws_eip',
  'aws_lb',
  'aws_alb',
  'aws_elb',
  'aws_lb_listener',
  'aws_lb_target_group',
  'aws_cloudfront_distribution',
  'aws_route53_record',
  'aws_api_gateway_rest_api',
  'aws_apigatewayv2_api',
  'aws_apigatewayv2_domain_name',
  'aws_api_gateway_domain_name',
  'aws_globalaccelerator_accelerator',
]);
/**
 * Kinds that are never changed but get a new revision. Whatever uses the old revision keeps using it until it is
 * switched.
 */
const REVISION_KINDS = new Set([
  'aws_ecs_task_definition',
  'aws_batch_job_definition',
  'aws_launch_configuration',
  'aws_lambda_layer_version',
  'aws_api_gateway_deployment',
  'aws_apigatewayv2_deployment',
  'aws_imagebuilder_component',
  'aws_imagebuilder_image_recipe',
]);
const LOG_KINDS = new Set(['aws_cloudwatch_log_group']);

export interface BlastFacts {
  readonly plan: Plan;
  readonly changes: readonly ResourceChange[];
  readonly blocks: ReadonlyMap<string, Block>;
  readonly graph: DependencyGraph;
  readonly redactor: Redactor;
}

/** The blast radius and the spread from which it was computed. The picture is drawn from the same facts. */
export interface Blast {
  readonly radius: BlastRadius;
  readonly spread: Spread;
}

export function blastRadiusOf(facts: BlastFacts): Blast {
  const { plan, changes, graph, redactor } = facts;
  const direct = changes.filter(touchesInfrastructure);
  const directAddresses = new Set(direct.map(({ address }) => address));
  const spread = graph.spreadFrom(graph.instances.filter(({ address }) => directAddresses.has(address)));
  const dependents = dependentsOf(spread, graph, directAddresses);
  const shown = (address: string): string => redactor.address(address);
  const losses = lossesOf(direct);
  const exposures = exposuresIn(facts).map(({ address, why, severity }) => ({
    address: shown(address),
    why: redactor.text(why),
    severity,
  }));
  const existing = existingObjects(plan, changes);
  const touchedExisting = new Set(direct.filter(({ kind }) => kind !== 'create').map(({ address }) => address)).size;
  const risk = riskFactsOf(facts, { direct, losses, exposures, dependents, existing: existing.size, touchedExisting });
  const { level, score, causes } = judgeRisk(risk);
  const radius: BlastRadius = {
    level,
    score,
    direct: [...directAddresses].map(shown),
    dependents: dependents.map(shown),
    outputs: [...spread.outputs],
    recordsOnly: changes
      .filter((change) => !touchesInfrastructure(change) && isRecordsChange(change))
      .map(({ address }) => shown(address)),
    touchedShare: existing.size === 0 ? 0 : Math.round((touchedExisting / existing.size) * 1000) / 1000,
    existing: existing.size,
    statefulLosses: [...new Set(losses.map(({ address }) => shown(address)))],
    exposures,
    unjudged: [...risk.unjudged].map(({ address, attributes }) => ({ address, attributes: [...attributes] })),
    reasons: causes.map(({ text }) => text),
    causes: [...causes],
    lowerBound:
      graph.unresolvedLocals > 0
        ? [
            `${counted(graph.unresolvedLocals, 'reference')} through locals cannot be followed: the plan does not say what they stand for.`,
          ]
        : [],
  };
  return { radius, spread };
}

function dependentsOf(spread: Spread, graph: DependencyGraph, direct: ReadonlySet<string>): string[] {
  const found = [...spread.reached]
    .flatMap((at) => spread.places[at] ?? [])
    .flatMap((place) => graph.instancesIn(place))
    .filter(({ mode, address }) => mode === 'managed' && !direct.has(address))
    .map(({ address }) => address);
  return [...new Set(found)].sort();
}

interface Loss {
  readonly address: string;
  readonly why: string;
}

/** Returns the objects of stateful kinds that are deleted or replaced. */
function lossesOf(direct: readonly ResourceChange[]): Loss[] {
  return direct.flatMap((change): Loss[] => {
    const loses = change.destroys ? lossOf(change.type, valuesBefore(change)) : undefined;
    if (loses === undefined) return [];
    const what = change.kind === 'replace' ? 'is replaced by an empty one' : 'is deleted';
    return [{ address: change.address, why: `${what}: ${loses}` }];
  });
}

const isRecordsChange = (change: ResourceChange): boolean =>
  isMove(change) || change.importing !== undefined || change.actions.includes('forget');

function riskFactsOf(
  { plan, changes, blocks, redactor }: BlastFacts,
  facts: {
    direct: readonly ResourceChange[];
    losses: readonly Loss[];
    exposures: readonly Exposure[];
    dependents: readonly string[];
    existing: number;
    touchedExisting: number;
  },
): RiskFacts {
  const { direct, losses, exposures, dependents, existing, touchedExisting } = facts;
  const shown = (address: string): string => redactor.address(address);
  const lost = new Set(losses.map(({ address }) => address));
  const addresses = (matches: (change: ResourceChange) => boolean): string[] =>
    direct.filter(matches).map(({ key }) => shown(key));
  const isPlain = ({ address, type }: ResourceChange) =>
    !lost.has(address) && !TRAFFIC_KINDS.has(type) && !LOG_KINDS.has(type);
  const isReplaced = (change: ResourceChange) =>
    change.kind === 'replace' && isPlain(change) && !REVISION_KINDS.has(change.type);
  const isStateful = (change: ResourceChange) => lossOf(change.type, valuesBefore(change)) !== undefined;
  const deletes = direct.filter(({ kind }) => kind === 'delete');
  return {
    created: addresses(({ kind }) => kind === 'create'),
    updated: addresses((change) => change.kind === 'update' && !isStateful(change)),
    updatedStateful: addresses((change) => change.kind === 'update' && isStateful(change)),
    deleted: addresses((change) => change.kind === 'delete' && isPlain(change)),
    revised: addresses(({ kind, type }) => kind === 'replace' && REVISION_KINDS.has(type)),
    replacedOldFirst: addresses((change) => isReplaced(change) && change.actions[0] === 'delete'),
    replacedNewFirst: addresses((change) => isReplaced(change) && change.actions[0] !== 'delete'),
    losses: losses.map(({ address, why }) => ({ address: shown(address), why })),
    trafficCut: addresses(
      ({ destroys, type, deposed }) => destroys && TRAFFIC_KINDS.has(type) && deposed === undefined,
    ),
    logsLost: addresses(({ destroys, type }) => destroys && LOG_KINDS.has(type)),
    forgotten: changes
      .filter((change) => change.actions.includes('forget') && isStateful(change))
      .map(({ address }) => shown(address)),
    recordsOnly: recordsSentence(plan, changes),
    exposures,
    weakened: direct.flatMap((change) => weakenedIn(change).map((why) => ({ address: shown(change.address), why }))),
    unjudged: changes.flatMap((change) => {
      const attributes = unjudgedIn(change, expressionsOf(change, blocks));
      return attributes.length > 0 ? [{ address: shown(change.address), attributes }] : [];
    }),
    unknown: addresses(({ kind }) => kind === 'unknown'),
    invocations: plan.action_invocations?.length ?? 0,
    dependents,
    touchedExisting,
    destroyedExisting: new Set(
      direct.filter(({ kind }) => kind === 'delete' || kind === 'replace').map(({ address }) => address),
    ).size,
    existing,
    destroysEverything: isEverythingDestroyed(changes, existing, deletes),
  };
}

function recordsSentence(plan: Plan, changes: readonly ResourceChange[]): string[] {
  const outputs = Object.values(plan.output_changes ?? {}).filter(({ actions }) => !actions.includes('no-op')).length;
  const parts: [number, string][] = [
    [changes.filter(({ importing }) => importing !== undefined).length, 'import'],
    [changes.filter(isMove).length, 'move'],
    [changes.filter(({ actions }) => actions.includes('forget')).length, 'forgotten resource'],
    [outputs, 'output'],
  ];
  return parts.filter(([count]) => count > 0).map(([count, noun]) => counted(count, noun));
}

/** Returns the addresses of the managed objects that exist before the plan. */
export function existingObjects(plan: Plan, changes: readonly ResourceChange[]): Set<string> {
  const state = stateResourcesOf(plan).filter(({ resource }) => resource.mode === 'managed' && !resource.deposed_key);
  const moved = new Map(changes.map(({ previousAddress, address }) => [previousAddress, address]));
  const found = new Set(state.map(({ resource }) => moved.get(resource.address) ?? resource.address));
  for (const { mode, kind, address, deposed } of changes)
    if (mode === 'managed' && kind !== 'create' && deposed === undefined) found.add(address);
  return found;
}

/** Returns whether none of the existing objects remains and no new one is created. */
export function isEverythingDestroyed(
  changes: readonly ResourceChange[],
  existing: number,
  deletes = changes.filter(({ kind }) => kind === 'delete'),
): boolean {
  const isOnlyDeleting = changes.every(({ mode, kind }) => mode !== 'managed' || kind === 'delete');
  return (
    isOnlyDeleting &&
    existing > 0 &&
    new Set(deletes.filter(({ deposed }) => deposed === undefined).map(({ address }) => address)).size >= existing
  );
}

function exposuresIn(facts: BlastFacts): Exposure[] {
  const { plan, changes, blocks } = facts;
  const accountId = accountOf(plan);
  const balanced = balancedGroups(facts);
  const found = changes.flatMap((change) => {
    const isOnLoadBalancer = balanced.has(blockIdOfAddress(change.address));
    return exposuresOf(change, expressionsOf(change, blocks), { accountId, isOnLoadBalancer }).map((finding) => ({
      address: change.address,
      ...finding,
    }));
  });
  return [...found, ...removedBlocks(changes)].map(({ address, why, severity }) => ({ address, why, severity }));
}

const expressionsOf = ({ address }: ResourceChange, blocks: ReadonlyMap<string, Block>) =>
  recordOf(blocks.get(blockIdOfAddress(address))?.resource.expressions);

/** Returns the account that the plan is for, if a data source in the state gives it. */
const accountOf = (plan: Plan): string | undefined =>
  textOf(
    recordOf(stateResourcesOf(plan).find(({ resource }) => resource.type === 'aws_caller_identity')?.resource.values)
      .account_id,
  );

const BALANCER_KINDS = new Set(['aws_lb', 'aws_alb', 'aws_elb']);
const GROUP_KINDS = new Set(['aws_security_group', 'aws_default_security_group']);

/**
 * Returns the security groups that load balancers use, and the rules of those groups. They are meant to be reachable.
 */
function balancedGroups({ blocks, graph }: BlastFacts): Set<string> {
  const isBalancer = (node: string): boolean => BALANCER_KINDS.has(blocks.get(node)?.resource.type ?? '');
  const groups = new Set(
    [...blocks.values()]
      .filter(({ id, resource }) => GROUP_KINDS.has(resource.type) && graph.blocksNaming(id).some(isBalancer))
      .map(({ id }) => id),
  );
  const rules = [...blocks.values()].filter(({ module, resource }) => {
    const references = listOf(recordOf(fieldOf(recordOf(resource.expressions), 'security_group_id')).references);
    return references.some((reference) => {
      const [type = '', name = ''] = String(reference).split('.');
      return GROUP_KINDS.has(type) && groups.has(blockId(module, { mode: 'managed', type, name }));
    });
  });
  return new Set([...groups, ...rules.map(({ id }) => id)]);
}
