import { awsManagedPolicy, isAwsManagedPolicy } from './aws-managed-policies.ts';
import { parsePolicy, type Statement } from './policy-document.ts';

interface Role {
  readonly trust: readonly Statement[];
  readonly tags: Readonly<Record<string, string>>;
}

/** What roles are allowed. It stays when the role itself is made again with another trust. */
interface Grants {
  readonly inline: Map<string, readonly Statement[]>;
  readonly managedPolicyArns: Set<string>;
}

/** Every role, policy and resource policy, in all accounts of the local cloud. */
export interface PolicyRegistry {
  putRole(roleArn: string, trustPolicy: unknown, tags?: Readonly<Record<string, string>>): void;
  deleteRole(roleArn: string): void;
  putRolePolicy(roleArn: string, policyName: string, document: unknown): void;
  deleteRolePolicy(roleArn: string, policyName: string): void;
  attachRolePolicy(roleArn: string, policyArn: string): void;
  detachRolePolicy(roleArn: string, policyArn: string): void;
  putManagedPolicy(policyArn: string, document: unknown): void;
  deleteManagedPolicy(policyArn: string): void;
  setResourcePolicy(resourceArn: string, document: unknown): void;
  hasRole(roleArn: string): boolean;
  roleTags(roleArn: string): Readonly<Record<string, string>>;
  identityStatements(roleArn: string): readonly Statement[];
  trustStatements(roleArn: string): readonly Statement[] | undefined;
  resourceStatements(resourceArn: string): readonly Statement[] | undefined;
}

export function createPolicyRegistry(): PolicyRegistry {
  const roles = new Map<string, Role>();
  const grants = new Map<string, Grants>();
  const managedPolicies = new Map<string, readonly Statement[]>();
  const resourcePolicies = new Map<string, readonly Statement[]>();

  const grantsOf = (roleArn: string): Grants => {
    if (!roles.has(roleArn)) throw new Error(`role ${roleArn} does not exist`);
    const known = grants.get(roleArn) ?? { inline: new Map(), managedPolicyArns: new Set() };
    grants.set(roleArn, known);
    return known;
  };
  const managedStatements = (policyArn: string): readonly Statement[] => {
    const statements = managedPolicies.get(policyArn);
    if (!statements) throw new Error(`managed policy ${policyArn} does not exist`);
    return statements;
  };

  return {
    putRole(roleArn, trustPolicy, tags = {}) {
      roles.set(roleArn, { trust: parsePolicy(trustPolicy, 'trust', `trust of ${roleArn}`), tags });
    },
    deleteRole: (roleArn) => void roles.delete(roleArn),
    putRolePolicy(roleArn, policyName, document) {
      grantsOf(roleArn).inline.set(policyName, parsePolicy(document, 'identity', policyName));
    },
    deleteRolePolicy: (roleArn, policyName) => void grants.get(roleArn)?.inline.delete(policyName),
    attachRolePolicy(roleArn, policyArn) {
      if (isAwsManagedPolicy(policyArn) && !managedPolicies.has(policyArn)) {
        managedPolicies.set(policyArn, parsePolicy(awsManagedPolicy(policyArn), 'identity', policyArn));
      }
      managedStatements(policyArn);
      grantsOf(roleArn).managedPolicyArns.add(policyArn);
    },
    detachRolePolicy: (roleArn, policyArn) => void grants.get(roleArn)?.managedPolicyArns.delete(policyArn),
    putManagedPolicy(policyArn, document) {
      managedPolicies.set(policyArn, parsePolicy(document, 'identity', policyArn));
    },
    deleteManagedPolicy: (policyArn) => void managedPolicies.delete(policyArn),
    setResourcePolicy(resourceArn, document) {
      if (document === undefined) resourcePolicies.delete(resourceArn);
      else resourcePolicies.set(resourceArn, parsePolicy(document, 'resource', `policy of ${resourceArn}`));
    },
    hasRole: (roleArn) => roles.has(roleArn),
    roleTags: (roleArn) => roles.get(roleArn)?.tags ?? {},
    identityStatements(roleArn) {
      if (!roles.has(roleArn)) return [];
      const { inline, managedPolicyArns } = grantsOf(roleArn);
      return [...inline.values(), ...[...managedPolicyArns].map(managedStatements)].flat();
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
