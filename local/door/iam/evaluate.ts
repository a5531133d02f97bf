import type { Caller } from '../wire.ts';
import { type ConditionContext, holds } from './condition.ts';
import type { PolicyPrincipal, Statement } from './policy-document.ts';
import { fillVariables } from './policy-variables.ts';
import { arnParts, matchesArn, matchesWildcard } from './wildcard.ts';

/** One question to IAM: may `caller` perform `action` on `resource`? */
export interface AccessRequest {
  readonly caller: Caller;
  readonly action: string;
  readonly resource: string;
  readonly context: ConditionContext;
  /** Account that owns the resource; by default the account in its ARN, or else the caller's. */
  readonly resourceAccountId?: string;
  /** Statements of the policies attached to the caller's role. */
  readonly identityStatements: readonly Statement[];
  /** Statements of the policy attached to the resource; undefined when it has no policy. */
  readonly resourceStatements: readonly Statement[] | undefined;
  /**
   * True where the resource's own policy must agree (KMS keys, roles to assume): an identity policy alone is not
   * enough, unless the resource's policy leaves the decision to the account.
   */
  readonly resourcePolicyRequired: boolean;
}

/** IAM's answer; `reason` has AWS's wording. */
export type Decision = { readonly allowed: true } | { readonly allowed: false; readonly reason: string };

type PolicyType = 'identity' | 'resource';

const ALLOWED: Decision = { allowed: true };
const explicitDeny = (type: PolicyType): Decision => ({
  allowed: false,
  reason: `with an explicit deny in ${type === 'identity' ? 'an' : 'a'} ${type}-based policy`,
});
const noAllow = (type: PolicyType, action: string): Decision => ({
  allowed: false,
  reason: `because no ${type}-based policy allows the ${action} action`,
});

/**
 * Decides as IAM does: an explicit deny wins; otherwise identity and resource policies are combined, depending on the
 * accounts.
 */
export function evaluateAccess(request: AccessRequest): Decision {
  const { caller, action } = request;
  const identity = request.identityStatements.filter((statement) => applies(statement, request));
  const resource = (request.resourceStatements ?? []).filter((statement) => applies(statement, request));
  const named = resource.map((statement) => ({
    statement,
    match: matchPrincipals(statement.principals ?? [], caller),
  }));

  if (identity.some(({ effect }) => effect === 'Deny')) return explicitDeny('identity');
  if (named.some(({ statement, match }) => statement.effect === 'Deny' && match)) return explicitDeny('resource');

  const resourceGrants = named.filter(({ statement }) => statement.effect === 'Allow').map(({ match }) => match);
  const grantedToCaller = resourceGrants.includes('caller');
  const delegated = resourceGrants.includes('account');
  if (caller.kind === 'service') return grantedToCaller ? ALLOWED : noAllow('resource', action);

  const identityAllows = caller.kind === 'operator' || identity.some(({ effect }) => effect === 'Allow');
  const owner = request.resourceAccountId || arnParts(request.resource)?.[4] || caller.accountId;
  if (owner !== caller.accountId) {
    if (!grantedToCaller && !delegated) return noAllow('resource', action);
    return identityAllows ? ALLOWED : noAllow('identity', action);
  }
  if (grantedToCaller) return ALLOWED;
  if (request.resourcePolicyRequired && !delegated) return noAllow('resource', action);
  return identityAllows ? ALLOWED : noAllow('identity', action);
}

function applies(statement: Statement, { action, resource, context }: AccessRequest): boolean {
  const name = action.toLowerCase();
  const actionMatches = statement.actions.patterns.some((pattern) => matchesWildcard(pattern, name));
  if (actionMatches === statement.actions.negated) return false;
  if (statement.resources) {
    const resourceMatches = statement.resources.patterns.some((pattern) => {
      const filled = fillVariables(pattern, context);
      return filled !== undefined && matchesArn(filled, resource);
    });
    if (resourceMatches === statement.resources.negated) return false;
  }
  return statement.conditions.every((condition) => holds(condition, context));
}

/**
 * Returns whether the principals include the caller itself, or only its account. With only the account, the identity
 * policies decide.
 */
function matchPrincipals(principals: readonly PolicyPrincipal[], caller: Caller): 'caller' | 'account' | undefined {
  let account = false;
  for (const principal of principals) {
    if (principal.kind === 'anyone') return 'caller';
    if (principal.kind === 'service') {
      if (caller.kind === 'service' && caller.principal === principal.value) return 'caller';
      continue;
    }
    if (caller.kind === 'service') continue;
    if (principal.value === caller.arn || (caller.kind === 'role' && principal.value === caller.roleArn))
      return 'caller';
    if (principal.value === `arn:aws:iam::${caller.accountId}:root`) account = true;
  }
  return account ? 'account' : undefined;
}
