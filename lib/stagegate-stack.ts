import { CfnOutput, Stack, type StackProps } from 'aws-cdk-lib';
import type { Construct } from 'constructs';
import { DNS_FUNCTIONS, STATE_READERS } from '../lambdas/functions.ts';
import type { Config } from './config.ts';
import { Alarms } from './constructs/alarms.ts';
import { DataStore } from './constructs/data-store.ts';
import { Encryption } from './constructs/encryption.ts';
import { EventBus } from './constructs/event-bus.ts';
import { EventRouting } from './constructs/event-routing.ts';
import { Functions } from './constructs/functions.ts';
import { Notifications } from './constructs/notifications.ts';
import { RestApi } from './constructs/rest-api.ts';
import { RolePolicies } from './constructs/role-policies.ts';
import { TerraformRunner } from './constructs/terraform-runner.ts';
import { WakeUps } from './constructs/wake-ups.ts';
import { DeploymentWorkflow } from './workflow/deployment-workflow.ts';
import { DeploymentWorkflowReference } from './workflow/deployment-workflow-reference.ts';

/** Files that the stack is built from. They must exist before it is synthesized. */
export interface Bundles {
  /** Directory with `<name>/index.mjs` for each function. */
  readonly functionsDirectory: string;
  /** Directory with the buildspecs and the programs they start. */
  readonly buildspecsDirectory: string;
}

export interface StagegateStackProps extends StackProps {
  readonly config: Config;
  readonly bundles: Bundles;
}

/** The control plane: everything that Stagegate needs in its own account. */
export class StagegateStack extends Stack {
  constructor(scope: Construct, id: string, { config, bundles, ...props }: StagegateStackProps) {
    super(scope, id, props);
    // CDK makes each function depend on its role in two ways, and cfn-lint reports the second one as superfluous.
    this.templateOptions.metadata = { 'cfn-lint': { config: { ignore_checks: ['W3005'] } } };

    const { installation } = config;
    const encryption = new Encryption(this, 'Encryption', config);
    const data = new DataStore(this, 'DataStore', { config, encryption });
    const notifications = new Notifications(this, 'Notifications', encryption);
    const events = new EventBus(this, 'Events', installation);
    const api = new RestApi(this, 'RestApi', { config, encryption });
    const runner = new TerraformRunner(this, 'TerraformRunner', { config, data, encryption, api, ...bundles });
    const workflow = new DeploymentWorkflowReference(this, installation);
    const wakeUps = new WakeUps(this, 'WakeUps', installation);
    const functions = new Functions(this, 'Functions', {
      config,
      data,
      encryption,
      events,
      notifications,
      runner,
      wakeUps,
      workflow,
      publicUrl: config.publicUrl ?? api.url,
      ...bundles,
    });
    new DeploymentWorkflow(this, 'DeploymentWorkflow', { installation, functions, runner, encryption });
    api.serve((name) => functions.get(name).function);
    new RolePolicies(this, 'RolePolicies', { installation, api, workflow });
    new EventRouting(this, 'EventRouting', { config, events, functions, workflow });
    new Alarms(this, 'Alarms', { config, encryption, functions, api });

    const outputs = {
      Installation: installation,
      ApiUrl: api.url,
      TopicArn: notifications.topicArn,
      TableName: data.tableName,
      ArtifactBucketName: data.bucket.bucketName,
      BusName: events.bus.eventBusName,
      StateMachineArn: workflow.arn,
      CredentialsRoleArn: functions.get('credentials').roleArn,
      StateReaderRoleArns: STATE_READERS.map((name) => functions.get(name).roleArn).join(','),
      DnsRoleArns: DNS_FUNCTIONS.map((name) => functions.get(name).roleArn).join(','),
    };
    for (const [name, value] of Object.entries(outputs)) new CfnOutput(this, name, { value });
  }
}
