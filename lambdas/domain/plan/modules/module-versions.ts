import * as z from 'zod';
import type { ModuleIdentity } from '../../contract/module-identities.ts';
import { recordOf } from '../../json-value.ts';
import type { ModuleVersion } from '../analysis-parts.ts';
import { type Module, modulesOf } from '../configured-resources.ts';
import type { Plan } from '../plan-schema.ts';
import { isLocal, withoutCredentials } from './module-source.ts';
import { modulesInUse } from './modules-in-use.ts';

/** The file `.terraform/modules/modules.json`, which `init` writes. */
export const ModuleManifestSchema = z.object({
  Modules: z.array(z.object({ Key: z.string(), Source: z.string().nullish(), Version: z.string().nullish() })),
});

/** Version of a module whose source does not say which version it is. */
const UNPINNED = 'unpinned';
/** Version of a module at a local path when the commit of the configuration is not known. */
const LOCAL = 'local';

/** Most characters of a source that are kept; real sources are far shorter. */
const MOST_SOURCE = 1000;

interface Version {
  readonly version: string;
  readonly ref?: string;
  readonly versionOf?: string;
}

export interface ModuleFacts {
  readonly plan: Plan;
  /** Parsed `modules.json`, which contains the version that was chosen for a registry constraint. */
  readonly manifest: unknown;
  /** Commit of the release: the version of every module at a local path. */
  readonly commit: string | undefined;
  /** What a build found in the tree as `init` left it; absent if it listed nothing. */
  readonly identities?: readonly ModuleIdentity[];
}

/**
 * Returns every module call, nested ones too. A local path inside a module is a place in that module's package, so the
 * call inherits the version of that package.
 */
export function moduleVersionsOf({ plan, manifest, commit, identities = [] }: ModuleFacts): ModuleVersion[] {
  const resolved = resolvedVersions(manifest);
  const versions = new Map<string, Version>([['', { version: commit ?? LOCAL }]]);
  const modules = modulesOf(plan);
  const inUse = modulesInUse(plan, modules);
  const identified = new Map(identities.map((each) => [each.call, each]));
  return modules.flatMap((module): ModuleVersion[] => {
    if (!module.call) return [];
    const parent = module.names
      .slice(0, -1)
      .map((name) => `module.${name}`)
      .join('.');
    const version = versionOf(module, versions.get(parent) ?? { version: LOCAL }, resolved);
    versions.set(module.address, version);
    const source = withoutCredentials((module.call.source ?? '').slice(0, MOST_SOURCE));
    const passed = Object.keys(recordOf(module.call.expressions)).sort();
    const { identity, commit: at, readsOutside } = identified.get(module.address) ?? {};
    return [
      {
        call: module.address,
        source,
        ...version,
        arguments: passed,
        inUse: inUse.has(module.address),
        ...(identity !== undefined && { identity }),
        ...(at !== undefined && { commit: at }),
        ...(readsOutside && { readsOutside }),
      },
    ];
  });
}

function resolvedVersions(manifest: unknown): Map<string, string> {
  const parsed = ModuleManifestSchema.safeParse(manifest);
  if (!parsed.success) return new Map();
  return new Map(parsed.data.Modules.flatMap(({ Key, Version }) => (Version ? [[Key, Version]] : [])));
}

function versionOf({ names, call }: Module, parent: Version, resolved: ReadonlyMap<string, string>): Version {
  const source = (call?.source ?? '').slice(0, MOST_SOURCE);
  if (isLocal(source)) return parent;
  const chosen = resolved.get(names.join('.'));
  if (chosen !== undefined) return { version: chosen };
  if (call?.version_constraint) return { version: call.version_constraint };
  const query = new URLSearchParams(source.split('?')[1] ?? '');
  const ref = query.get('ref') ?? query.get('rev') ?? query.get('tag') ?? query.get('digest') ?? query.get('versionId');
  return ref === null ? { version: UNPINNED } : versionInRef(ref, source);
}

const NUMBER = '(\\d+\\.\\d+\\.\\d+(?:[-+][\\w.+-]+)?)';
const TAG = new RegExp(`^(?:(.+?)[-/])?v${NUMBER}$`);
const BARE = new RegExp(`^${NUMBER}$`);

/**
 * Reads the version in a ref. `notices-v2.0.0` is version 2.0.0 of notices; `v2.0.0` and `2.0.0` are version 2.0.0 of
 * the repository; any other ref stays as it is.
 */
function versionInRef(ref: string, source: string): Version {
  const [, module, number] = TAG.exec(ref) ?? [undefined, undefined, BARE.exec(ref)?.[1]];
  if (number === undefined) return { version: ref };
  if (module === undefined) return { version: number, ...(ref === number ? {} : { ref }) };
  const name = source.split('?')[0]?.split('//').at(-1)?.replace(/\/+$/, '').split('/').at(-1);
  return { version: number, ref, ...(module.split('/').at(-1) === name ? {} : { versionOf: module }) };
}
