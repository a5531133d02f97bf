import { HIDDEN } from '../contract/hidden-text/secret-finder.ts';
import type { ModuleIdentity } from '../contract/module-identities.ts';
import { recordOf, textOf } from '../json-value.ts';
import type { Operation } from '../operation.ts';
import type { Stage } from '../policy.ts';
import type { PriceSheet } from '../prices/price-sheet.ts';
import type { Analysis } from './analysis.ts';
import { attributeChangesOf } from './attribute-diff.ts';
import { blastRadiusOf } from './blast-radius.ts';
import { blastRadiusGraphOf } from './blast-radius-graph.ts';
import { changeDigestOf } from './change-digest.ts';
import { blocksOf, modulesOf } from './configured-resources.ts';
import { contradictionsIn } from './contradictions.ts';
import { estimateCost } from './cost.ts';
import { DependencyGraph, stateResourcesOf } from './dependency-graph.ts';
import { driftOf } from './drift.ts';
import { noticesOfStaying } from './ephemeral/could-never-end.ts';
import { moduleVersionsOf } from './modules/module-versions.ts';
import type { Plan } from './plan-schema.ts';
import { type Engine, flagsOf, summarize, unfamiliarIn } from './plan-summary.ts';
import { readPlan, UnreadablePlanError } from './read-plan.ts';
import { collectSecrets } from './redaction/collect-secrets.ts';
import { Redactor } from './redaction/redactor.ts';
import { changesOf, isEffective, type ResourceChange, valuesAfter, valuesBefore } from './resource-change.ts';
import { rootResourcesOf } from './root-resources.ts';
import { type EphemeralPlan, evaluateSafeguards } from './safeguards.ts';
import type { SafeguardSettings } from './safeguards-schema.ts';
import { lossOf } from './stateful-kinds.ts';

export type { Analysis } from './analysis.ts';

export interface PlanToAnalyse {
  /** Output of `terraform show -json` for the plan: text, bytes, or the parsed document. */
  readonly plan: unknown;
  /** Exit code of `plan -detailed-exitcode`. */
  readonly exitCode?: 0 | 1 | 2;
  readonly engine?: Engine;
  /** Parsed `.terraform/modules/modules.json`. */
  readonly modulesJson?: unknown;
  /** Commit of the release: the version of every module at a local path. */
  readonly commit?: string;
  /** Identities of the modules, as the build listed them. */
  readonly identities?: readonly ModuleIdentity[];
  /** The environment's region: resources are priced in it unless the plan places them elsewhere. */
  readonly region: string;
  readonly priceSheet: PriceSheet;
  readonly stage: Stage;
  readonly deletionProtection: boolean;
  /** Name of the environment. A lift with this name is for the environment as a whole. */
  readonly environment?: string;
  readonly operation?: Operation;
  /**
   * Whether the plan is for a destruction, also when no `operation` is given. Destroyed resources stay configured but
   * do not exist afterwards.
   */
  readonly isDestruction?: boolean;
  readonly settings?: SafeguardSettings;
  /** Given for an ephemeral environment, which may contain only what it created itself. */
  readonly ephemeral?: EphemeralPlan;
  /** Addresses (or the environment's name) whose protection is lifted by a lift that is still unused. */
  readonly lifts?: readonly string[];
  /**
   * Secret that stays the same for all plans of an environment. It is the key for the hashes of sensitive values in the
   * change digest. Without it, somebody who sees the digest and the rest of the analysis could try out short secrets.
   */
  readonly digestKey?: string;
  /** SHA-256 of the files that are applied with the plan; absent when no inspection has seen them. */
  readonly content?: string;
  /** Further notices for the analysis, for example about the price sheet. */
  readonly notices?: readonly string[];
}

/** Describes exactly what a plan will do, without revealing anything sensitive. Throws UnreadablePlanError. */
export function analyzePlan(input: PlanToAnalyse): Analysis {
  try {
    return analyze(input);
  } catch (error) {
    if (error instanceof RangeError && /call stack/.test(error.message))
      throw new UnreadablePlanError('reading plan: its values are nested too deeply');
    throw error;
  }
}

