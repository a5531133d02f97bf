import { describe, expect, test } from '@jest/globals';
import { RegionInfo } from 'aws-cdk-lib/region-info';
import { roleArnOf } from '../../../lambdas/domain/model/environment.ts';
import { partitionOf } from '../../../lambdas/domain/model/partition.ts';
import { RegionSchema, RoleArnSchema } from '../../../lambdas/domain/names.ts';
import { anEnvironment } from '../../harness/builders.ts';

describe('the partition of a region', () => {
  test.each([
    ['eu-west-1', 'aws'],
    ['us-east-1', 'aws'],
    ['cn-north-1', 'aws-cn'],
    ['us-gov-west-1', 'aws-us-gov'],
    ['us-iso-east-1', 'aws-iso'],
    ['us-isob-east-1', 'aws-iso-b'],
    ['eu-isoe-west-1', 'aws-iso-e'],
    ['us-isof-south-1', 'aws-iso-f'],
    ['eusc-de-east-1', 'aws-eusc'],
  ])('%s belongs to %s', (region, partition) => {
    expect(partitionOf(region)).toBe(partition);
  });

  test.each(RegionInfo.regions.map(({ name, partition = '' }) => [name, partition]))(
    'is for %s what CDK knows, and the region may be configured',
    (region, partition) => {
      expect([partitionOf(region), RegionSchema.parse(region)]).toEqual([partition, region]);
    },
  );
});

test.each(['cn-north-1', 'us-gov-west-1', 'us-isob-east-1', 'eusc-de-east-1'])(
  'the roles that an environment in %s has by convention are of its partition',
  (region) => {
    const arn = roleArnOf('stagegate', anEnvironment({ name: 'dev1', accountId: '111111111111', region }), 'plan');
    expect(arn).toBe(`arn:${partitionOf(region)}:iam::111111111111:role/stagegate-my-app-dev1-plan`);
    expect(RoleArnSchema.parse(arn)).toBe(arn);
  },
);
