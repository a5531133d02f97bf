import { containerIn, isRecord, listOf, maskAt, recordOf } from '../../json-value.ts';
import type { ConfiguredModule, ModuleCall, Plan, StateModule, StateValues } from '../plan-schema.ts';
import { hides, type Redactor } from './redactor.ts';
import { namedValueOf } from './secret-name.ts';

type Learn = Pick<Redactor, 'learn'>;

/**
 * Teaches a redactor every sensitive text of a plan: every value under a mask, in a sensitive variable or output, or
 * under a name that points to a secret, in any part of the document. Providers copy such values to places that no mask
 * covers.
 */
export function collectSecrets(plan: Plan, redactor: Learn): void {
  const changes = [
    ...(plan.resource_changes ?? []),
    ...(plan.resource_drift ?? []),
    ...(plan.deferred_changes ?? []).flatMap(({ resource_change }) => resource_change ?? []),
  ].map(({ change }) => change);
  for (const change of [...changes, ...Object.values(plan.output_changes ?? {})]) {
    learnMasked(change.before, change.before_sensitive, redactor);
    learnMasked(change.after, change.after_sensitive, redactor);
  }
  collectFromState(plan.prior_state?.values, redactor);
  collectFromState(plan.planned_values, redactor);
  collectFromConfiguration(plan, redactor);
  for (const invocation of plan.action_invocations ?? []) learnNamed(invocation, redactor);
}

function learnMasked(value: unknown, mask: unknown, redactor: Learn): void {
  if (mask === true) learnLeaves(value, redactor);
  else if (Array.isArray(value))
    for (const [at, item] of value.entries()) learnMasked(item, maskAt(mask, at), redactor);
  else if (isRecord(value)) {
    learnPair(value, redactor);
    for (const [key, item] of Object.entries(value)) {
      if (hides(key, item)) redactor.learn(item);
      learnMasked(item, maskAt(mask, key), redactor);
    }
  } else learnNamed(value, redactor);
}

/** Learns everything below a mark as sensitive, including the secrets of a JSON text under the mark. */
function learnLeaves(value: unknown, redactor: Learn): void {
  if (typeof value === 'number') redactor.learn(String(value));
  else if (typeof value === 'string') {
    redactor.learn(value);
    learnNamed(value, redactor);
  } else if (Array.isArray(value)) for (const item of value) learnLeaves(item, redactor);
  else if (isRecord(value)) for (const item of Object.values(value)) learnLeaves(item, redactor);
}

/** Learns values under names that point to a secret, at any depth, also inside JSON texts. */
function learnNamed(value: unknown, redactor: Learn): void {
  if (typeof value === 'string') {
    const container = containerIn(value);
    if (container) learnNamed(container, redactor);
  } else if (Array.isArray(value)) for (const item of value) learnNamed(item, redactor);
  else if (isRecord(value)) {
    learnPair(value, redactor);
    for (const [key, item] of Object.entries(value)) {
      if (hides(key, item)) redactor.learn(item);
      learnNamed(item, redactor);
    }
  }
}

function learnPair(record: Record<string, unknown>, redactor: Learn): void {
  const secret = namedValueOf(record);
  if (secret !== undefined) redactor.learn(secret);
}

function collectFromState(values: StateValues | null | undefined, redactor: Learn): void {
  for (const { sensitive, value } of Object.values(values?.outputs ?? {}))
    learnMasked(value, sensitive === true, redactor);
  const pending: StateModule[] = values?.root_module ? [values.root_module] : [];
  for (let module = pending.pop(); module; module = pending.pop()) {
    for (const resource of module.resources ?? []) learnMasked(resource.values, resource.sensitive_values, redactor);
    pending.push(...(module.child_modules ?? []));
  }
}

function collectFromConfiguration(plan: Plan, redactor: Learn): void {
  const root = plan.configuration?.root_module ?? {};
  for (const [name, { value }] of Object.entries(plan.variables ?? {})) {
    const declared = root.variables?.[name];
    learnMasked({ [name]: value }, { [name]: declared?.sensitive === true || declared?.ephemeral === true }, redactor);
  }
  for (const [name, { sensitive }] of Object.entries(root.outputs ?? {})) {
    if (!sensitive) continue;
    for (const change of [plan.output_changes?.[name]]) learnMasked([change?.before, change?.after], true, redactor);
  }
  learnConstants(plan.configuration?.provider_config, redactor);
  collectFromModule(root, plan.variables ?? {}, redactor);
}

/**
 * Learns defaults of sensitive variables, values that calls pass to such variables, and constants under names that
 * point to a secret.
 */
function collectFromModule(module: ConfiguredModule, values: NonNullable<Plan['variables']>, redactor: Learn): void {
  for (const [name, { default: value, sensitive }] of Object.entries(module.variables ?? {}))
    learnMasked({ [name]: value }, { [name]: sensitive === true }, redactor);
  for (const { expressions, provisioners } of module.resources ?? []) {
    learnConstants(expressions, redactor);
    learnConstants(provisioners, redactor);
  }
  for (const call of Object.values(module.module_calls ?? {})) {
    learnConstants(call.expressions, redactor);
    learnPassedSecrets(call, values, redactor);
    if (call.module) collectFromModule(call.module, {}, redactor);
  }
}

/**
 * Learns values that are passed to sensitive variables of a module: such a value is sensitive where it comes from, too.
 */
function learnPassedSecrets(call: ModuleCall, values: NonNullable<Plan['variables']>, redactor: Learn): void {
  for (const [name, { sensitive }] of Object.entries(call.module?.variables ?? {})) {
    if (!sensitive) continue;
    const expression = recordOf(recordOf(call.expressions)[name]);
    learnMasked(expression.constant_value, true, redactor);
    const [reference, ...others] = listOf(expression.references);
    if (typeof reference === 'string' && others.length === 0 && reference.startsWith('var.'))
      learnMasked(values[reference.slice('var.'.length)]?.value, true, redactor);
  }
}

/** Learns constants such as `"password": { "constant_value": … }` at any depth of expressions. */
function learnConstants(expressions: unknown, redactor: Learn): void {
  if (Array.isArray(expressions)) for (const item of expressions) learnConstants(item, redactor);
  else if (isRecord(expressions))
    for (const [key, item] of Object.entries(expressions)) {
      const constant = recordOf(item).constant_value;
      if (hides(key, constant)) redactor.learn(constant);
      else if (constant !== undefined) learnNamed(constant, redactor);
      else learnConstants(item, redactor);
    }
}
