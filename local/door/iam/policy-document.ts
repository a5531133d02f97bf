import * as z from 'zod';
import { type Condition, requireSupportedCondition } from './condition.ts';
import { requireKnownVariables } from './policy-variables.ts';
import { arnParts } from './wildcard.ts';

/** What a policy is attached to, which decides the shape of its statements. */
export type PolicyKind = 'identity' | 'resource' | 'trust';

/** A principal that a statement of a resource or trust policy names. */
export type PolicyPrincipal =
  | { readonly kind: 'anyone' }
  | { readonly kind: 'aws'; readonly value: string }
  | { readonly kind: 'service'; readonly value: string };

export interface Statement {
  /** The policy that contains the statement, for error messages. */
  readonly source: string;
  readonly effect: 'Allow' | 'Deny';
  /** Lower-case patterns; `negated` for NotAction. */
  readonly actions: { readonly patterns: readonly string[]; readonly negated: boolean };
  /** Absent in trust policies. */
  readonly resources: { readonly patterns: readonly string[]; readonly negated: boolean } | undefined;
  /** Absent in identity policies. */
  readonly principals: readonly PolicyPrincipal[] | undefined;
  readonly conditions: readonly Condition[];
}

const ListSchema = z.union([z.string().transform((one) => [one]), z.array(z.string())]);
const ConditionValueSchema = z.union([z.string(), z.boolean(), z.number()]).transform(String);
const ConditionValuesSchema = z.union([ConditionValueSchema.transform((one) => [one]), z.array(ConditionValueSchema)]);

const StatementSchema = z.strictObject({
  Sid: z.string().optional(),
  Effect: z.enum(['Allow', 'Deny']),
  Action: ListSchema.optional(),
  NotAction: ListSchema.optional(),
  Resource: ListSchema.optional(),
  NotResource: ListSchema.optional(),
  Principal: z
    .union([z.literal('*'), z.strictObject({ AWS: ListSchema.optional(), Service: ListSchema.optional() })])
    .optional(),
  Condition: z.record(z.string(), z.record(z.string(), ConditionValuesSchema)).optional(),
});

const PolicyDocumentSchema = z.strictObject({
  Version: z.enum(['2012-10-17', '2008-10-17']).optional(),
  Id: z.string().optional(),
  Statement: z.union([StatementSchema.transform((one) => [one]), z.array(StatementSchema)]),
});

/**
 * Parses a policy into statements. Throws an error that names `source` for everything that the local cloud cannot
 * evaluate exactly as AWS does: an unknown element, operator, condition key, principal kind or policy variable.
 */
export function parsePolicy(document: unknown, kind: PolicyKind, source: string): readonly Statement[] {
  const parsed = PolicyDocumentSchema.safeParse(document);
  if (!parsed.success) throw new Error(`reading policy ${source}: ${z.prettifyError(parsed.error)}`);
  return parsed.data.Statement.map((statement, index) => {
    try {
      return parseStatement(statement, kind, `${source}${statement.Sid ? `#${statement.Sid}` : `#${index}`}`);
    } catch (error) {
      throw new Error(`reading policy ${source}, statement ${statement.Sid ?? index}: ${errorText(error)}`, {
        cause: error,
      });
    }
  });
}

const errorText = (error: unknown): string => (error instanceof Error ? error.message : String(error));

function parseStatement(statement: z.infer<typeof StatementSchema>, kind: PolicyKind, source: string): Statement {
  const actions = oneOf(statement.Action, statement.NotAction, 'Action');
  if (!actions) throw new Error('neither Action nor NotAction is given');
  for (const action of actions.patterns) {
    if (action !== '*' && !/^[a-z0-9-]+:[\w*?]+$/i.test(action)) throw new Error(`"${action}" is not an action`);
  }
  const resources = oneOf(statement.Resource, statement.NotResource, 'Resource');
  if (kind === 'trust' ? resources : !resources) {
    throw new Error(kind === 'trust' ? 'a trust policy has no Resource' : 'neither Resource nor NotResource is given');
  }
  for (const resource of resources?.patterns ?? []) {
    requireKnownVariables(resource);
    if (resource !== '*' && !arnParts(resource))
      throw new Error(`resource "${resource}" is neither "*" nor an ARN of six parts`);
  }
  if ((kind === 'identity') === (statement.Principal !== undefined)) {
    throw new Error(kind === 'identity' ? 'an identity policy names no Principal' : 'Principal is missing');
  }
  const conditions = Object.entries(statement.Condition ?? {}).flatMap(([operator, keys]) =>
    Object.entries(keys).map(([key, values]) => ({ operator, key, values })),
  );
  conditions.forEach(requireSupportedCondition);
  return {
    source,
    effect: statement.Effect,
    actions: { ...actions, patterns: actions.patterns.map((action) => action.toLowerCase()) },
    resources,
    principals: statement.Principal === undefined ? undefined : parsePrincipals(statement.Principal),
    conditions,
  };
}

function oneOf(
  positive: string[] | undefined,
  negative: string[] | undefined,
  name: string,
): { patterns: string[]; negated: boolean } | undefined {
  if (positive && negative) throw new Error(`${name} and Not${name} are both given`);
  if ((positive ?? negative)?.length === 0) throw new Error(`${positive ? name : `Not${name}`} names nothing`);
  if (positive) return { patterns: positive, negated: false };
  return negative ? { patterns: negative, negated: true } : undefined;
}

function parsePrincipals(principal: NonNullable<z.infer<typeof StatementSchema>['Principal']>): PolicyPrincipal[] {
  if (principal === '*') return [{ kind: 'anyone' }];
  return [
    ...(principal.AWS ?? []).map((value): PolicyPrincipal => {
      if (value === '*') return { kind: 'anyone' };
      if (/^\d{12}$/.test(value)) return { kind: 'aws', value: `arn:aws:iam::${value}:root` };
      if (!arnParts(value) || value.includes('*'))
        throw new Error(`principal "${value}" is neither "*", an account nor an ARN`);
      return { kind: 'aws', value };
    }),
    ...(principal.Service ?? []).map((value): PolicyPrincipal => ({ kind: 'service', value })),
  ];
}
