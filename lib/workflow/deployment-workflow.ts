import { DefinitionBody, LogLevel, QueryLanguage, StateMachine } from 'aws-cdk-lib/aws-stepfunctions';
import { Construct } from 'constructs';
import { workflowName } from '../../lambdas/domain/contract/installation.ts';
import type { Encryption } from '../constructs/encryption.ts';
import { acknowledge } from '../constructs/permissions.ts';
import { States, type StatesProps } from './states.ts';
import { wire } from './wiring.ts';

export interface DeploymentWorkflowProps extends StatesProps {
  readonly installation: string;
  readonly encryption: Encryption;
}

/**
 * The workflow of one deployment, from the plan to the release of the environment. The execution is named after the
 * deployment. Its state data has ids only; all other facts are read from the table. Its states are in `state-table.ts`
 * and `states.ts`, and their order is in `wiring.ts`.
 */
export class DeploymentWorkflow extends Construct {
  readonly machine: StateMachine;

  constructor(scope: Construct, id: string, { installation, encryption, ...props }: DeploymentWorkflowProps) {
    super(scope, id);
    const name = workflowName(installation);
    this.machine = new StateMachine(this, 'Machine', {
      stateMachineName: name,
      comment: 'One deployment: plan, gates, apply, record, release',
      definitionBody: DefinitionBody.fromChainable(wire(new States(this, props))),
      queryLanguage: QueryLanguage.JSONATA,
      tracingEnabled: true,
      logs: {
        destination: encryption.logGroup(this, 'Logs', `/aws/vendedlogs/states/${name}`),
        level: LogLevel.ALL,
        // With data, the logs would contain task tokens and tickets.
        includeExecutionData: false,
      },
    });
    acknowledge(
      this.machine,
      'AwsSolutions-IAM5[Resource::*]',
      'log delivery and X-Ray, the only statements on *, have no resource-level permissions',
    );
  }
}
