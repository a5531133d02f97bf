import { matchesArn, matchesWildcard } from './wildcard.ts';

/** Values of the condition keys of one request; the keys are lower-case. */
export type ConditionContext = ReadonlyMap<string, readonly string[]>;

/** One line of a `Condition` block: an operator, a key, and the values; one matching value is enough. */
export interface Condition {
  readonly operator: string;
  readonly key: string;
  readonly values: readonly string[];
}

type Matcher = (wanted: string, actual: string) => boolean;

const numerically =
  (compare: (actual: number, wanted: number) => boolean): Matcher =>
  (wanted, actual) =>
    compare(Number(actual), Number(wanted));

const ignoringCase: Matcher = (wanted, actual) => wanted.toLowerCase() === actual.toLowerCase();

const POSITIVE_OPERATORS: Readonly<Record<string, Matcher>> = {
  StringEquals: (wanted, actual) => wanted === actual,
  StringEqualsIgnoreCase: ignoringCase,
  StringLike: matchesWildcard,
  ArnEquals: matchesArn,
  ArnLike: matchesArn,
  Bool: ignoringCase,
  NumericEquals: numerically((actual, wanted) => actual === wanted),
  NumericLessThan: numerically((actual, wanted) => actual < wanted),
  NumericLessThanEquals: numerically((actual, wanted) => actual <= wanted),
  NumericGreaterThan: numerically((actual, wanted) => actual > wanted),
  NumericGreaterThanEquals: numerically((actual, wanted) => actual >= wanted),
};

/** Operators that hold when no value matches, and also when the request does not have the key. */
const NEGATED_OPERATORS: Readonly<Record<string, string>> = {
  StringNotEquals: 'StringEquals',
  StringNotEqualsIgnoreCase: 'StringEqualsIgnoreCase',
  StringNotLike: 'StringLike',
  ArnNotEquals: 'ArnEquals',
  ArnNotLike: 'ArnLike',
  NumericNotEquals: 'NumericEquals',
};

/** Condition keys that every request has or may have, whatever the service. */
const GLOBAL_KEYS = [
  'aws:PrincipalArn',
  'aws:PrincipalAccount',
  'aws:PrincipalType',
  'aws:PrincipalIsAWSService',
  'aws:PrincipalServiceName',
  'aws:RequestedRegion',
  'aws:SecureTransport',
  'aws:SourceAccount',
  'aws:SourceArn',
  'aws:SourceOwner',
  'aws:TagKeys',
  'aws:ViaAWSService',
];

/** Condition keys that the local services add to the context of calls that have a value for them. */
const SERVICE_KEYS = [
  'acm:DomainNames',
  'acm:ValidationMethod',
  'dynamodb:EnclosingOperation',
  'dynamodb:LeadingKeys',
  'events:detail-type',
  'events:source',
  'iam:PassedToService',
  'kms:CallerAccount',
  'kms:MacAlgorithm',
  'kms:RequestAlias',
  'kms:ViaService',
  'route53:ChangeResourceRecordSetsActions',
  'route53:ChangeResourceRecordSetsNormalizedRecordNames',
  'route53:ChangeResourceRecordSetsRecordTypes',
  's3:delimiter',
  's3:if-match',
  's3:if-none-match',
  's3:max-keys',
  's3:prefix',
  's3:VersionId',
  's3:x-amz-server-side-encryption',
  's3:x-amz-server-side-encryption-aws-kms-key-id',
  'sns:Endpoint',
  'sns:Protocol',
  'sts:ExternalId',
  'sts:RoleSessionName',
];

const KNOWN_KEYS = new Set([...GLOBAL_KEYS, ...SERVICE_KEYS].map((key) => key.toLowerCase()));

/** Families of keys whose last part is chosen by the caller or by the author of the role. */
const KNOWN_KEY_FAMILIES = ['aws:principaltag/', 'aws:requesttag/', 'aws:resourcetag/', 'kms:encryptioncontext:'];

interface Operator {
  readonly matches: Matcher;
  readonly negated: boolean;
  readonly ifExists: boolean;
  readonly quantifier: 'ForAllValues' | 'ForAnyValue' | undefined;
}

function parseOperator(name: string): Operator | 'Null' {
  if (name === 'Null') return 'Null';
  const [, quantifier, operator = '', ifExists] =
    /^(?:(ForAllValues|ForAnyValue):)?(\w+?)(IfExists)?$/.exec(name) ?? [];
  const matches = POSITIVE_OPERATORS[NEGATED_OPERATORS[operator] ?? operator];
  if (!matches) throw new Error(`condition operator ${name} is not supported by the local cloud`);
  return {
    matches,
    negated: operator in NEGATED_OPERATORS,
    ifExists: ifExists !== undefined,
    quantifier: quantifier === 'ForAllValues' || quantifier === 'ForAnyValue' ? quantifier : undefined,
  };
}

/** Throws an error that names the operator, key or variable that the local cloud cannot evaluate as AWS does. */
export function requireSupportedCondition({ operator, key, values }: Condition): void {
  parseOperator(operator);
  requireKnownKey(key);
  const variable = values.find((value) => value.includes('${'));
  if (variable !== undefined) throw new Error(`policy variable in "${variable}" is not supported by the local cloud`);
}

/** Throws an error that names the condition key when no call of the local cloud has it. */
export function requireKnownKey(key: string): void {
  const name = key.toLowerCase();
  if (!KNOWN_KEYS.has(name) && !KNOWN_KEY_FAMILIES.some((family) => name.startsWith(family))) {
    throw new Error(`condition key ${key} is not known to the local cloud`);
  }
}

/** Returns whether one condition line holds for the request. */
export function holds(condition: Condition, context: ConditionContext): boolean {
  const actual = context.get(condition.key.toLowerCase());
  const operator = parseOperator(condition.operator);
  if (operator === 'Null') {
    return condition.values.some((value) => (value.toLowerCase() === 'true') === (actual === undefined));
  }
  if (actual === undefined || actual.length === 0) {
    if (operator.ifExists || operator.quantifier === 'ForAllValues') return true;
    return operator.negated && operator.quantifier === undefined;
  }
  const satisfies = (value: string): boolean =>
    condition.values.some((wanted) => operator.matches(wanted, value)) !== operator.negated;
  if (operator.quantifier === 'ForAllValues') return actual.every(satisfies);
  if (operator.quantifier === 'ForAnyValue') return actual.some(satisfies);
  return operator.negated ? actual.every(satisfies) : actual.some(satisfies);
}
