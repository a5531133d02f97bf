import * as z from 'zod';
import { NumberProperty, parseProperties, TagsProperty } from '../../assembly/properties.ts';
import type { PolicyRegistry } from '../../door/iam/policy-registry.ts';
import type { LocalContext } from '../local-context.ts';
import type { LocalService } from '../local-service.ts';

const PathProperty = z.literal('/').optional();

const RoleProperties = z.strictObject({
  RoleName: z.string().optional(),
  AssumeRolePolicyDocument: z.unknown(),
  Description: z.string().optional(),
  ManagedPolicyArns: z.array(z.string()).default([]),
  MaxSessionDuration: NumberProperty.optional(),
  Path: PathProperty,
  Policies: z.array(z.strictObject({ PolicyName: z.string(), PolicyDocument: z.unknown() })).default([]),
  Tags: TagsProperty,
});

const PolicyProperties = z.strictObject({
  PolicyName: z.string(),
  PolicyDocument: z.unknown(),
  Roles: z.array(z.string()).min(1),
});

const ManagedPolicyProperties = z.strictObject({
  ManagedPolicyName: z.string().optional(),
  Description: z.string().optional(),
  Path: PathProperty,
  PolicyDocument: z.unknown(),
  Roles: z.array(z.string()).default([]),
});

/**
 * Makes the roles and policies of the template, in the account of `context`. There is no IAM API, because nothing may
 * change them at run time.
 */
export function createIamService(
  { accountId }: Pick<LocalContext, 'accountId'>,
  policies: PolicyRegistry,
): LocalService {
  const roleArn = (roleName: string): string => `arn:aws:iam::${accountId}:role/${roleName}`;
  return {
    provisioners: {
      'AWS::IAM::Role'(resource) {
        const role = parseProperties(resource, RoleProperties);
        const roleName = role.RoleName ?? resource.generatedName;
        const arn = roleArn(roleName);
        const tags = Object.fromEntries((role.Tags ?? []).map(({ Key, Value }) => [Key, Value]));
        policies.putRole(arn, role.AssumeRolePolicyDocument, tags);
        for (const policyArn of role.ManagedPolicyArns) policies.attachRolePolicy(arn, policyArn);
        for (const policy of role.Policies) policies.putRolePolicy(arn, policy.PolicyName, policy.PolicyDocument);
        return {
          ref: roleName,
          attributes: { Arn: arn, RoleId: `AROA${resource.generatedName.slice(-12)}` },
          remove() {
            for (const policyArn of role.ManagedPolicyArns) policies.detachRolePolicy(arn, policyArn);
            for (const policy of role.Policies) policies.deleteRolePolicy(arn, policy.PolicyName);
            policies.deleteRole(arn);
          },
        };
      },
      'AWS::IAM::Policy'(resource) {
        const policy = parseProperties(resource, PolicyProperties);
        for (const role of policy.Roles)
          policies.putRolePolicy(roleArn(role), policy.PolicyName, policy.PolicyDocument);
        return {
          ref: policy.PolicyName,
          attributes: {},
          remove() {
            for (const role of policy.Roles) policies.deleteRolePolicy(roleArn(role), policy.PolicyName);
          },
        };
      },
      'AWS::IAM::ManagedPolicy'(resource) {
        const policy = parseProperties(resource, ManagedPolicyProperties);
        const arn = `arn:aws:iam::${accountId}:policy/${policy.ManagedPolicyName ?? resource.generatedName}`;
        policies.putManagedPolicy(arn, policy.PolicyDocument);
        for (const role of policy.Roles) policies.attachRolePolicy(roleArn(role), arn);
        return {
          ref: arn,
          attributes: { PolicyArn: arn },
          remove() {
            for (const role of policy.Roles) policies.detachRolePolicy(roleArn(role), arn);
            policies.deleteManagedPolicy(arn);
          },
        };
      },
    },
  };
}
