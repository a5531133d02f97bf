import { isRecord } from '../json-value.ts';
import type { ActionKind } from './analysis-parts.ts';
import type { Plan, PlannedChange } from './plan-schema.ts';

/** One planned change of one object, with Terraform's list of actions decoded. */
export interface ResourceChange {
  /**
   * Key that is unique in a plan. The address is not, because a deposed object shares its address with the live one.
   */
  readonly key: string;
  readonly address: string;
  readonly module: string;
  readonly mode: string;
  readonly type: string;
  readonly name: string;
  /** Source of its provider, such as `registry.terraform.io/hashicorp/aws`. */
  readonly provider: string | undefined;
  readonly index: string | number | undefined;
  readonly deposed: string | undefined;
  readonly previousAddress: string | undefined;
  readonly importing: { readonly id: string | undefined; readonly identity: unknown } | undefined;
  readonly actions: readonly string[];
  readonly kind: ActionKind;
  /**
   * Whether the existing object is destroyed: by a delete, or by a replacement that does not merely forget the object.
   */
  readonly destroys: boolean;
  readonly reason: string | undefined;
  readonly before: unknown;
  readonly after: unknown;
  readonly unknown: unknown;
  readonly beforeMask: unknown;
  readonly afterMask: unknown;
  readonly replacePaths: readonly (readonly (string | number)[])[];
}

const SINGLE: Readonly<Record<string, ActionKind>> = {
  'no-op': 'no-op',
  create: 'create',
  read: 'read',
  update: 'update',
  delete: 'delete',
  forget: 'forget',
};
/** `create, forget` replaces an object and leaves the old one alone. */
const PAIRS = new Set(['delete,create', 'create,delete', 'create,forget', 'forget,create']);

/** Decodes a list of actions. A list that is not known is `unknown`, and never guessed. */
export function kindOf(actions: readonly string[]): ActionKind {
  const [first] = actions;
  if (actions.length === 1 && first !== undefined) return (Object.hasOwn(SINGLE, first) && SINGLE[first]) || 'unknown';
  return PAIRS.has(actions.join(',')) ? 'replace' : 'unknown';
}

export function toResourceChange(planned: PlannedChange): ResourceChange {
  const { change } = planned;
  const deposed = planned.deposed ?? undefined;
  return {
    key: deposed ? `${planned.address} (deposed ${deposed})` : planned.address,
    address: planned.address,
    module: planned.module_address ?? '',
    mode: planned.mode,
    type: planned.type,
    name: planned.name,
    provider: planned.provider_name ?? undefined,
    index: planned.index ?? undefined,
    deposed,
    previousAddress: planned.previous_address ?? undefined,
    importing: change.importing
      ? { id: change.importing.id ?? undefined, identity: change.importing.identity }
      : undefined,
    actions: change.actions,
    kind: kindOf(change.actions),
    destroys: change.actions.includes('delete') && planned.mode === 'managed',
    reason: planned.action_reason ?? undefined,
    before: change.before,
    after: change.after,
    unknown: change.after_unknown,
    beforeMask: change.before_sensitive,
    afterMask: change.after_sensitive,
    replacePaths: change.replace_paths ?? [],
  };
}

/**
 * Returns all changes that Terraform would act on or record, and those that it would not (`no-op`). Leaves out deleted
 * data sources, as Terraform does.
 */
export const changesOf = (plan: Plan): ResourceChange[] =>
  (plan.resource_changes ?? [])
    .map(toResourceChange)
    .filter(({ mode, kind }) => mode === 'managed' || kind !== 'delete');

export const isMove = ({ previousAddress, address }: ResourceChange): boolean =>
  previousAddress !== undefined && previousAddress !== address;

/** Returns whether applying this changes anything, even if only in Terraform's records. */
export const isEffective = (change: ResourceChange): boolean =>
  change.kind !== 'no-op' || isMove(change) || change.importing !== undefined;

/** Returns whether applying this touches infrastructure. Imports, moves, forgets and reads do not. */
export const touchesInfrastructure = ({ mode, kind }: ResourceChange): boolean =>
  mode === 'managed' &&
  (kind === 'create' || kind === 'update' || kind === 'replace' || kind === 'delete' || kind === 'unknown');

/** Returns the values after the change, as far as they are known; undefined when the object is gone. */
export const valuesAfter = ({ after }: ResourceChange) => (isRecord(after) ? after : undefined);
export const valuesBefore = ({ before }: ResourceChange) => (isRecord(before) ? before : undefined);
