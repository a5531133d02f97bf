import { ArnFormat, Stack } from 'aws-cdk-lib';
import type { Construct } from 'constructs';
import type { Binding } from '../constructs/binding.ts';
import type { Permission } from '../constructs/permissions.ts';

export const WORKFLOW_NAME = 'stagegate-deployment';

/**
 * The workflow's ARN for those who start and resume it. It is composed of the fixed name and never taken from the
 * construct: the machine refers to its functions, and functions that referred to the machine would close a cycle.
 */
export class DeploymentWorkflowReference {
  readonly arn: string;
  private readonly executionArns: string;

  constructor(scope: Construct) {
    const format = (resource: string, resourceName: string) =>
      Stack.of(scope).formatArn({
        service: 'states',
        resource,
        resourceName,
        arnFormat: ArnFormat.COLON_RESOURCE_NAME,
      });
    this.arn = format('stateMachine', WORKFLOW_NAME);
    this.executionArns = format('execution', `${WORKFLOW_NAME}:*`);
  }

  /** What finding executions and seeing what happened in them needs, as people do in the console. */
  watching(): Permission[] {
    return [{ actions: ['states:ListExecutions'], resources: [this.arn] }, this.inspecting()];
  }

  /** What looking into executions needs whose names are known. */
  private inspecting(): Permission {
    return {
      actions: ['states:DescribeExecution', 'states:GetExecutionHistory'],
      resources: [this.executionArns],
      wildcardReason: 'an execution is named after its deployment, which exists only at run time',
    };
  }

  /** Lets a function start executions, resume those that wait for an approval, or look into them. */
  allow(...purposes: readonly ('start' | 'resume' | 'inspect')[]): Binding {
    const permissions = {
      start: [{ actions: ['states:StartExecution'], resources: [this.arn] }],
      resume: [{ actions: ['states:SendTaskSuccess'], resources: [this.arn] }],
      inspect: [this.inspecting()],
    };
    return { value: this.arn, permissions: purposes.flatMap((purpose) => permissions[purpose]) };
  }
}
