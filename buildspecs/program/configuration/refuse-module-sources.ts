import { statSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import { PhaseError } from '../build/failure.ts';
import { OUTSIDE, refusalOf, relativePathOf } from './module-source.ts';
import { leadsOut } from './places.ts';
import { type Configuration, readConfiguration } from './read-configuration.ts';

interface ModuleCall {
  readonly name: string;
  readonly file: string;
  readonly line: number;
  /** Undefined if the source has to be evaluated. */
  readonly source: string | undefined;
  /** The text with which the source begins in any case. */
  readonly beginning: string;
}

const moduleCallsIn = ({ files }: Configuration): ModuleCall[] =>
  files.flatMap(({ file, blocks }) =>
    blocks
      .filter(({ type }) => type === 'module')
      .flatMap(({ labels: [name = ''], attributes }) =>
        attributes
          .filter((attribute) => attribute.name === 'source')
          .map(({ line, literal, leadingText = '' }) => ({
            name,
            file,
            line,
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
 * read, are left to the engine: the modules that they bring are judged after `init` (`refuseForeignModules`).
 * Returns the directory and those of the modules, which may be missing.
 */
export async function refuseModuleSources(
  root: Configuration,
  { tree, engine }: { readonly tree: string; readonly engine: 'terraform' | 'tofu' },
): Promise<readonly string[]> {
  const seen = new Set([normalize(root.name)]);
  const open = [root];
  for (let configuration = open.pop(); configuration; configuration = open.pop()) {
    for (const call of moduleCallsIn(configuration)) {
      const name = nameOfLocalModule(call, tree);
      if (name === undefined || seen.has(name)) continue;
      seen.add(name);
      // The engine reports a directory that does not exist.
      if (statSync(join(tree, name), { throwIfNoEntry: false })?.isDirectory())
        open.push(await readConfiguration(join(tree, name), engine, name));
    }
  }
  return [...seen];
}

/** Returns the module's directory in the repository, or undefined for a module from elsewhere. Refuses bad sources. */
function nameOfLocalModule(call: ModuleCall, tree: string): string | undefined {
  const refusal = refusalOf(call.beginning);
  if (refusal) refuse(call, refusal);
  const path = call.source === undefined ? undefined : relativePathOf(call.source);
  if (path === undefined) return undefined;
  const name = join(dirname(call.file), path, '.');
  if (leadsOut(tree, join(tree, name))) refuse(call, OUTSIDE);
  return name;
}
