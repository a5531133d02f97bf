import jsonata from 'jsonata';
import { isJsonObject, type Json } from './json.ts';
import { type Chance, queryFunctions } from './query-functions.ts';
import { QUERY_EVALUATION_ERROR, StateFailure } from './state-failure.ts';

/** What an expression can read: the variables by name, and `$states`. */
export interface Scope {
  readonly variables: Readonly<Record<string, Json>>;
  readonly states: Readonly<Record<string, Json>>;
}

/**
 * After this many evaluation steps an expression is considered endless; AWS limits evaluation too, but does not publish
 * its limit.
 */
const MAX_EVALUATION_STEPS = 250_000;

/** Returns whether the text is `{% … %}`. With spaces around the braces it is plain text. */
export function isExpression(text: string): boolean {
  return text.startsWith('{%') && text.endsWith('%}') && text.length >= 4;
}

const expressionSource = (text: string): string => text.slice(2, -2).trim();

/**
 * Evaluates every expression inside `template` and keeps everything else unchanged. Fails with
 * States.QueryEvaluationError.
 */
export async function evaluateTemplate(template: Json, field: string, scope: Scope, chance: Chance): Promise<Json> {
  if (typeof template === 'string') return evaluateText(template, field, scope, chance);
  if (Array.isArray(template)) {
    return Promise.all(template.map((item, index) => evaluateTemplate(item, `${field}[${index}]`, scope, chance)));
  }
  if (!isJsonObject(template)) return template;
  const members = Object.entries(template).map(
    async ([key, value]): Promise<[string, Json]> => [
      key,
      await evaluateTemplate(value, `${field}/${key}`, scope, chance),
    ],
  );
  return Object.fromEntries(await Promise.all(members));
}

async function evaluateText(text: string, field: string, scope: Scope, chance: Chance): Promise<Json> {
  if (!isExpression(text)) return text;
  const source = expressionSource(text);
  const sentence = `The JSONata expression '${source}' specified for the field '${field}'`;
  let value: unknown;
  try {
    value = await evaluateBounded(source, { ...queryFunctions(chance), ...scope.variables, states: scope.states });
  } catch (error) {
    throw queryFailure(`${sentence} threw an error during evaluation${describeQueryError(error)}`, field);
  }
  if (value === undefined) throw queryFailure(`${sentence} returned nothing (undefined).`, field);
  return plainJson(value, () => unexpectedResult(text, field));
}

/** A parsed expression; it can be evaluated many times, also several times at once. */
type Compiled = ReturnType<typeof jsonata>;

/** Parsed expressions by source. The state machines have few sources, and each of them is evaluated again and again. */
const compiled = new Map<string, Compiled>();

function compile(source: string): Compiled {
  const known = compiled.get(source);
  if (known) return known;
  const expression = jsonata(source);
  // JSONata calls the function bound to this symbol before each node; its types accept only string names.
  Reflect.apply(expression.assign, expression, [Symbol.for('jsonata.__evaluate_entry'), countStep]);
  compiled.set(source, expression);
  return expression;
}

/** Counts the steps of one evaluation and throws when there are too many. */
class Steps {
  #taken = 0;

