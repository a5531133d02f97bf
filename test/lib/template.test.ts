import { describe, expect, test } from '@jest/globals';
import { flat, stagegate, synthesize } from './synthesized.ts';

/** What the local cloud provides; anything else fails there by name. */
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
      'CheckPlanRoleArn',
      'ControlAccountId',
      'DnsRoleArns',
      'StateMachineArn',
      'TableName',
      'TopicArn',
    ]);
    expect(flat(template.Outputs.StateMachineArn?.Value)).toBe(
      'arn:<AWS::Partition>:states:<AWS::Region>:<AWS::AccountId>:stateMachine:stagegate-deployment',
    );
  });

  test('is the same every time', () => {
    expect(stagegate()).toEqual(template);
  });

  test('is bound to account and region when the configuration names them', () => {
    const bound = JSON.stringify(stagegate({ account: '111111111111', region: 'eu-west-1' }));
    expect(bound).toContain('arn:aws:states:eu-west-1:111111111111:stateMachine:stagegate-deployment');
  });

  test('stands beside the templates for target accounts', () => {
    expect(Object.keys(synthesize()).sort()).toEqual(['Stagegate', 'StagegateStateBucket', 'StagegateTargetAccount']);
  });
});

/** A path of resources that need each other, or nothing. */
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
