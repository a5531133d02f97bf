import * as z from 'zod';
import { isJsonObject, type Json, JsonSchema } from '../../asl/json.ts';

/** Returns whether an event, or the attributes of a message, match a pattern. */
export type EventMatcher = (event: Json) => boolean;

type ValueMatcher = (value: Json) => boolean;

const SCALAR = z.union([z.string(), z.number(), z.boolean(), z.null()]);
const TextsSchema = z.union([z.string(), z.array(z.string())]).transform((texts) => [texts].flat());
const NumericSchema = z.array(z.union([z.enum(['=', '<', '<=', '>', '>=']), z.number()]));

/**
 * Compiles an event pattern of EventBridge or a filter policy of SNS. An operator that the local cloud does not know
 * throws an error that names the operator, instead of matching everything or nothing.
 */
export function compileEventPattern(pattern: unknown, at = 'the event pattern'): EventMatcher {
  return compileFields(JsonSchema.parse(pattern), at);
}

function compileFields(pattern: Json, at: string): EventMatcher {
  if (!isJsonObject(pattern) || Object.keys(pattern).length === 0) throw new Error(`${at} is no object with fields`);
  const fields = Object.entries(pattern).map(([name, wanted]): EventMatcher => {
    if (name === '$or' && Array.isArray(wanted)) {
      if (wanted.length < 2) throw new Error(`${at}: $or needs two or more patterns`);
      const alternatives = wanted.map((alternative, index) => compileFields(alternative, `${at}.$or[${index}]`));
      return (event) => alternatives.some((matches) => matches(event));
    }
    const matches = Array.isArray(wanted)
      ? compileLeaf(wanted, `${at}.${name}`)
      : compileBranch(wanted, `${at}.${name}`);
    return (event) => matches(isJsonObject(event) ? event[name] : undefined);
  });
  return (event) => fields.every((matches) => matches(event));
}

/** Compiles the fields of a nested object. In a list of objects, one object must match as a whole. */
function compileBranch(pattern: Json, at: string): (value: Json | undefined) => boolean {
  const matches = compileFields(pattern, at);
  return (value) => (Array.isArray(value) ? value.some(matches) : matches(value ?? null));
}

/** Compiles a list of alternatives for one value, or for any value of a list. */
function compileLeaf(alternatives: readonly Json[], at: string): (value: Json | undefined) => boolean {
  if (alternatives.length === 0) throw new Error(`${at} lists no values`);
  const isAbsentFine = alternatives.some((wanted) => isJsonObject(wanted) && wanted.exists === false);
  const isPresentFine = alternatives.some((wanted) => isJsonObject(wanted) && wanted.exists === true);
  const matchers = alternatives
    .filter((wanted) => !isJsonObject(wanted) || !('exists' in wanted))
    .map((wanted) => compileValue(wanted, at));
  return (value) => {
    if (value === undefined) return isAbsentFine;
    if (isPresentFine && !isJsonObject(value)) return true;
    const values = Array.isArray(value) ? value : [value];
    return values.some((item) => matchers.some((matches) => matches(item)));
  };
}

function compileValue(wanted: Json, at: string): ValueMatcher {
  const scalar = SCALAR.safeParse(wanted);
  if (scalar.success) return (value) => value === scalar.data;
  const [[operator = '', operand] = [], ...others] = isJsonObject(wanted) ? Object.entries(wanted) : [];
  if (operand === undefined || others.length > 0) throw new Error(`${at}: ${JSON.stringify(wanted)} is no matcher`);
  return compileOperator(operator, operand, at);
}

function compileOperator(operator: string, operand: Json, at: string): ValueMatcher {
  const text = textOperator(operator);
  if (text) {
    const isFolded = isJsonObject(operand) && 'equals-ignore-case' in operand;
    const wanted = z.string().parse(isFolded ? operand['equals-ignore-case'] : operand);
    const fold = (value: string): string =>
      isFolded || operator === 'equals-ignore-case' ? value.toLowerCase() : value;
    return (value) => typeof value === 'string' && text(fold(value), fold(wanted));
  }
  switch (operator) {
    case 'numeric':
      return compileNumeric(NumericSchema.parse(operand), at);
    case 'anything-but': {
      const matches = compileExcluded(operand, at);
      return (value) => !matches(value);
    }
    default:
      throw new Error(`${at}: the operator "${operator}" is not supported by the local cloud`);
  }
}

function textOperator(operator: string): ((value: string, wanted: string) => boolean) | undefined {
  switch (operator) {
    case 'prefix':
      return (value, wanted) => value.startsWith(wanted);
    case 'suffix':
      return (value, wanted) => value.endsWith(wanted);
    case 'equals-ignore-case':
      return (value, wanted) => value === wanted;
    case 'wildcard':
      return matchesWildcard;
    default:
      return undefined;
  }
}

/** Matches a text against a pattern in which `*` means any text and `\*` a star. */
function matchesWildcard(value: string, wanted: string): boolean {
  const source = wanted.replace(/\\([*\\])|(\*)|([^\w\s])/g, (_all, escaped, star, special) =>
    star ? '.*' : `\\${escaped ?? special}`,
  );
  return new RegExp(`^${source}$`, 's').test(value);
}

/** Compiles the values that `anything-but` excludes, or an operator on one or several texts. */
function compileExcluded(operand: Json, at: string): ValueMatcher {
  if (!isJsonObject(operand)) {
    const values = z.array(SCALAR).parse([operand].flat());
    return (value) => values.some((excluded) => excluded === value);
  }
  const [[operator = '', texts] = []] = Object.entries(operand);
  if (!textOperator(operator)) throw new Error(`${at}: anything-but "${operator}" is not supported by the local cloud`);
  const matchers = TextsSchema.parse(texts).map((text) => compileOperator(operator, text, at));
  return (value) => matchers.some((matches) => matches(value));
}

function compileNumeric(condition: readonly (string | number)[], at: string): ValueMatcher {
  const comparisons: ((value: number) => boolean)[] = [];
  for (let index = 0; index < condition.length; index += 2) {
    const operator = condition[index];
    const limit = condition[index + 1];
    if (typeof operator !== 'string' || typeof limit !== 'number') {
      throw new Error(`${at}: numeric ${JSON.stringify(condition)} does not alternate operators and numbers`);
    }
    comparisons.push((value) => compare(value, operator, limit));
  }
  return (value) => typeof value === 'number' && comparisons.every((holds) => holds(value));
}

function compare(value: number, operator: string, limit: number): boolean {
  switch (operator) {
    case '<':
      return value < limit;
    case '<=':
      return value <= limit;
    case '>':
      return value > limit;
    case '>=':
      return value >= limit;
    default:
      return value === limit;
  }
}
