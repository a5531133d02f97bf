import { containerIn, isRecord, type JsonRecord, recordOf, textOf } from '../json-value.ts';

/** One statement of an IAM policy. Fields that may hold one value or several are always lists here. */
export interface Statement {
  readonly effect: string;
  readonly actions: readonly string[];
  readonly notActions: readonly string[];
  readonly resources: readonly string[];
  readonly notResources: readonly string[];
  /** `*`, or ARNs, account ids, services and providers, prefixed with their kind: `AWS:arn:…`, `Service:…`. */
  readonly principals: readonly string[];
  readonly hasNotPrincipal: boolean;
  /** Condition keys in lower case with their values. */
  readonly conditions: ReadonlyMap<string, readonly string[]>;
}

const oneOrMany = (value: unknown): string[] =>
  (Array.isArray(value) ? value : [value]).flatMap((item) => (typeof item === 'string' ? [item] : []));

/** Returns the statements of a policy, given as JSON text or as an object; none when there is no policy to read. */
export function statementsOf(policy: unknown): Statement[] {
  const document = typeof policy === 'string' ? containerIn(policy) : policy;
  if (!isRecord(document)) return [];
  const statements = Array.isArray(document.Statement) ? document.Statement : [document.Statement];
  return statements.filter(isRecord).map(toStatement);
}

function toStatement(statement: JsonRecord): Statement {
  return {
    effect: textOf(statement.Effect) ?? '',
    actions: oneOrMany(statement.Action),
    notActions: oneOrMany(statement.NotAction),
    resources: oneOrMany(statement.Resource),
    notResources: oneOrMany(statement.NotResource),
    principals: principalsOf(statement.Principal),
    hasNotPrincipal: 'NotPrincipal' in statement,
    conditions: conditionsOf(statement.Condition),
  };
}

function principalsOf(principal: unknown): string[] {
  if (typeof principal === 'string') return [principal];
  return Object.entries(recordOf(principal)).flatMap(([kind, value]) =>
    oneOrMany(value).map((name) => (name === '*' && kind === 'AWS' ? '*' : `${kind}:${name}`)),
  );
}

function conditionsOf(condition: unknown): Map<string, string[]> {
  const found = new Map<string, string[]>();
  for (const operator of Object.values(recordOf(condition)))
    for (const [key, value] of Object.entries(recordOf(operator)))
      found.set(key.toLowerCase(), [...(found.get(key.toLowerCase()) ?? []), ...oneOrMany(value)]);
  return found;
}

/**
 * Condition keys that limit who may call. A wildcard principal together with one of them does not mean the whole world.
 */
const CALLER_KEYS = [
  'aws:sourceaccount',
  'aws:sourcearn',
  'aws:sourceowner',
  'aws:sourceorgid',
  'aws:sourceorgpaths',
  'aws:sourcevpc',
  'aws:sourcevpce',
  'aws:principalaccount',
  'aws:principalarn',
  'aws:principalorgid',
  'aws:principalorgpaths',
  'aws:userid',
  'kms:calleraccount',
  'kms:viaservice',
  's3:dataaccesspointaccount',
  'elasticfilesystem:accessedviamounttarget',
] as const;

/** Returns whether a condition of the statement limits who may call. */
export function restrictsCallers({ conditions }: Statement): boolean {
  if (CALLER_KEYS.some((key) => (conditions.get(key) ?? []).some((value) => !/^[*?]*$/.test(value)))) return true;
  const addresses = conditions.get('aws:sourceip') ?? [];
  return addresses.length > 0 && !addresses.some((address) => address.endsWith('/0'));
}

/**
 * Returns whether the statement allows anybody: a wildcard principal (or all principals but some) that no condition
 * limits.
 */
export const allowsAnybody = (statement: Statement): boolean =>
  statement.effect === 'Allow' &&
  (statement.principals.includes('*') || statement.hasNotPrincipal) &&
  !restrictsCallers(statement);
