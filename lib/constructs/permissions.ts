import { Stack, Validations } from 'aws-cdk-lib';
import { Effect, type IPrincipal, PolicyDocument, PolicyStatement, Role } from 'aws-cdk-lib/aws-iam';
import type { Construct } from 'constructs';

/** Something a role may do, spelled out: no action wildcards, and a resource wildcard only with its reason. */
export interface Permission {
  readonly actions: readonly string[];
  readonly resources: readonly string[];
  /** Why a `*` in these resources cannot be narrower; a wildcard without a reason does not synthesize. */
  readonly wildcardReason?: string;
  /** A refusal instead, which takes what it names out of everything that is allowed. */
  readonly isDenied?: boolean;
  /** Only under these conditions, as IAM writes them. */
  readonly conditions?: Readonly<Record<string, Readonly<Record<string, string | readonly string[]>>>>;
}

export interface LeastPrivilegeRoleProps {
  readonly roleName?: string;
  readonly description: string;
  readonly assumedBy: IPrincipal;
  readonly permissions: readonly Permission[];
}

/**
 * A role with exactly the permissions listed and no way for other constructs to add more: CDK's own grants to it are
 * dropped, so that reading the list is reading the policy.
 */
export class LeastPrivilegeRole extends Role {
  constructor(scope: Construct, id: string, { permissions, ...props }: LeastPrivilegeRoleProps) {
    const statements = permissions.map(statementOf);
    super(scope, id, { ...props, inlinePolicies: { Permissions: new PolicyDocument({ statements, minimize: true }) } });
    for (const permission of permissions) acknowledgeWildcards(this, permission);
  }
}

function statementOf({ actions, resources, isDenied = false, conditions }: Permission): PolicyStatement {
  const effect = isDenied ? Effect.DENY : Effect.ALLOW;
  return new PolicyStatement({ effect, actions: [...actions], resources: [...resources], conditions });
}

/** Tells cdk-nag the reason of each resource wildcard. */
export function acknowledgeWildcards(construct: Construct, { actions, resources, wildcardReason }: Permission): void {
  for (const resource of resources) {
    const text = flatten(Stack.of(construct).resolve(resource));
    if (!text.includes('*')) continue;
    if (!wildcardReason) throw new Error(`granting ${actions.join(', ')} on ${text}: a wildcard needs its reason`);
    acknowledge(construct, `AwsSolutions-IAM5[Resource::${text}]`, wildcardReason);
  }
}

/** Accepts one finding of cdk-nag on a construct and what is below it. */
export function acknowledge(construct: Construct, id: string, reason: string): void {
  Validations.of(construct).acknowledge({ id, reason });
}

/** Intrinsic functions as cdk-nag writes them in its finding ids: `<LogicalId.Arn>`, `<AWS::Region>`. */
function flatten(value: unknown): string {
  if (typeof value === 'string') return value.replace(/\$\{/g, '<').replace(/\}/g, '>');
  if (value && typeof value === 'object') {
    if ('Ref' in value) return `<${value.Ref}>`;
    if ('Fn::GetAtt' in value && Array.isArray(value['Fn::GetAtt'])) return `<${value['Fn::GetAtt'].join('.')}>`;
    if ('Fn::Sub' in value) return flatten(value['Fn::Sub']);
    if ('Fn::Join' in value && Array.isArray(value['Fn::Join'])) {
      const [delimiter, parts] = value['Fn::Join'];
      return parts.map(flatten).join(delimiter);
    }
  }
  return JSON.stringify(value);
}
