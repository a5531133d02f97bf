import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  CreateTableCommand,
  DescribeTableCommand,
  DynamoDBClient,
  TagResourceCommand,
  UpdateContinuousBackupsCommand,
  UpdateTableCommand,
  UpdateTimeToLiveCommand,
} from '@aws-sdk/client-dynamodb';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import * as z from 'zod';
import { lackingSettings } from '../../scripts/restore/table-settings.ts';
import { assemblyOf, ofType, only, stagegate } from '../harness/synthesized.ts';
import { ACCOUNT, type CoreCloud, openCoreCloud } from '../local/core-cloud.ts';

const ManifestSchema = z.object({
  artifacts: z.object({
    Stagegate: z.object({ properties: z.object({ tags: z.record(z.string(), z.string()) }) }),
  }),
});
const RESTORED = 'restored';
const ARN = `arn:aws:dynamodb:eu-west-1:${ACCOUNT}:table/${RESTORED}`;

/** The table of the template, with its keys. */
function tableOfTheTemplate() {
  const template = stagegate();
  const policy = { Statement: [{ Effect: 'Allow', Principal: { AWS: '*' }, Action: 'kms:*', Resource: '*' }] };
  const keys = ofType(template, 'AWS::KMS::Key').map(([id, key]) => [
    id,
    { ...key, Properties: { KeyPolicy: policy } },
  ]);
  return { ...Object.fromEntries(keys), Table: only(template, 'AWS::DynamoDB::Table') };
}

function tagsOfTheStack() {
  const manifest = ManifestSchema.parse(JSON.parse(readFileSync(join(assemblyOf(), 'manifest.json'), 'utf8')));
  return Object.entries(manifest.artifacts.Stagegate.properties.tags).map(([Key, Value]) => ({ Key, Value }));
}

describe('the settings that npm run restore:check compares', () => {
  let cloud: CoreCloud;
  let client: DynamoDBClient;
  let name: string;

  beforeAll(async () => {
    cloud = await openCoreCloud({ resources: tableOfTheTemplate() });
    client = new DynamoDBClient(cloud.operator);
    name = cloud.stack.resources.get('Table')?.ref ?? '';
  });
  afterAll(() => cloud.stop());

  /** Makes a table as a restore does: with keys, indexes and billing mode only. */
  async function restoreTo(TableName: string, changes: { readonly withoutIndex?: boolean } = {}) {
    const { Table } = await client.send(new DescribeTableCommand({ TableName: name }));
    const indexes = (Table?.GlobalSecondaryIndexes ?? []).map(({ IndexName, KeySchema, Projection }) => ({
      ...{ IndexName, KeySchema, Projection },
    }));
    const keyNames = new Set((Table?.KeySchema ?? []).map(({ AttributeName }) => AttributeName));
    await client.send(
      new CreateTableCommand({
        TableName,
        KeySchema: Table?.KeySchema,
        AttributeDefinitions: Table?.AttributeDefinitions?.filter(
          ({ AttributeName }) => !changes.withoutIndex || keyNames.has(AttributeName),
        ),
        ...(!changes.withoutIndex && { GlobalSecondaryIndexes: indexes }),
        BillingMode: 'PAY_PER_REQUEST',
      }),
    );
  }

  test('the table of the template lacks nothing, with the tags that CloudFormation gives everything in the stack', async () => {
    const ResourceArn = cloud.stack.resources.get('Table')?.attributes.Arn;
    await client.send(new TagResourceCommand({ ResourceArn, Tags: tagsOfTheStack() }));
    expect(await lackingSettings(client, name)).toEqual([]);
  });

  test('a restored table lacks what a restore leaves out, each with the command that sets it', async () => {
    await restoreTo(RESTORED);
    expect(await lackingSettings(client, RESTORED)).toEqual([
      {
        setting: 'deletion protection',
        found: 'off',
        command: 'aws dynamodb update-table --table-name restored --deletion-protection-enabled',
      },
      {
        setting: 'time to live',
        found: 'off',
        command:
          'aws dynamodb update-time-to-live --table-name restored --time-to-live-specification Enabled=true,AttributeName=expiresAtEpoch',
      },
      {
        setting: 'point-in-time recovery',
        found: 'off',
        command:
          'aws dynamodb update-continuous-backups --table-name restored --point-in-time-recovery-specification PointInTimeRecoveryEnabled=true',
      },
      {
        setting: 'tag application',
        found: 'none',
        command: `aws dynamodb tag-resource --resource-arn ${ARN} --tags Key=application,Value=stagegate`,
      },
    ]);
  });

  test('a setting with another value counts as lacking, and none is left when all are set', async () => {
    const TableName = RESTORED;
    const TimeToLiveSpecification = { Enabled: true, AttributeName: 'expiresAtEpoch' };
    const tag = (Value: string) =>
      client.send(new TagResourceCommand({ ResourceArn: ARN, Tags: [{ Key: 'application', Value }] }));
    await client.send(new UpdateTableCommand({ TableName, DeletionProtectionEnabled: true }));
    await client.send(new UpdateTimeToLiveCommand({ TableName, TimeToLiveSpecification }));
    await client.send(
      new UpdateContinuousBackupsCommand({
        TableName,
        PointInTimeRecoverySpecification: { PointInTimeRecoveryEnabled: true },
      }),
    );
    await tag('another');
    expect(await lackingSettings(client, TableName)).toEqual([
      expect.objectContaining({ setting: 'tag application', found: 'another' }),
    ]);
    await tag('stagegate');
    expect(await lackingSettings(client, TableName)).toEqual([]);
  });

  test('a table without the index must be restored again', async () => {
    await restoreTo('without-index', { withoutIndex: true });
    expect((await lackingSettings(client, 'without-index'))[0]).toEqual({ setting: 'index gsi1', found: 'none' });
  });
});
