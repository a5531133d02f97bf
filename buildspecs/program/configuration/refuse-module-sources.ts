import { dirname, join, normalize } from 'node:path';
import { PhaseError } from '../build/failure.ts';
import type { HclAttribute } from './hcl.ts';
import { COMMAND, OUTSIDE, refusalOf, relativePathOf } from './module-source.ts';
import { kindAt, leadsOut } from './places.ts';
import { type Configuration, readConfiguration } from './read-configuration.ts';
import { passedAsSecrets, secretsOfCall } from './variable-secrets.ts';

interface ModuleCall {
  readonly name: string;
  readonly file: string;
  readonly line: number;
  /** Undefined if the source has to be evaluated. */
  readonly source: string | undefined;
  /** The text with which the source begins in any case. */
  readonly beginning: string;
  /** Every text that the source may be, or may have in it. */
  readonly texts: readonly string[];
  /** What the call passes to the module. */
  readonly attributes: readonly HclAttribute[];
}

const moduleCallsIn = ({ files }: Configuration): ModuleCall[] =>
  files.flatMap(({ file, blocks }) =>
    blocks
      .filter(({ type }) => type === 'module')
      .flatMap(({ labels: [name = ''], attributes }) =>
        attributes
          .filter((attribute) => attribute.name === 'source')
          .map(({ line, literal, leadingText = '', texts }) => ({
            name,
            texts,
            file,
            line,
            attributes,
            beginning: leadingText,
            source: typeof literal === 'string' ? literal : undefined,
          })),
      ),
  );

function refuse({ name, file, line, source, beginning }: ModuleCall, refusal: string): never {
  const shown = source ?? `${beginning.trim()}…`;
  throw new PhaseError('modules', `${file}:${line}: the source of the module "${name}", "${shown}", ${refusal}`, {
    reason: 'module-source',
  });
}

/**
 * Refuses sources outside of the repository, and sources that run a command, in a directory and in every module of the
 * repository that the directory uses. Sources that have to be evaluated, and files of modules that our parser cannot
 * read, are left to the engine, unless a text in them runs a command: the modules that they bring are judged after `init`
 * (`refuseForeignModules`).
 * Returns the directory and those of the modules, which may be missing. Adds to `secrets` what these modules are given for
 * their sensitive variables, and the defaults of these; returns the names of the directory's own variables that are
 * given.
 */
export async function refuseModuleSources(
  root: Configuration,
  {
    tree,
    engine,
    secrets,
  }: { readonly tree: string; readonly engine: 'terraform' | 'tofu'; readonly secrets: string[] },
): Promise<{ readonly directories: readonly string[]; readonly given: ReadonlySet<string> }> {
  const given = new Set<string>();
  const seen = new Map([[normalize(root.name), root]]);
  const open = [root];
  for (let configuration = open.pop(); configuration; configuration = open.pop()) {
    for (const call of moduleCallsIn(configuration)) {
      const name = nameOfLocalModule(call, tree);
      if (name === undefined) continue;
      const module = seen.get(name) ?? (await readModule(name, { tree, engine }));
      if (!seen.has(name)) open.push(module);
      seen.set(name, module);
      secrets.push(...secretsOfCall(call.attributes, module));
      if (configuration === root) for (const variable of passedAsSecrets(call.attributes, module)) given.add(variable);
    }
  }
  return { directories: [...seen.keys()], given };
}

/** Reads a module of the repository. The engine reports a directory that does not exist. */
async function readModule(
  name: string,
  { tree, engine }: { readonly tree: string; readonly engine: 'terraform' | 'tofu' },
): Promise<Configuration> {
  const isThere = kindAt(join(tree, name)) === 'directory';
  return isThere ? readConfiguration(join(tree, name), engine, name) : { name, files: [] };
}

/** Returns the module's directory in the repository, or undefined for a module from elsewhere. Refuses bad sources. */
function nameOfLocalModule(call: ModuleCall, tree: string): string | undefined {
  const refusal = refusalOf(call.beginning);
  if (refusal) refuse(call, refusal);
  // The engine evaluates constants: `"${"git::ext::sh -c …"}"`. Other parts of a source may look like a path.
  const command = call.source === undefined && call.texts.find((text) => refusalOf(text) === COMMAND);
  if (command) refuse({ ...call, source: command }, COMMAND);
  const path = call.source === undefined ? undefined : relativePathOf(call.source);
  if (path === undefined) return undefined;
  const name = join(dirname(call.file), path, '.');
  if (leadsOut(tree, join(tree, name))) refuse(call, OUTSIDE);
  return name;
}
