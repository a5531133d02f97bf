import { ArnFormat, Stack } from 'aws-cdk-lib';
import type { Construct } from 'constructs';
import { workflowName } from '../../lambdas/domain/contract/installation.ts';
import type { Binding } from '../constructs/binding.ts';
import type { Permission } from '../constructs/permissions.ts';

/**
 * The workflow's ARN for functions that start and resume it. The ARN is made from the fixed name and not taken from the
 * construct: the machine refers to its functions, so functions that refer to the machine would close a cycle.
 */
export class DeploymentWorkflowReference {
  readonly arn: string;
  private readonly executionArns: string;

  constructor(scope: Construct, installation: string) {
    const name = workflowName(installation);
    const format = (resource: string, resourceName: string) =>
      Stack.of(scope).formatArn({
        service: 'states',
        resource,
        resourceName,
        arnFormat: ArnFormat.COLON_RESOURCE_NAME,
      });
    this.arn = format('stateMachine', name);
    this.executionArns = format('execution', `${name}:*`);
  }

  /** Lets people find executions in the console and see what happened in them. */
  watching(): Permission[] {
    return [{ actions: ['states:ListExecutions'], resources: [this.arn] }, this.inspecting()];
  }

  /** Lets a role read executions whose names are known. */
  private inspecting(): Permission {
    return {
      actions: ['states:DescribeExecution', 'states:GetExecutionHistory'],
      resources: [this.executionArns],
      wildcardReason: 'an execution is named after its deployment, which exists only at run time',
    };
  }

  /** Lets a function start executions, resume executions that wait for an approval, or read them. */
  allow(...purposes: readonly ('start' | 'resume' | 'inspect')[]): Binding {
    const permissions = {
      start: [{ actions: ['states:StartExecution'], resources: [this.arn] }],
      resume: [{ actions: ['states:SendTaskSuccess'], resources: [this.arn] }],
      inspect: [this.inspecting()],
    };
    return { value: this.arn, permissions: purposes.flatMap((purpose) => permissions[purpose]) };
  }
}
