import { describe, expect, test } from '@jest/globals';
import { flat, only, stagegate, synthesize, synthesizeAnew } from '../harness/synthesized.ts';

/** The resource types that the local cloud provides. Any other type fails there with its name. */
const KNOWN_TYPES = [
  'AWS::ApiGatewayV2::Api',
  'AWS::ApiGatewayV2::Integration',
  'AWS::ApiGatewayV2::Route',
  'AWS::ApiGatewayV2::Stage',
  'AWS::CloudWatch::Alarm',
  'AWS::CodeBuild::Project',
  'AWS::DynamoDB::Table',
  'AWS::Events::EventBus',
  'AWS::Events::Rule',
  'AWS::IAM::ManagedPolicy',
  'AWS::IAM::Policy',
  'AWS::IAM::Role',
  'AWS::KMS::Alias',
  'AWS::KMS::Key',
  'AWS::Lambda::Function',
  'AWS::Lambda::Permission',
  'AWS::Logs::LogGroup',
  'AWS::Logs::MetricFilter',
  'AWS::S3::Bucket',
  'AWS::S3::BucketPolicy',
  'AWS::SNS::Topic',
  'AWS::SNS::TopicPolicy',
  'AWS::SQS::Queue',
  'AWS::SQS::QueuePolicy',
  'AWS::Scheduler::ScheduleGroup',
  'AWS::StepFunctions::StateMachine',
];

describe('the template of the control plane', () => {
  const template = stagegate();

  test('has the resource types the local cloud knows, and no custom resource', () => {
    const types = new Set(Object.values(template.Resources).map(({ Type }) => Type));
    expect([...types].sort()).toEqual(KNOWN_TYPES);
  });

  test('asks for no parameters, so that it fits any account as it is', () => {
    expect(template.Parameters).toBeUndefined();
  });

  test('has no cycle', () => {
    expect(findCycle(template.Resources)).toEqual([]);
  });

  test('names what others need as outputs', () => {
    expect(Object.keys(template.Outputs).sort()).toEqual([
      'ApiUrl',
      'ArtifactBucketName',
      'BusName',
      'CredentialsRoleArn',
      'DnsRoleArns',
      'Installation',
      'StateMachineArn',
      'StateReaderRoleArns',
      'TableName',
      'TopicArn',
    ]);
    expect(flat(template.Outputs.StateMachineArn?.Value)).toBe(
      'arn:<AWS::Partition>:states:<AWS::Region>:<AWS::AccountId>:stateMachine:stagegate-deployment',
    );
  });

  test('is the same every time', () => {
    expect(synthesizeAnew().Stagegate).toEqual(template);
  });

  test('is bound to account and region when the configuration names them', () => {
    const bound = JSON.stringify(stagegate({ account: '111111111111', region: 'eu-west-1' }));
    expect(bound).toContain('arn:aws:states:eu-west-1:111111111111:stateMachine:stagegate-deployment');
  });

  test('stands beside the templates for target accounts', () => {
    expect(Object.keys(synthesize()).sort()).toEqual(['Stagegate', 'StagegateStateBucket', 'StagegateTargetAccount']);
  });
});

describe('templates for any partition', () => {
  const bound = (region: string) => synthesize({ account: '111111111111', region });
  /** Returns every text in a value. Lists that CloudFormation joins are joined. */
  const textsIn = (value: unknown): string[] => {
    if (typeof value === 'string') return [value];
    if (!value || typeof value !== 'object') return [];
    if ('Fn::Join' in value && Array.isArray(value['Fn::Join']) && Array.isArray(value['Fn::Join'][1]))
      return [flat(value)];
    return Object.values(value).flatMap(textsIn);
  };
  const unbound = Object.entries(synthesize());

  test.each(unbound)('%s names none', (_, { Resources, Outputs, Parameters }) => {
    const named = textsIn({ Resources, Outputs, Parameters }).filter((text) => /arn:aws[a-z-]*:/.test(text));
    // The patterns that check parameters match all partitions.
    expect(named.filter((text) => !text.startsWith('^arn:aws[a-z-]*:'))).toEqual([]);
  });

  test.each(unbound)(
    '%s says amazonaws.com only where that is the name of a service everywhere',
    (_, { Resources }) => {
      const named = textsIn(Resources).filter((text) => text.includes('amazonaws.com'));
      expect(named.filter((text) => !/^[a-z-]+\.amazonaws\.com$/.test(text))).toEqual([]);
    },
  );

  test.each([
    ['cn-north-1', 'aws-cn'],
    ['us-gov-west-1', 'aws-us-gov'],
  ])('bound to %s they stay in %s', (region, partition) => {
    const texts = textsIn(bound(region)).flatMap((text) => [...text.matchAll(/arn:(aws[a-z-]*):/g)]);
    expect([...new Set(texts.map(([, named]) => named))]).toEqual([partition]);
  });

  test('have no property that CloudFormation of AWS GovCloud (US) or China does not know', () => {
    expect(only(stagegate(), 'AWS::Events::EventBus').Properties).not.toHaveProperty('Description');
  });
});

/** Returns a path of resources that need each other in a circle, or an empty list. */
function findCycle(resources: Record<string, unknown>): string[] {
  const needs = new Map(Object.entries(resources).map(([id, resource]) => [id, referencesOf(resource)]));
  const done = new Set<string>();
  const visit = (id: string, path: string[]): string[] => {
    if (path.includes(id)) return [...path.slice(path.indexOf(id)), id];
    if (done.has(id)) return [];
    for (const needed of needs.get(id) ?? []) {
      const cycle = visit(needed, [...path, id]);
      if (cycle.length > 0) return cycle;
    }
    done.add(id);
    return [];
  };
  for (const id of needs.keys()) {
    const cycle = visit(id, []);
    if (cycle.length > 0) return cycle;
  }
  return [];
}

function referencesOf(value: unknown): string[] {
  if (Array.isArray(value)) return value.flatMap(referencesOf);
  if (!value || typeof value !== 'object') return [];
  return Object.entries(value).flatMap(([key, inner]) => {
    if (key === 'Ref' && typeof inner === 'string') return inner.startsWith('AWS::') ? [] : [inner];
    if (key === 'Fn::GetAtt' && Array.isArray(inner)) return [String(inner[0])];
    if (key === 'DependsOn') return [inner].flat().map(String);
    return referencesOf(inner);
  });
}

describe('findCycle', () => {
  test('finds resources that need each other', () => {
    const resources = {
      A: { Properties: { X: { Ref: 'B' } } },
      B: { DependsOn: ['C'] },
      C: { Properties: { Y: { 'Fn::GetAtt': ['A', 'Arn'] } } },
    };
    expect(findCycle(resources)).toEqual(['A', 'B', 'C', 'A']);
  });
});
