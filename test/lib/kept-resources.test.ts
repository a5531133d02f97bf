import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { stagegate, synthesize } from '../harness/synthesized.ts';
import { keptResources } from './kept-resources.ts';

/**
 * Type, physical name and create-only properties of the resources in installations, by stack and logical id.
 * CloudFormation deletes a resource that loses its id and makes a new one. An entry is added with its resource, and
 * never changed afterwards.
 */
const installed: Record<string, Record<string, string>> = JSON.parse(
  readFileSync(join(import.meta.dirname, '..', 'fixtures', 'kept-resources.json'), 'utf8'),
);

describe('what has a physical name or something in it', () => {
  const templates = Object.entries(synthesize());

  test('is written down for every stack', () => {
    expect(Object.keys(installed).sort()).toEqual(templates.map(([stack]) => stack).sort());
  });

  test.each(templates)('keeps its logical id in %s', (stack, template) => {
    expect(keptResources(template)).toEqual(installed[stack]);
  });

  test('keeps it in an installation that goes with its stack, too', () => {
    expect(keptResources(stagegate({ removalPolicy: 'destroy' }))).toEqual(installed.Stagegate);
  });
});

describe('another logical id is found', () => {
  const { Resources } = stagegate();
  const renamed = (type: string) =>
    Object.fromEntries(Object.entries(Resources).map(([id, each]) => [each.Type === type ? `${id}Renamed` : id, each]));

  test.each([
    'AWS::DynamoDB::Table',
    'AWS::S3::Bucket',
    'AWS::KMS::Key',
    'AWS::SNS::Topic',
    'AWS::SQS::Queue',
    'AWS::Lambda::Function',
    'AWS::StepFunctions::StateMachine',
  ])('on a %s', (type) => {
    expect(keptResources({ Resources: renamed(type) })).not.toEqual(installed.Stagegate);
  });

  test.each([
    ['AWS::IAM::ManagedPolicy', { Description: 'Another description' }],
    ['AWS::DynamoDB::Table', { KeySchema: [{ AttributeName: 'id', KeyType: 'HASH' }] }],
    ['AWS::Lambda::Function', { PackageType: 'Image' }],
  ])('and a property for which CloudFormation would make a new %s', (type, changed) => {
    const changedResources = Object.fromEntries(
      Object.entries(Resources).map(([id, each]) => [
        id,
        each.Type === type ? { ...each, Properties: { ...each.Properties, ...changed } } : each,
      ]),
    );
    expect(keptResources({ Resources: changedResources })).not.toEqual(installed.Stagegate);
  });

  test('and allowed on what has neither a name nor anything in it', () => {
    expect(keptResources({ Resources: renamed('AWS::ApiGatewayV2::Route') })).toEqual(installed.Stagegate);
  });

  test('nobody overlooks a type that is new', () => {
    const Resources = { New: { Type: 'AWS::New::Thing', Properties: {} } };
    expect(() => keptResources({ Resources })).toThrow('does a AWS::New::Thing keep its logical id?');
  });
});
