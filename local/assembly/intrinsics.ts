import type { Provisioned } from '../services/local-service.ts';

/** The values that intrinsic functions may refer to while a template is being created. */
export interface IntrinsicScope {
  /** Parameters and pseudo parameters (`AWS::Region`) by name. */
  readonly parameters: ReadonlyMap<string, string | readonly string[]>;
  readonly mappings: Readonly<Record<string, Readonly<Record<string, Readonly<Record<string, unknown>>>>>>;
  readonly conditions: Readonly<Record<string, unknown>>;
  readonly created: ReadonlyMap<string, Provisioned>;
}

/** Represents `AWS::NoValue` until the enclosing object or list drops it. */
const NO_VALUE = Symbol('AWS::NoValue');

type Intrinsic = (argument: unknown, scope: IntrinsicScope) => unknown;

/**
 * Replaces every intrinsic function in `value`. Throws an error that names a function or a reference that it does not
 * know.
 */
export function resolveIntrinsics(value: unknown, scope: IntrinsicScope): unknown {
  const resolved = resolve(value, scope);
  return resolved === NO_VALUE ? undefined : resolved;
}

/** Returns whether the template's condition `name` holds. */
export function evaluateCondition(name: string, scope: IntrinsicScope): boolean {
  const condition = scope.conditions[name];
  if (condition === undefined) throw new Error(`condition ${name} does not exist`);
  return requireBoolean(resolve(condition, scope), `condition ${name}`);
}

function resolve(value: unknown, scope: IntrinsicScope): unknown {
  if (Array.isArray(value)) return value.map((item) => resolve(item, scope)).filter((item) => item !== NO_VALUE);
  if (!isObject(value)) return value;
  const keys = Object.keys(value);
  const [key = ''] = keys;
  if (keys.length === 1 && (key === 'Ref' || key.startsWith('Fn::') || isConditionReference(key, value[key], scope))) {
    const intrinsic = INTRINSICS[key];
    if (!intrinsic) throw new Error(`${key} is not supported by the local cloud`);
    return intrinsic(value[key], scope);
  }
  return Object.fromEntries(
    keys.map((name) => [name, resolve(value[name], scope)]).filter(([, member]) => member !== NO_VALUE),
  );
}

/**
 * Returns whether `{ Condition: name }` is a function, as in conditions; elsewhere it is a plain property (of a policy
 * statement).
 */
function isConditionReference(key: string, argument: unknown, scope: IntrinsicScope): boolean {
  return key === 'Condition' && typeof argument === 'string' && argument in scope.conditions;
}

const INTRINSICS: Readonly<Record<string, Intrinsic>> = {
  Ref: (name, scope) => resolveReference(requireText(name, 'Ref'), scope),
  'Fn::GetAtt': (argument, scope) => {
    const [logicalId = '', ...path] =
      typeof argument === 'string' ? argument.split('.') : resolveTexts(argument, scope, 'Fn::GetAtt');
    return resolveAttribute(logicalId, path.join('.'), scope);
  },
  'Fn::Join': (argument, scope) => {
    const [separator, list] = requireList(argument, 'Fn::Join');
    return resolveTexts(list, scope, 'Fn::Join').join(requireText(separator, 'Fn::Join'));
  },
  'Fn::Sub': (argument, scope) => {
    const [text, variables] = typeof argument === 'string' ? [argument, {}] : requireList(argument, 'Fn::Sub');
    if (!isObject(variables)) throw new Error(`Fn::Sub: the variables are ${JSON.stringify(variables)}, not an object`);
    return substitute(requireText(text, 'Fn::Sub'), variables, scope);
  },
  'Fn::Select': (argument, scope) => {
    const [index, list] = requireList(argument, 'Fn::Select');
    const position = Number(requireText(resolve(index, scope), 'Fn::Select'));
    const items = requireList(resolve(list, scope), 'Fn::Select');
    if (!(position in items)) throw new Error(`Fn::Select: no item ${position} in ${JSON.stringify(items)}`);
    return items[position];
  },
  'Fn::Split': (argument, scope) => {
    const [separator, text] = requireList(argument, 'Fn::Split');
    return requireText(resolve(text, scope), 'Fn::Split').split(requireText(separator, 'Fn::Split'));
  },
  'Fn::If': (argument, scope) => {
    const [name, whenTrue, whenFalse] = requireList(argument, 'Fn::If');
    return resolve(evaluateCondition(requireText(name, 'Fn::If'), scope) ? whenTrue : whenFalse, scope);
  },
  'Fn::Equals': (argument, scope) => {
    const [left, right] = resolveTexts(argument, scope, 'Fn::Equals');
    return left === right;
  },
  'Fn::Not': (argument, scope) => !resolveBooleans(argument, scope, 'Fn::Not')[0],
  'Fn::And': (argument, scope) => resolveBooleans(argument, scope, 'Fn::And').every(Boolean),
  'Fn::Or': (argument, scope) => resolveBooleans(argument, scope, 'Fn::Or').some(Boolean),
  'Fn::FindInMap': (argument, scope) => {
    const [map = '', first = '', second = ''] = resolveTexts(argument, scope, 'Fn::FindInMap');
    const value = scope.mappings[map]?.[first]?.[second];
    if (value === undefined) throw new Error(`Fn::FindInMap: no value at ${map}.${first}.${second}`);
    return value;
  },
  'Fn::Base64': (argument, scope) =>
    Buffer.from(requireText(resolve(argument, scope), 'Fn::Base64')).toString('base64'),
  Condition: (name, scope) => evaluateCondition(requireText(name, 'Condition'), scope),
};

