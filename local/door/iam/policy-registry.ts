import { awsManagedPolicy, isAwsManagedPolicy } from './aws-managed-policies.ts';
import { parsePolicy, type Statement } from './policy-document.ts';

interface Role {
  readonly trust: readonly Statement[];
  readonly inline: Map<string, readonly Statement[]>;
  readonly managedPolicyArns: Set<string>;
  readonly tags: Readonly<Record<string, string>>;
}

/** Every role, policy and resource policy, in all accounts of the local cloud. */
export interface PolicyRegistry {
  putRole(roleArn: string, trustPolicy: unknown, tags?: Readonly<Record<string, string>>): void;
  putRolePolicy(roleArn: string, policyName: string, document: unknown): void;
  attachRolePolicy(roleArn: string, policyArn: string): void;
  putManagedPolicy(policyArn: string, document: unknown): void;
  setResourcePolicy(resourceArn: string, document: unknown): void;
  hasRole(roleArn: string): boolean;
  roleTags(roleArn: string): Readonly<Record<string, string>>;
  identityStatements(roleArn: string): readonly Statement[];
  trustStatements(roleArn: string): readonly Statement[] | undefined;
  resourceStatements(resourceArn: string): readonly Statement[] | undefined;
}

export function createPolicyRegistry(): PolicyRegistry {
  const roles = new Map<string, Role>();
  const managedPolicies = new Map<string, readonly Statement[]>();
  const resourcePolicies = new Map<string, readonly Statement[]>();

  const requireRole = (roleArn: string): Role => {
    const role = roles.get(roleArn);
    if (!role) throw new Error(`role ${roleArn} does not exist`);
    return role;
  };
  const managedStatements = (policyArn: string): readonly Statement[] => {
    const statements = managedPolicies.get(policyArn);
    if (!statements) throw new Error(`managed policy ${policyArn} does not exist`);
    return statements;
  };

  return {
    putRole(roleArn, trustPolicy, tags = {}) {
      roles.set(roleArn, {
        trust: parsePolicy(trustPolicy, 'trust', `trust of ${roleArn}`),
        inline: new Map(),
        managedPolicyArns: new Set(),
        tags,
      });
    },
    putRolePolicy(roleArn, policyName, document) {
      requireRole(roleArn).inline.set(policyName, parsePolicy(document, 'identity', policyName));
    },
    attachRolePolicy(roleArn, policyArn) {
      if (isAwsManagedPolicy(policyArn) && !managedPolicies.has(policyArn)) {
        managedPolicies.set(policyArn, parsePolicy(awsManagedPolicy(policyArn), 'identity', policyArn));
      }
      managedStatements(policyArn);
      requireRole(roleArn).managedPolicyArns.add(policyArn);
    },
    putManagedPolicy(policyArn, document) {
      managedPolicies.set(policyArn, parsePolicy(document, 'identity', policyArn));
    },
    setResourcePolicy(resourceArn, document) {
      if (document === undefined) resourcePolicies.delete(resourceArn);
      else resourcePolicies.set(resourceArn, parsePolicy(document, 'resource', `policy of ${resourceArn}`));
    },
    hasRole: (roleArn) => roles.has(roleArn),
    roleTags: (roleArn) => roles.get(roleArn)?.tags ?? {},
    identityStatements(roleArn) {
      const role = roles.get(roleArn);
      if (!role) return [];
      return [...role.inline.values(), ...[...role.managedPolicyArns].map(managedStatements)].flat();
    },
    trustStatements: (roleArn) => roles.get(roleArn)?.trust,
    resourceStatements: (resourceArn) =>
      resourcePolicies.get(resourceArn) ?? resourcePolicies.get(owningResource(resourceArn)),
  };
}

/** Returns the resource whose policy also covers `resourceArn`: the bucket of an object. */
function owningResource(resourceArn: string): string {
  return resourceArn.startsWith('arn:aws:s3:::') ? (resourceArn.split('/')[0] ?? resourceArn) : resourceArn;
}