  take(): void {
    this.#taken += 1;
    if (this.#taken > MAX_EVALUATION_STEPS) throw new Error('Expression evaluation took too many steps');
  }
}

/** The variable that holds each evaluation's own count; no expression can spell this name. */
const STEPS = 'steps of this evaluation';

function countStep(_expression: unknown, _input: unknown, frame: { lookup(name: string): unknown }): void {
  const steps = frame.lookup(STEPS);
  if (steps instanceof Steps) steps.take();
}

async function evaluateBounded(source: string, bindings: Record<string, unknown>): Promise<unknown> {
  return compile(source).evaluate(undefined, { ...bindings, [STEPS]: new Steps() });
}

/** Returns the failure of a field whose expression returned a value of the wrong type. */
export function unexpectedResult(text: string, field: string): StateFailure {
  return queryFailure(
    `The JSONata expression '${expressionSource(text)}' specified for the field '${field}' returned an unexpected result type.`,
    field,
  );
}

function queryFailure(reason: string, location: string): StateFailure {
  return new StateFailure(QUERY_EVALUATION_ERROR, reason, { location });
}

/** Describes an error of JSONata as AWS does. JSONata's own errors are plain objects with a code and a message. */
function describeQueryError(error: unknown): string {
  const message =
    typeof error === 'object' && error !== null && 'message' in error ? String(error.message) : String(error);
  const code = typeof error === 'object' && error !== null && 'code' in error ? String(error.code) : '';
  return code === '' ? `: ${message}` : `. ${code}: ${message}`;
}

/**
 * Removes what JSONata adds to its values (sequence marks, undefined members). Throws `failure()` for a value that is
 * not JSON, such as a function.
 */
function plainJson(value: unknown, failure: () => StateFailure): Json {
  if (value === null || typeof value === 'string' || typeof value === 'boolean') return value;
  if (typeof value === 'number' && Number.isFinite(value)) return value;
  if (Array.isArray(value)) return value.filter((item) => item !== undefined).map((item) => plainJson(item, failure));
  if (typeof value !== 'object' || '_jsonata_lambda' in value || '_jsonata_function' in value) throw failure();
  const members = Object.entries(value).filter(([, member]) => member !== undefined);
  return Object.fromEntries(members.map(([key, member]) => [key, plainJson(member, failure)]));
}

/**
 * Returns what AWS refuses in an expression when the state machine is created: syntax errors, bare names at the top
 * level (there is no context item, so every path starts from `$states` or a variable), `$$`, and `$states.errorOutput`
 * outside a catcher. Empty when the expression is valid.
 */
export function findExpressionProblems(text: string, isInCatcher: boolean): string[] {
  if (!isExpression(text)) {
    return text.startsWith('{%') !== text.endsWith('%}')
      ? [`the JSONata expression '${text}' must start with {% and end with %}`]
      : [];
  }
  try {
    return [...new Set(findReferenceProblems(compile(expressionSource(text)).ast(), false, isInCatcher))];
  } catch (error) {
    return [`the JSONata expression '${expressionSource(text)}' does not parse: ${describeQueryError(error).slice(2)}`];
  }
}

/**
 * Parts of a syntax tree node that are evaluated against an item of the node's value, so that bare names are allowed in
 * them.
 */
const PARTS_WITH_CONTEXT = new Set(['predicate', 'stages', 'group', 'pattern', 'update', 'delete']);

function findReferenceProblems(node: unknown, hasContext: boolean, isInCatcher: boolean): string[] {
  if (Array.isArray(node)) return node.flatMap((child) => findReferenceProblems(child, hasContext, isInCatcher));
  if (typeof node !== 'object' || node === null || node instanceof RegExp) return [];
  const parts = new Map<string, unknown>(Object.entries(node));
  const type = parts.get('type');
  const value = parts.get('value');
  if (type === 'variable' && value === '$') return ["Reference to '$$' is not supported."];
  if (!hasContext) {
    if (type === 'name') return [`Reference to '${String(value)}' at the top level is not supported.`];
    if (type === 'variable' && value === '') return ["Reference to '$' at the top level is not supported."];
    if (type === 'wildcard' || type === 'descendant') {
      return [`Reference to '${String(value)}' at the top level is not supported.`];
    }
  }
  if (type === 'path') {
    const steps = parts.get('steps');
    const [first, ...rest] = Array.isArray(steps) ? steps : [];
    return [
      ...(isErrorOutput(first, rest[0]) && !isInCatcher
        ? ["Reference to '$states.errorOutput' is only supported in a catcher."]
        : []),
      ...findReferenceProblems(first, hasContext, isInCatcher),
      ...findReferenceProblems(rest, true, isInCatcher),
      ...findReferenceProblems(parts.get('group'), true, isInCatcher),
    ];
  }
  return [...parts].flatMap(([part, child]) =>
    findReferenceProblems(child, hasContext || PARTS_WITH_CONTEXT.has(part), isInCatcher),
  );
}

function isErrorOutput(first: unknown, second: unknown): boolean {
  return isNode(first, 'variable', 'states') && isNode(second, 'name', 'errorOutput');
}

function isNode(node: unknown, type: string, value: string): boolean {
  return (
    typeof node === 'object' &&
    node !== null &&
    'type' in node &&
    node.type === type &&
    'value' in node &&
    node.value === value
  );
}
