import { describe, expect, test } from '@jest/globals';
import { type Configuration, compareParity, configurationOf } from '../../../lambdas/domain/plan/parity.ts';
import { analyse, planOf, recordedPlan } from './plan-documents.ts';

const resource = (mode: 'managed' | 'data', type: string, name: string, index?: number | string) => {
  const key = index === undefined ? '' : `[${JSON.stringify(index)}]`;
  const address = `${mode === 'data' ? 'data.' : ''}${type}.${name}${key}`;
  return { address, mode, type, name, ...(index !== undefined && { index }), values: {} };
};
type Resource = ReturnType<typeof resource>;
const planWith = (parts: { configured: Resource[]; planned: Resource[]; before?: Resource[] }) =>
  analyse(
    planOf({
      configuration: { root_module: { resources: parts.configured } },
      planned_values: { root_module: { resources: parts.planned } },
      prior_state: { format_version: '1.0', values: { root_module: { resources: parts.before ?? [] } } },
    }),
  );

describe('the resources outside of modules', () => {
  const queue = (index?: number | string) => resource('managed', 'aws_sqs_queue', 'jobs', index);
  const region = resource('data', 'aws_region', 'here');

  test('stand in the environment once, whatever their keys, and sorted', () => {
    const bucket = resource('managed', 'aws_s3_bucket', 'files', 'a.b["c"]');
    const configured = [queue(), resource('managed', 'aws_s3_bucket', 'files')];
    expect(planWith({ configured, planned: [queue(0), queue(1), bucket] }).rootResources).toEqual([
      'aws_s3_bucket.files',
      'aws_sqs_queue.jobs',
    ]);
  });

  test('with no instance after the apply do not stand there', () => {
    expect(planWith({ configured: [queue()], planned: [], before: [queue(0)] }).rootResources).toEqual([]);
  });

  test('that left the configuration do not stand there', () => {
    expect(planWith({ configured: [], planned: [queue()], before: [region] }).rootResources).toEqual([]);
  });

  test('include data sources, read while the plan is made or during the apply', () => {
    const late = resource('data', 'aws_ami', 'newest');
    const parts = { configured: [region, late], planned: [late], before: [region] };
    expect(planWith(parts).rootResources).toEqual(['data.aws_ami.newest', 'data.aws_region.here']);
  });

  test('are not known of a plan that does not say what it leads to', () => {
    const { planned_values: _, ...plan } = planOf({});
    expect(analyse(plan).rootResources).toBeUndefined();
  });

  test('are read from plans of Terraform', () => {
    expect(analyse(recordedPlan('15-terraform-data')).rootResources).toEqual([
      'terraform_data.config',
      'terraform_data.database',
      'terraform_data.gateway',
      'terraform_data.unchanged',
      'terraform_data.worker',
    ]);
    expect(analyse(recordedPlan('14-count-shrinks')).rootResources).toEqual([
      'aws_cloudwatch_log_group.service',
      'aws_sns_topic.jobs',
    ]);
    expect(analyse(recordedPlan('13-sensitive-values')).rootResources).toContain('data.aws_ssm_parameter.license');
    expect(analyse(recordedPlan('01-create-web-app')).rootResources).toEqual([]);
  });
});

describe('what is kept for comparing environments', () => {
  const call = { call: 'module.web', source: './web', version: 'c', arguments: ['size'] };
  const names = (count: number) => Array.from({ length: count }, (_, at) => `aws_sqs_queue.number_${at}`);
  const kept = (facts: Partial<ReturnType<typeof analyse>>) =>
    configurationOf({ ...analyse(planOf({})), modules: [call], variables: ['size'], ...facts });

  test('has the resources outside of modules', () => {
    expect(kept({ rootResources: names(2) })).toEqual({
      modules: [call],
      variables: ['size'],
      rootResources: names(2),
    });
  });

  test('never has a part of a list: arguments that are too many are left out as a whole', () => {
    const wide = { ...call, arguments: names(9000) };
    const { arguments: _, ...short } = call;
    expect(kept({ modules: [wide], rootResources: names(2) })).toEqual({
      modules: [short],
      variables: ['size'],
      rootResources: names(2),
    });
  });

  test('and so are resources', () => {
    const { arguments: _, ...short } = call;
    expect(kept({ rootResources: names(9000) })).toEqual({ modules: [short], variables: ['size'] });
  });

  test('has none of them where the plan did not say', () => {
    const { rootResources: _, ...analysis } = analyse(planOf({}));
    expect(configurationOf(analysis)).not.toHaveProperty('rootResources');
  });
});

describe('parity', () => {
  const alike: Configuration = { modules: [], variables: [], rootResources: ['aws_sqs_queue.jobs'] };
  const { rootResources: _, ...older } = alike;

  test('names the resources that stand in one of the two only', () => {
    const other = { ...alike, rootResources: ['aws_s3_bucket.audit', 'data.aws_region.here'] };
    expect(compareParity(alike, other)).toMatchObject({
      same: false,
      compared: ['modules', 'arguments', 'variables', 'resources'],
      resources: {
        onlyInStage: ['aws_sqs_queue.jobs'],
        onlyInProduction: ['aws_s3_bucket.audit', 'data.aws_region.here'],
      },
    });
  });

  test.each([
    ['staging', older, alike],
    ['production', alike, older],
    ['both', older, older],
  ])('says that resources were not compared where they were not recorded: %s', (_, stage, production) => {
    expect(compareParity(stage, production)).toMatchObject({
      same: true,
      compared: ['modules', 'arguments', 'variables'],
      resources: null,
    });
  });

  test('says that arguments were not compared where one side had too many to keep', () => {
    const call = { call: 'module.web', source: './web', version: 'c' };
    const whole = { ...alike, modules: [{ ...call, arguments: ['size'] }] };
    expect(compareParity(whole, { ...alike, modules: [call] }).compared).toEqual(['modules', 'variables', 'resources']);
    expect(compareParity(whole, { ...alike, modules: [] }).compared).toContain('arguments');
  });
});
