import type { ConditionContext } from './iam/condition.ts';
import { type Decision, evaluateAccess } from './iam/evaluate.ts';
import type { PolicyRegistry } from './iam/policy-registry.ts';
import { AwsError, type Caller, type RequiredPermission } from './wire.ts';

export interface Authorization {
  authorize(caller: Caller, permission: RequiredPermission, region: string): void;
  authorizeAssumeRole(caller: Caller, roleArn: string, context: RequiredPermission['context'], region: string): void;
}

/** Judges calls by the policies of the registry. Every refusal is an AwsError with AWS's wording. */
export function createAuthorization(registry: PolicyRegistry): Authorization {
  const identityStatements = (caller: Caller) =>
    caller.kind === 'role' ? registry.identityStatements(caller.roleArn) : [];
  const contextOf = (caller: Caller, own: RequiredPermission['context'], region: string): ConditionContext => {
    const tags = caller.kind === 'role' ? registry.roleTags(caller.roleArn) : {};
    return conditionContext({ caller, tags, own, region });
  };

  return {
    authorize(caller, permission, region) {
      if (permission.resources.length === 0) {
        throw new Error(`authorising ${permission.action}: the permission names no resource`);
      }
      // The person who runs the local cloud is the administrator of every account in it.
      if (caller.kind === 'operator') return;
      const context = contextOf(caller, permission.context, region);
      for (const resource of permission.resources) {
        const decision = evaluateAccess({
          caller,
          action: permission.action,
          resource,
          context,
          resourceAccountId: permission.resourceAccountId,
          identityStatements: identityStatements(caller),
          resourceStatements: registry.resourceStatements(resource),
          resourcePolicyRequired: /^arn:aws:kms:[^:]*:\d{12}:key\//.test(resource),
        });
        require(decision, caller, permission.action, resource);
      }
    },
    authorizeAssumeRole(caller, roleArn, context, region) {
      const action = 'sts:AssumeRole';
      const trust = registry.trustStatements(roleArn);
      const decision: Decision = trust
        ? evaluateAccess({
            caller,
            action,
            resource: roleArn,
            context: contextOf(caller, context, region),
            identityStatements: identityStatements(caller),
            resourceStatements: trust,
            resourcePolicyRequired: true,
          })
        : // AWS gives the same answer for a missing role and for a role that refuses the caller.
          { allowed: false, reason: `because no resource-based policy allows the ${action} action` };
      require(decision, caller, action, roleArn);
    },
  };
}

function require(decision: Decision, caller: Caller, action: string, resource: string): void {
  if (decision.allowed) return;
  throw new AwsError(
    'AccessDeniedException',
    `User: ${describeCaller(caller)} is not authorized to perform: ${action} on resource: ${resource} ${decision.reason}`,
  );
}

/** Returns the name under which calls of the caller are recorded. */
export function describeCaller(caller: Caller): string {
  return caller.kind === 'service' ? caller.principal : caller.arn;
}

interface ConditionContextProps {
  readonly caller: Caller;
  readonly tags: Readonly<Record<string, string>>;
  readonly own: RequiredPermission['context'];
  readonly region: string;
}

function conditionContext({ caller, tags, own, region }: ConditionContextProps): ConditionContext {
  const context = new Map<string, readonly string[]>([
    ['aws:principalisawsservice', [String(caller.kind === 'service')]],
    ['aws:requestedregion', [region]],
    // The door plays the TLS endpoint of the service; locally, all traffic stays on the loopback interface.
    ['aws:securetransport', ['true']],
    ['aws:viaawsservice', ['false']],
  ]);
  if (caller.kind === 'service') {
    context.set('aws:principalservicename', [caller.principal]);
    context.set('aws:sourcearn', [caller.sourceArn]);
    context.set('aws:sourceaccount', [caller.accountId]);
    context.set('aws:sourceowner', [caller.accountId]);
  } else {
    context.set('aws:principalarn', [caller.kind === 'role' ? caller.roleArn : caller.arn]);
    context.set('aws:principalaccount', [caller.accountId]);
    for (const [key, value] of Object.entries(tags)) context.set(`aws:principaltag/${key.toLowerCase()}`, [value]);
    context.set('aws:principaltype', [caller.kind === 'role' ? 'AssumedRole' : 'User']);
  }
  for (const [key, value] of Object.entries(own ?? {})) {
    context.set(key.toLowerCase(), typeof value === 'string' ? [value] : value);
  }
  return context;
}
