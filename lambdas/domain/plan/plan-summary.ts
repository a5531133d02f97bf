import { isBlank } from '../json-value.ts';
import type { PlanSummary } from './analysis-parts.ts';
import type { Plan } from './plan-schema.ts';
import { isEffective, isMove, type ResourceChange } from './resource-change.ts';

export function summarize(plan: Plan, changes: readonly ResourceChange[], driftedResources: number): PlanSummary {
  const count = (matches: (change: ResourceChange) => boolean): number => changes.filter(matches).length;
  const replace = count(({ kind }) => kind === 'replace');
  const createFirst = count(({ kind, actions }) => kind === 'replace' && actions[0] === 'create');
  return {
    add: count(({ kind, mode }) => mode === 'managed' && (kind === 'create' || kind === 'replace')),
    change: count(({ kind }) => kind === 'update'),
    destroy: count(({ destroys }) => destroys),
    replace,
    replaceOrder: { deleteFirst: replace - createFirst, createFirst },
    import: count(({ importing }) => importing !== undefined),
    move: count(isMove),
    forget: count(({ actions }) => actions.includes('forget')),
    read: count(({ kind }) => kind === 'read'),
    outputs: Object.values(plan.output_changes ?? {}).filter(isOutputChange).length,
    invoke: plan.action_invocations?.length ?? 0,
    driftedResources,
    failedChecks: (plan.checks ?? []).filter(isFailing).length,
  };
}

const isOutputChange = ({ actions }: { actions: readonly string[] }): boolean =>
  !actions.every((action) => action === 'no-op');
const isFailing = ({ status }: { status: string }): boolean => status === 'fail' || status === 'error';

/** Name of the engine: as configured (`opentofu`), or as the program is called (`tofu`). */
export type Engine = 'terraform' | 'opentofu' | 'tofu';

/** Returns which program made the plan: the stated one, or the one recognised by what only that program writes. */
export function engineOf(plan: Plan, stated: Engine | undefined): Engine | undefined {
  if (stated) return stated;
  if (typeof plan.applyable === 'boolean' || typeof plan.complete === 'boolean') return 'terraform';
  if ((plan.resource_changes ?? []).some(({ provider_name }) => provider_name?.startsWith('registry.opentofu.org/')))
    return 'opentofu';
  // From 1.8 on, Terraform always writes both keys. OpenTofu starts at 1.6 and writes neither.
  const [major, minor] = (plan.terraform_version ?? '').split('.').map(Number);
  return major === 1 && minor !== undefined && minor >= 8 ? 'opentofu' : undefined;
}

export interface PlanFlags {
  readonly hasChanges: boolean;
  readonly complete: boolean;
  readonly errored: boolean;
  readonly notices: readonly string[];
}

/**
 * Returns whether there is anything to apply, and whether the plan is complete and without error. The exit code of
 * `plan -detailed-exitcode` and `applyable` decide whether there is anything to apply. The actions do not decide where
 * one of these two exists, because imports, moves and changed outputs all have the action "no-op". OpenTofu writes no
 * `applyable`; only then, and without an exit code, the effects of the plan decide.
 */
export function flagsOf(
  plan: Plan,
  changes: readonly ResourceChange[],
  { exitCode, engine }: { exitCode?: 0 | 1 | 2; engine?: Engine },
): PlanFlags {
  const notices: string[] = [];
  const errored = plan.errored === true || exitCode === 1;
  const said = exitCode === undefined || exitCode === 1 ? undefined : exitCode === 2;
  const applyable = plan.applyable ?? undefined;
  if (said !== undefined && applyable !== undefined && said !== applyable)
    notices.push(
      `the exit code was ${exitCode} but the plan says applyable ${applyable}; it is treated as having changes`,
    );
  const hasChanges =
    said === undefined && applyable === undefined ? hasEffects(plan, changes) : said === true || applyable === true;
  return { hasChanges: hasChanges && !errored, complete: isComplete(plan, errored, engine, notices), errored, notices };
}

function isComplete(plan: Plan, errored: boolean, stated: Engine | undefined, notices: string[]): boolean {
  if (errored) return false;
  if (typeof plan.complete === 'boolean') return plan.complete;
  const engine = engineOf(plan, stated);
  if (engine === 'opentofu' || engine === 'tofu') return true;
  notices.push(
    'the plan does not say whether it is complete, and nothing shows that OpenTofu made it; it is treated as incomplete',
  );
  return false;
}

function hasEffects(plan: Plan, changes: readonly ResourceChange[]): boolean {
  const isRefreshOnly = isBlank(plan.resource_changes) && !isBlank(plan.resource_drift);
  return (
    isRefreshOnly ||
    changes.some((change) => isEffective(change) && change.kind !== 'read') ||
    Object.values(plan.output_changes ?? {}).some(isOutputChange)
  );
}

/** Reasons that Terraform and OpenTofu give today; more may come. */
const KNOWN_REASONS = new Set([
  'replace_because_cannot_update',
  'replace_because_tainted',
  'replace_by_request',
  'replace_by_triggers',
  'delete_because_no_resource_config',
  'delete_because_wrong_repetition',
  'delete_because_count_index',
  'delete_because_each_key',
  'delete_because_no_module',
  'delete_because_no_move_target',
  'read_because_config_unknown',
  'read_because_dependency_pending',
  'read_because_check_nested',
  'forgot_because_lifecycle_destroy_in_state',
  'forgot_because_lifecycle_destroy_in_config',
]);

const KNOWN_MODES = new Set(['managed', 'data']);

/** Returns everything in the changes that this version cannot interpret, one sentence each. */
export function unfamiliarIn(changes: readonly ResourceChange[]): string[] {
  return changes.flatMap(({ key, actions, kind, reason, mode }) => [
    ...(kind === 'unknown' ? [`${key}: unknown actions ${JSON.stringify(actions)}`] : []),
    ...(reason !== undefined && !KNOWN_REASONS.has(reason) ? [`${key}: unknown action_reason "${reason}"`] : []),
    ...(KNOWN_MODES.has(mode) ? [] : [`${key}: unknown mode "${mode}"`]),
  ]);
}
