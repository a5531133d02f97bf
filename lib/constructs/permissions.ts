import { Stack, Validations } from 'aws-cdk-lib';
import { Effect, type IPrincipal, PolicyDocument, PolicyStatement, Role } from 'aws-cdk-lib/aws-iam';
import type { Construct } from 'constructs';

/** Something a role may do. It has no action wildcards, and resource wildcards only with a reason. */
export interface Permission {
  readonly actions: readonly string[];
  readonly resources: readonly string[];
  /** The reason why a `*` in these resources cannot be narrower. A wildcard without a reason does not synthesize. */
  readonly wildcardReason?: string;
  /** Whether this denies the actions, whatever other permissions allow. */
  readonly isDenied?: boolean;
  /** The conditions under which it applies, as IAM writes them. */
  readonly conditions?: Readonly<Record<string, Readonly<Record<string, string | readonly string[]>>>>;
}

export interface LeastPrivilegeRoleProps {
  readonly roleName?: string;
  readonly description: string;
  readonly assumedBy: IPrincipal;
  readonly permissions: readonly Permission[];
}

/**
 * A role with exactly the listed permissions. Other constructs cannot add more: grants by CDK are dropped, so the list
 * is the whole policy.
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

/** Gives cdk-nag the reason of each resource wildcard. Throws when a wildcard has no reason. */
export function acknowledgeWildcards(construct: Construct, { actions, resources, wildcardReason }: Permission): void {
  for (const resource of resources) {
    const text = flatten(Stack.of(construct).resolve(resource));
    if (!text.includes('*')) continue;
    if (!wildcardReason) throw new Error(`granting ${actions.join(', ')} on ${text}: a wildcard needs its reason`);
    acknowledge(construct, `AwsSolutions-IAM5[Resource::${text}]`, wildcardReason);
  }
}

/** Accepts one finding of cdk-nag on a construct and on the constructs below it. */
export function acknowledge(construct: Construct, id: string, reason: string): void {
  Validations.of(construct).acknowledge({ id, reason });
}

/** Returns intrinsic functions as cdk-nag writes them in its finding ids: `<LogicalId.Arn>`, `<AWS::Region>`. */
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
