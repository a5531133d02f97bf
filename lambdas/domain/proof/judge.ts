import type { EnvironmentState } from '../model/environment-state.ts';
import type { ComposedModule, Composition } from '../model/proof/composition.ts';
import { isStillProven, type LedgerEntry } from '../model/proof/ledger.ts';
import { engineSubject, isModule, providerSubject, type Subject } from '../model/proof/subject.ts';
import type { Operation } from '../operation.ts';
import { isLocal, normalizedSource } from '../plan/modules/module-source.ts';

/** What one environment has shown: its state, and its ledger as far as the judgement needs it, always with engines. */
export interface Shown {
  readonly environment: string;
  readonly state: EnvironmentState | undefined;
  readonly ledger: ReadonlyMap<Subject, LedgerEntry>;
}

export interface ProofFacts {
  readonly operation: Operation;
  readonly composition: Composition;
  /** The environment before. */
  readonly previous: Shown;
  /** The environment to which the plan is to be applied. */
  readonly own: Shown;
  /** Sources whose modules are exempt, in comparable form. */
  readonly exempt: readonly string[];
}

/** What a plan brings that the environment before has not shown. */
export type Gap =
  | { readonly kind: 'module'; readonly module: ComposedModule; readonly isExempt: boolean }
  | { readonly kind: 'engine' | 'provider'; readonly subject: Subject; readonly version: string };

/**
 * Returns what of a composition is not proven (rule 1). Something is proven when a success that still counts in the
 * environment before has contained it, or when the last success of the environment itself did. A rollback may bring
 * back whatever the environment ever ran.
 */
export function gapsIn({ operation, composition, previous, own, exempt }: ProofFacts): Gap[] {
  const isProven = (subject: Subject) =>
    ranBefore(previous, subject) || ranHere(own, subject, operation === 'rollback');
  const modules = composition.modules
    .filter(({ inUse }) => inUse)
    .filter(({ identity }) => identity === undefined || !isProven(identity))
    .filter((module) => !isKnownByName(own, module))
    .map((module): Gap => ({ kind: 'module', module, isExempt: exempt.includes(module.source) }));
  if (isOlderThanLedger(own)) return modules;
  const engine = engineSubject(composition.engine);
  const providers = (composition.providers ?? []).map((provider) => ({
    subject: providerSubject(provider),
    version: provider.version,
  }));
  return [
    ...modules,
    ...(isProven(engine) ? [] : [{ kind: 'engine' as const, subject: engine, version: composition.engine.version }]),
    ...providers
      .filter(({ subject }) => !isProven(subject))
      .map((provider): Gap => ({ kind: 'provider', ...provider })),
  ];
}

function ranBefore({ state, ledger }: Shown, subject: Subject): boolean {
  const entry = ledger.get(subject);
  return state !== undefined && entry !== undefined && isStillProven(state, entry);
}

function ranHere({ state, ledger }: Shown, subject: Subject, isEver: boolean): boolean {
  const success = ledger.get(subject)?.newest.success ?? 0;
  return state !== undefined && success > state.provenAfter && (isEver || success === state.successes);
}

/**
 * Returns whether a success has been entered in the ledger of the environment. Every success enters its engine, whatever
 * else it contains.
 */
export const hasLedger = ({ ledger }: Shown): boolean => [...ledger.keys()].some((subject) => !isModule(subject));

/**
 * Returns whether the environment runs something by a success that is older than its ledger. The contents of that are
 * not known, and only names can be compared.
 */
export const isOlderThanLedger = (shown: Shown): boolean => shown.state?.deployed != null && !hasLedger(shown);

/** Returns whether the environment runs calls of these names, source and version, when no more is known about it. */
function isKnownByName(own: Shown, { calls, source, version }: ComposedModule): boolean {
  if (!isOlderThanLedger(own)) return false;
  const running = own.state?.deployed?.modules ?? [];
  const isSame = (call: string) =>
    running.some(
      (other) =>
        other.call === call &&
        other.version === version &&
        (isLocal(other.source) || normalizedSource(other.source) === source),
    );
  return calls.every(isSame);
}
