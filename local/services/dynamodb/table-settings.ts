import * as z from 'zod';
import type { Operation } from '../../door/wire.ts';

const OneTable = z.object({ TableName: z.string() });
const Backups = OneTable.extend({
  PointInTimeRecoverySpecification: z.strictObject({ PointInTimeRecoveryEnabled: z.boolean() }),
});
const Tagging = z.object({
  ResourceArn: z.string(),
  Tags: z.array(z.strictObject({ Key: z.string(), Value: z.string() })),
});

/** Settings of tables that Amazon's engine does not have, only remembered: the local cloud makes no backups. */
export function createTableSettings(arnPrefix: string): Record<string, Operation> {
  const recoverable = new Set<string>();
  const tags = new Map<string, Map<string, string>>();
  const description = (table: string) => ({
    ContinuousBackupsDescription: {
      ContinuousBackupsStatus: 'ENABLED',
      PointInTimeRecoveryDescription: {
        PointInTimeRecoveryStatus: recoverable.has(table) ? 'ENABLED' : 'DISABLED',
      },
    },
  });
  const onTable = (action: string) => (input: unknown) => [
    { action: `dynamodb:${action}`, resources: [`${arnPrefix}table/${OneTable.parse(input).TableName}`] },
  ];
  const onArn = (action: string) => (input: unknown) => [
    { action: `dynamodb:${action}`, resources: [z.object({ ResourceArn: z.string() }).parse(input).ResourceArn] },
  ];
  return {
    DescribeContinuousBackups: {
      permissions: onTable('DescribeContinuousBackups'),
      perform: async (input) => description(OneTable.parse(input).TableName),
    },
    UpdateContinuousBackups: {
      permissions: onTable('UpdateContinuousBackups'),
      async perform(input) {
        const { TableName, PointInTimeRecoverySpecification: wanted } = Backups.parse(input);
        if (wanted.PointInTimeRecoveryEnabled) recoverable.add(TableName);
        else recoverable.delete(TableName);
        return description(TableName);
      },
    },
    TagResource: {
      permissions: onArn('TagResource'),
      async perform(input) {
        const { ResourceArn, Tags } = Tagging.parse(input);
        tags.set(ResourceArn, new Map([...(tags.get(ResourceArn) ?? []), ...Tags.map(pairOf)]));
        return {};
      },
    },
    ListTagsOfResource: {
      permissions: onArn('ListTagsOfResource'),
      async perform(input) {
        const { ResourceArn } = z.object({ ResourceArn: z.string() }).parse(input);
        return { Tags: [...(tags.get(ResourceArn) ?? [])].map(([Key, Value]) => ({ Key, Value })) };
      },
    },
  };
}

const pairOf = ({ Key, Value }: { Key: string; Value: string }): [string, string] => [Key, Value];