function resolveReference(name: string, scope: IntrinsicScope): unknown {
  if (name === 'AWS::NoValue') return NO_VALUE;
  const value = scope.parameters.get(name) ?? scope.created.get(name)?.ref;
  if (value === undefined) throw new Error(`Ref: ${name} is neither a parameter nor a created resource`);
  return value;
}

function resolveAttribute(logicalId: string, attribute: string, scope: IntrinsicScope): string {
  const resource = scope.created.get(logicalId);
  if (!resource) throw new Error(`Fn::GetAtt: ${logicalId} is not a created resource`);
  const value = resource.attributes[attribute];
  if (value === undefined) {
    throw new Error(`Fn::GetAtt: attribute ${attribute} of ${logicalId} is not supported by the local cloud`);
  }
  return value;
}

function substitute(text: string, variables: Readonly<Record<string, unknown>>, scope: IntrinsicScope): string {
  return text.replace(/\$\{([^}]+)\}/g, (_, name: string) => {
    if (name.startsWith('!')) return `\${${name.slice(1)}}`;
    if (name in variables) return requireText(resolve(variables[name], scope), `Fn::Sub of ${name}`);
    const [logicalId = '', ...path] = name.split('.');
    const value =
      path.length === 0 ? resolveReference(name, scope) : resolveAttribute(logicalId, path.join('.'), scope);
    return requireText(value, `Fn::Sub of ${name}`);
  });
}

/** Returns the logical ids and parameter names that `value` refers to, directly or inside any function. */
export function referencesOf(value: unknown): ReadonlySet<string> {
  const names = new Set<string>();
  collectReferences(value, names);
  return names;
}

function collectReferences(value: unknown, names: Set<string>): void {
  if (Array.isArray(value)) {
    for (const item of value) collectReferences(item, names);
    return;
  }
  if (!isObject(value)) return;
  for (const [key, argument] of Object.entries(value)) {
    if (key === 'Ref' && typeof argument === 'string') names.add(argument);
    else if (key === 'Fn::GetAtt')
      names.add(String(Array.isArray(argument) ? argument[0] : argument).split('.')[0] ?? '');
    else {
      if (key === 'Fn::Sub') {
        const [text, variables] = Array.isArray(argument) ? argument : [argument, {}];
        for (const [, name = ''] of String(text).matchAll(/\$\{([^}!][^}]*)\}/g)) {
          if (!(isObject(variables) && name in variables)) names.add(name.split('.')[0] ?? '');
        }
      }
      collectReferences(argument, names);
    }
  }
}

const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

function requireList(value: unknown, what: string): readonly unknown[] {
  if (!Array.isArray(value)) throw new Error(`${what}: ${JSON.stringify(value)} is not a list`);
  return value;
}

function requireText(value: unknown, what: string): string {
  if (typeof value === 'string') return value;
  if (typeof value === 'number' || typeof value === 'boolean') return String(value);
  throw new Error(`${what}: ${JSON.stringify(value) ?? String(value)} is not a string`);
}

function requireBoolean(value: unknown, what: string): boolean {
  if (typeof value !== 'boolean') throw new Error(`${what}: ${JSON.stringify(value)} is neither true nor false`);
  return value;
}

const resolveTexts = (argument: unknown, scope: IntrinsicScope, what: string): string[] =>
  requireList(resolve(argument, scope), what).map((item) => requireText(item, what));

const resolveBooleans = (argument: unknown, scope: IntrinsicScope, what: string): boolean[] =>
  requireList(resolve(argument, scope), what).map((item) => requireBoolean(item, what));
