import { MOST_MODULE_CALLS, type ModuleIdentities } from '../contract/module-identities.ts';
import type { Deployment } from '../model/deployment.ts';
import type { ComposedModule, Composition } from '../model/proof/composition.ts';
import type { Analysis } from '../plan/analysis.ts';
import { isLocal, normalizedSource } from '../plan/modules/module-source.ts';

export interface Brought {
  readonly engine: Composition['engine'];
  readonly modules: Analysis['modules'];
  /** What the build listed; undefined if it listed nothing that can be read. */
  readonly identities: ModuleIdentities | undefined;
  readonly providers?: readonly { readonly address: string; readonly version: string }[];
}

/** Most bytes of a composition that the table keeps: half of what an item may hold. */
const MOST_BYTES = 200_000;

/** Returns what a plan brings to its environment. What is not known, or is too much, is replaced by the reason. */
export function compose(
  { id, round }: Pick<Deployment, 'id' | 'round'>,
  { engine, modules, identities, providers }: Brought,
): Composition {
  const facts = {
    deploymentId: id,
    round,
    engine,
    ...(providers && { providers: providers.map(({ address, version }) => ({ address, version })) }),
  };
  const missing = modules.length === 0 ? undefined : whyMissing(identities);
  if (missing !== undefined) return { ...facts, modules: [], missing };
  const composed = { ...facts, modules: grouped(modules) };
  const bytes = Buffer.byteLength(JSON.stringify(composed));
  if (bytes <= MOST_BYTES) return composed;
  return {
    ...facts,
    modules: [],
    missing: `the identities of ${modules.length} module calls take ${bytes} bytes, more than the ${MOST_BYTES} that are kept`,
  };
}

function whyMissing(identities: ModuleIdentities | undefined): string | undefined {
  if (!identities) return 'the build listed no identities of modules that can be read';
  if ('tooMany' in identities)
    return `the configuration has ${identities.tooMany} module calls, more than the ${MOST_MODULE_CALLS} whose identities are listed`;
  return undefined;
}

/** Puts together the calls that are the same in all that counts. */
function grouped(modules: Brought['modules']): ComposedModule[] {
  const sources = new Map<string, string>();
  const groups = new Map<string, ComposedModule>();
  // Every module stands before the modules that it calls.
  for (const { call, source: written, version, identity, commit, inUse = true } of modules) {
    const source = packageOf(call, written, sources);
    sources.set(call, source);
    const facts = {
      source,
      version,
      inUse,
      ...(identity !== undefined && { identity }),
      ...(commit !== undefined && { commit }),
    };
    const key = JSON.stringify(facts);
    const group = groups.get(key) ?? { ...facts, calls: [] };
    group.calls.push(call);
    groups.set(key, group);
  }
  return [...groups.values()];
}

/** Returns the source of a call in comparable form. A local path in a package is a part of that package. */
function packageOf(call: string, source: string, sources: ReadonlyMap<string, string>): string {
  const parent = call.split('.').slice(0, -2).join('.');
  const outer = sources.get(parent);
  return isLocal(source) && outer !== undefined && !isLocal(outer) ? outer : normalizedSource(source);
}
