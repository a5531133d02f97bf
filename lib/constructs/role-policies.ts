import { Effect, ManagedPolicy, PolicyStatement } from 'aws-cdk-lib/aws-iam';
import { Construct } from 'constructs';
import { ROUTES } from '../../lambdas/api/routes.ts';
import { nameIn } from '../../lambdas/domain/contract/installation.ts';
import type { DeploymentWorkflowReference } from '../workflow/deployment-workflow-reference.ts';
import { acknowledgeWildcards, type Permission } from './permissions.ts';
import type { RestApi } from './rest-api.ts';

/** The roles of people who use the API. Each role includes those before it. */
const ROLES = ['viewer', 'developer', 'staff', 'admin'] as const;

export interface RolePoliciesProps {
  readonly installation: string;
  readonly api: RestApi;
  readonly workflow: DeploymentWorkflowReference;
}

/**
 * One managed policy per role for the paths of the API. It works however people get roles in this account. Staff and
 * admins also see executions in the Step Functions console. Their policy forbids them to move an execution past its
 * gates there, even when another policy allows it.
 */
export class RolePolicies extends Construct {
  constructor(scope: Construct, id: string, { installation, api, workflow }: RolePoliciesProps) {
    super(scope, id);
    for (const [rank, role] of ROLES.entries()) {
      const included: readonly string[] = ROLES.slice(0, rank + 1);
      const requests: Permission = {
        actions: ['execute-api:Invoke'],
        resources: Object.entries(ROUTES)
          .filter((entry) => included.includes(entry[1].role))
          .map(([key]) => api.requestsOf(key)),
        wildcardReason: 'path parameters: applications, environments and deployments exist only at run time',
      };
      const allowed = included.includes('staff') ? [requests, ...workflow.watching()] : [requests];
      const policy = new ManagedPolicy(this, role, {
        managedPolicyName: nameIn(installation, role),
        // CloudFormation cannot change the description of a policy that has a name: this text stays as it is.
        description: `Stagegate: what a ${role} may ask of the API`,
        statements: [
          ...allowed.map(
            ({ actions, resources }) => new PolicyStatement({ actions: [...actions], resources: [...resources] }),
          ),
          ...(included.includes('staff') ? [handsOffExecutions()] : []),
        ],
      });
      for (const permission of allowed) acknowledgeWildcards(policy, permission);
    }
  }
}

/** Denies changes of executions. A redrive would apply a plan twice; a completed task would skip the wait at a gate. */
function handsOffExecutions(): PolicyStatement {
  return new PolicyStatement({
    effect: Effect.DENY,
    actions: [
      'states:RedriveExecution',
      'states:SendTaskFailure',
      'states:SendTaskHeartbeat',
      'states:SendTaskSuccess',
    ],
    resources: ['*'],
  });
}
