import { readFileSync, statSync } from 'node:fs';
import { basename, join, relative, resolve } from 'node:path';
import {
  DESTROY_SETTINGS,
  MOST_CHARACTERS,
  MOST_UNDESTROYED,
  type Undestroyed,
} from '../../../lambdas/domain/contract/destroy-settings.ts';
import type { EngineName } from '../../../lambdas/domain/contract/engine-release.ts';
import type { WorkPaths } from '../build/work-paths.ts';
import { LIFECYCLE_BLOCKS } from '../configuration/block-types.ts';
import { listConfigurationFiles } from '../configuration/files.ts';
import { type HclAttribute, type HclFile, parseHcl } from '../configuration/hcl.ts';
import { installedModulesIn } from '../configuration/installed-modules.ts';
import { realPathInside } from '../configuration/places.ts';
import { NUL } from '../configuration/read-configuration.ts';
import { isPlainLine, quotePath } from '../engine/plan-file/strict-text.ts';
import { moduleCallsOf } from './module-calls.ts';

/** Bytes of the largest file that is read. A larger one counts as not understood. */
const MOST_BYTES = 4 * 1024 * 1024;
/** Longer paths are shown without their middle. */
const LONGEST_PATH = 300;

/** A setting as one directory spells it, for each call of the directory. */
type Setting = Omit<Undestroyed, 'address'> & { readonly resource: string };

/**
 * Lists the resources of the planned directory and of all modules that it calls, nested ones too, that the engine does
 * not destroy. Reads the tree as `init` left it.
 */
export async function listUndestroyed(
  { tree, directory }: Pick<WorkPaths, 'tree' | 'directory'>,
  engine: EngineName,
): Promise<Undestroyed[]> {
  const calls = moduleCallsOf(installedModulesIn(directory, 'bundle'));
  const places = [
    { prefix: '', place: directory },
    ...calls.map(({ address, Dir }) => ({ prefix: `${address}.`, place: resolve(directory, Dir) })),
  ];
  const known = new Map<string, readonly Setting[]>();
  const found: Undestroyed[] = [];
  for (const { prefix, place } of places) {
    // `init` decides where modules may be; a place outside of the tree is reported elsewhere.
    const real = realPathInside(tree, place);
    if (real === undefined || !statSync(real).isDirectory()) continue;
    const settings = known.get(real) ?? (await settingsIn(real, relative(tree, place), engine));
    known.set(real, settings);
    found.push(
      ...settings
        .map(({ resource, ...setting }) => ({ address: `${prefix}${resource}`, ...setting }))
        // No engine has such addresses in a plan that people could read.
        .filter(({ address }) => address.length <= MOST_CHARACTERS),
    );
    if (found.length >= MOST_UNDESTROYED) break;
  }
  return found.slice(0, MOST_UNDESTROYED);
}

/** Reads the settings of one directory. A later file overrides an earlier one, as in the engine. */
async function settingsIn(directory: string, name: string, engine: EngineName): Promise<readonly Setting[]> {
  const settings = new Map<string, Setting | undefined>();
  for (const fileName of listConfigurationFiles(directory, engine)) {
    const file = join(name, fileName);
    const shown = isPlainLine(file) && file.length <= LONGEST_PATH ? file : quotePath(file);
    const parsed = await readFile(join(directory, fileName));
    if (parsed?.errorLine !== undefined) {
      const facts = { setting: 'prevent_destroy', file: shown, line: parsed.errorLine, isLiteral: false } as const;
      settings.set(`unread ${fileName}`, { resource: '*', ...facts, isUnread: true });
    }
    for (const { labels, blocks } of parsed?.blocks ?? []) {
      const resource = labels.join('.');
      for (const attribute of blocks
        .filter(({ type }) => type === 'lifecycle')
        .flatMap(({ attributes }) => attributes)) {
        const setting = DESTROY_SETTINGS.find((known) => known === attribute.name);
        if (setting === undefined) continue;
        const value = booleanOf(attribute);
        const isHarmless = value === (setting === 'destroy') || value === null;
        settings.set(
          `${setting} ${resource}`,
          isHarmless
            ? undefined
            : { resource, setting, file: shown, line: attribute.line, isLiteral: value !== undefined },
        );
      }
    }
  }
  return [...settings.values()].filter((setting) => setting !== undefined);
}

/** Matches every file in which one of the settings can stand. In JSON, names may contain escapes. */
const MENTIONED = /\b(?:prevent_)?destroy\b/;
const ESCAPED = /\\u/;

async function readFile(path: string): Promise<HclFile | undefined> {
  const found = statSync(path, { throwIfNoEntry: false });
  if (!found?.isFile()) return undefined;
  if (found.size > MOST_BYTES) return { attributes: [], blocks: [], errorLine: 1 };
  const text = readFileSync(path, 'utf8');
  const isJson = basename(path).endsWith('.json');
  if (text.includes(NUL) || !(MENTIONED.test(text) || (isJson && ESCAPED.test(text)))) return undefined;
  if (!isJson) return parseHcl(text, (type) => Object.hasOwn(LIFECYCLE_BLOCKS, type));
  // Loaded only here, because few directories have JSON files.
  const { parseJsonFile } = await import('../configuration/json-file.ts');
  return parseJsonFile(text, LIFECYCLE_BLOCKS);
}

/** Returns the value that the engine sees; undefined if it has to be evaluated. The engine takes a text for a boolean. */
function booleanOf({ literal, expression }: HclAttribute): boolean | null | undefined {
  const isValue = typeof literal === 'boolean' || typeof literal === 'string';
  const text = isValue ? String(literal) : expression;
  if (text.length > LONGEST_CONSTANT) return undefined;
  return constantIn(isValue ? text : text.replace(COMMENTS, ''));
}

/** Characters of the longest text that is taken for a constant. */
const LONGEST_CONSTANT = 1000;
const COMMENTS = /\/\*.*?\*\/|(?:#|\/\/)[^\n]*/gs;

/** Reads a constant, also within what may stand around one: brackets, the marks of a template, and a negation. */
function constantIn(expression: string): boolean | null | undefined {
  const text = expression.trim();
  if (text === 'true') return true;
  if (text === 'false') return false;
  if (text === 'null' || text === '') return null;
  const negated = /^!(.*)$/s.exec(text)?.[1];
  if (negated !== undefined) {
    const value = constantIn(negated);
    return typeof value === 'boolean' ? !value : undefined;
  }
  const inner = /^\((.*)\)$/s.exec(text)?.[1] ?? /^"?\$\{(.*)\}"?$/s.exec(text)?.[1];
  return inner === undefined ? undefined : constantIn(inner);
}
