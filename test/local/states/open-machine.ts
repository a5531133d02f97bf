import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { SFNClient, StartExecutionCommand } from '@aws-sdk/client-sfn';
import { accountId, region } from '../cloud-names.ts';
import { type OpenCloud, openCloud } from '../open-cloud.ts';

export const INVOKE = 'arn:aws:states:::lambda:invoke';
export const INVOKE_AND_WAIT = 'arn:aws:states:::lambda:invoke.waitForTaskToken';
export const START_BUILD = 'arn:aws:states:::codebuild:startBuild.sync';
export const MACHINE_ARN = `arn:aws:states:${region}:${accountId}:stateMachine:machine`;

const BUILD_RULE = `arn:aws:events:${region}:${accountId}:rule/StepFunctionsGetEventForCodeBuildStartBuildRule`;

export const INVOKE_ALLOWED = { Effect: 'Allow', Action: 'lambda:InvokeFunction', Resource: '*' };
export const RULE_ALLOWED = {
  Effect: 'Allow',
  Action: ['events:PutRule', 'events:PutTargets', 'events:DescribeRule'],
  Resource: BUILD_RULE,
};
export const BUILDS_ALLOWED = {
  Effect: 'Allow',
  Action: ['codebuild:StartBuild', 'codebuild:StopBuild', 'codebuild:BatchGetBuilds'],
  Resource: `arn:aws:codebuild:${region}:${accountId}:project/plan`,
};
const EVERYTHING = [INVOKE_ALLOWED, RULE_ALLOWED, BUILDS_ALLOWED];

/** Creates the state machine `machine` with these states. */
export async function createMachine(
  cloud: OpenCloud,
  states: Record<string, unknown>,
  {
    statements = EVERYTHING,
    ...more
  }: { statements?: readonly object[]; TimeoutSeconds?: number; properties?: object } = {},
): Promise<void> {
  const { properties, ...definition } = more;
  const roleArn = cloud.addRole('machine-role', statements);
  const DefinitionString = JSON.stringify({
    QueryLanguage: 'JSONata',
    StartAt: Object.keys(states)[0],
    States: states,
    ...definition,
  });
  await cloud.provision(cloud.states, 'AWS::StepFunctions::StateMachine', {
    StateMachineName: 'machine',
    RoleArn: roleArn,
    DefinitionString,
    ...properties,
  });
}

/** Starts an execution as the person who runs the local cloud; returns its ARN. */
export async function startExecution(client: SFNClient, name: string, input: unknown = {}): Promise<string> {
  const command = new StartExecutionCommand({ stateMachineArn: MACHINE_ARN, name, input: JSON.stringify(input) });
  return (await client.send(command)).executionArn ?? '';
}

/** Runs `use` with a new cloud and a client of it, and closes both. */
export async function withCloud(use: (cloud: OpenCloud, client: SFNClient) => Promise<void>): Promise<void> {
  const cloud = await openCloud();
  const client = new SFNClient(cloud.operator);
  try {
    await use(cloud, client);
  } finally {
    client.destroy();
    await cloud.close();
  }
}

/** Runs `use` with a directory for `openCloud`, and removes the directory afterwards. */
export async function withDirectory(use: (directory: string) => Promise<void>): Promise<void> {
  const directory = mkdtempSync(join(tmpdir(), 'stagegate-states-'));
  try {
    await use(directory);
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}