function analyze(input: PlanToAnalyse): Analysis {
  const { plan, notices } = readPlan(input.plan);
  const redactor = new Redactor();
  collectSecrets(plan, redactor);
  const changes = changesOf(plan);
  const modules = modulesOf(plan);
  const blocks = blocksOf(modules);
  const graph = new DependencyGraph(plan, changes, modules);
  const flags = flagsOf(plan, changes, input);
  const drift = driftOf(plan, changes, blocks);
  const facts = { plan, changes, blocks, graph, redactor };
  const { radius, spread } = blastRadiusOf(facts);
  const rootResources = rootResourcesOf(plan);
  return {
    version: 1,
    engineVersion: plan.terraform_version ?? null,
    stage: input.stage,
    summary: summarize(plan, changes, drift.length),
    hasChanges: flags.hasChanges,
    complete: flags.complete,
    errored: flags.errored,
    resources: changes.filter(isEffective).map((change) => resourceOf(change, redactor)),
    outputs: outputsOf(plan, redactor),
    drift: drift.map(({ address, what, attributes }) => ({
      address: redactor.address(address),
      what,
      attributes: attributes.map((name) => redactor.text(name)),
    })),
    checks: checksOf(plan, redactor),
    invocations: (plan.action_invocations ?? []).map((invocation) =>
      redactor.address(textOf(recordOf(invocation).address) ?? 'an action'),
    ),
    deferred: (plan.deferred_changes ?? []).map(({ reason, resource_change }) => ({
      address: redactor.address(resource_change?.address ?? 'a resource'),
      reason: reason ?? 'unknown',
    })),
    blastRadius: radius,
    graph: blastRadiusGraphOf({ ...facts, spread }),
    cost: estimateCost({ ...facts, modules, sheet: input.priceSheet, region: input.region }),
    safeguards: evaluateSafeguards({
      ...input,
      plan,
      changes,
      flags,
      redactor,
      contradictions: input.isDestruction ? [] : contradictionsIn(plan, modules, flags, input.engine),
    }),
    modules: moduleVersionsOf({
      plan,
      manifest: input.modulesJson,
      commit: input.commit,
      ...(input.identities && { identities: input.identities }),
    }).map((module) => ({
      ...module,
      source: redactor.text(module.source),
      version: redactor.text(module.version),
      ...(module.ref !== undefined && { ref: redactor.text(module.ref) }),
    })),
    variables: variableNames(plan),
    ...(rootResources && { rootResources }),
    resourcesInState: stateResourcesOf(plan).filter(({ resource }) => resource.mode === 'managed').length,
    changeDigest: changeDigestOf({
      plan,
      changes,
      blocks,
      redactor,
      key: input.digestKey ?? '',
      ...(input.content !== undefined && { content: input.content }),
    }),
    notices: [
      ...(input.notices ?? []),
      ...notices,
      ...flags.notices,
      ...unfamiliarIn(changes),
      ...(input.ephemeral && !input.isDestruction ? noticesOfStaying(changes, input.ephemeral.undestroyed ?? []) : []),
    ].map((notice) => redactor.text(notice)),
  };
}

function resourceOf(change: ResourceChange, redactor: Redactor): Analysis['resources'][number] {
  const { address, type, actions, kind, reason, deposed, previousAddress, importing } = change;
  const attributes = attributeChangesOf(change, redactor);
  return {
    address: redactor.address(address),
    type,
    actions: kind === 'unknown' ? actions.map((action) => redactor.text(action)) : [...actions],
    kind,
    reason: reason === undefined ? null : redactor.text(reason),
    stateful: lossOf(type, valuesBefore(change) ?? valuesAfter(change)) !== undefined,
    ...(deposed !== undefined && { deposed }),
    ...(previousAddress !== undefined && { previousAddress: redactor.address(previousAddress) }),
    ...(importing?.id !== undefined && { importId: redactor.text(importing.id) }),
    attributes: attributes.changes,
    moreAttributes: attributes.more,
  };
}

/** Returns the root outputs that change, hidden where either side is sensitive. */
function outputsOf(plan: Plan, redactor: Redactor): Analysis['outputs'] {
  const declared = plan.configuration?.root_module?.outputs ?? {};
  return Object.entries(plan.output_changes ?? {})
    .filter(([, { actions }]) => !actions.every((action) => action === 'no-op'))
    .map(([name, { actions, before, after, after_unknown, before_sensitive, after_sensitive }]) => {
      const sensitive = before_sensitive === true || after_sensitive === true || declared[name]?.sensitive === true;
      const shown = (value: unknown, mask: unknown) => (sensitive ? HIDDEN : redactor.value(value, mask));
      return {
        name,
        actions,
        ...((before ?? null) !== null && { before: shown(before, before_sensitive) }),
        ...((after ?? null) !== null && { after: shown(after, after_sensitive) }),
        sensitive,
        unknown: after_unknown === true,
      };
    });
}

const checksOf = (plan: Plan, redactor: Redactor): Analysis['checks'] =>
  (plan.checks ?? []).map(({ address, status, instances }) => ({
    address: redactor.address(address.to_display),
    status,
    problems: (instances ?? []).flatMap(({ problems }) =>
      (problems ?? []).map(({ message }) => redactor.text(message)),
    ),
  }));

const variableNames = (plan: Plan): string[] =>
  [
    ...new Set([
      ...Object.keys(plan.variables ?? {}),
      ...Object.keys(plan.configuration?.root_module?.variables ?? {}),
    ]),
  ].sort();
