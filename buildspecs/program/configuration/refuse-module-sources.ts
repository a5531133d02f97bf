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
  /** Undefined where it has to be evaluated. */
  readonly source: string | undefined;
  /** What it certainly begins with. */
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
  const shown = source ?? `${beginning}…`;
  throw new PhaseError('modules', `${file}:${line}: the source of the module "${name}", "${shown}", ${refusal}`, {
    reason: 'module-source',
  });
}

/**
 * Refuses sources outside of the repository, and those that run a command, in a directory and in every module of the
 * repository that it leads to. A source that has to be evaluated and a module's file that our parser cannot read are the
 * engine's business: what they bring is judged after `init` (`refuseForeignModules`).
 */
export async function refuseModuleSources(
  root: Configuration,
  { tree, engine }: { readonly tree: string; readonly engine: 'terraform' | 'tofu' },
): Promise<void> {
  const seen = new Set([normalize(root.name)]);
  const open = [root];
  for (let configuration = open.pop(); configuration; configuration = open.pop()) {
    for (const call of moduleCallsIn(configuration)) {
      const name = nameOfLocalModule(call, tree);
      if (name === undefined || seen.has(name)) continue;
      seen.add(name);
      // What is not there is told by the engine.
      if (statSync(join(tree, name), { throwIfNoEntry: false })?.isDirectory())
        open.push(await readConfiguration(join(tree, name), engine, name));
    }
  }
}

/** The module's directory in the repository, if it is a module of it; what may not be called is refused. */
function nameOfLocalModule(call: ModuleCall, tree: string): string | undefined {
  const refusal = refusalOf(call.beginning);
  if (refusal) refuse(call, refusal);
  const path = call.source === undefined ? undefined : relativePathOf(call.source);
  if (path === undefined) return undefined;
  const name = join(dirname(call.file), path, '.');
  if (leadsOut(tree, join(tree, name))) refuse(call, OUTSIDE);
  return name;
}
