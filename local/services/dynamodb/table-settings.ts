import * as z from 'zod';
import type { Operation } from '../../door/wire.ts';

const OneTable = z.object({ TableName: z.string() });
const Backups = OneTable.extend({
  PointInTimeRecoverySpecification: z.strictObject({ PointInTimeRecoveryEnabled: z.boolean() }),
});
const OneArn = z.object({ ResourceArn: z.string() });
const TagSchema = z.strictObject({ Key: z.string(), Value: z.string() });
type Tag = z.infer<typeof TagSchema>;
const Tagging = OneArn.extend({ Tags: z.array(TagSchema) });

/** Settings of tables that Amazon's engine does not have. They are only remembered: the local cloud makes no backups. */
export class TableSettings {
  readonly #recoverable = new Set<string>();
  /** Tags by the table's ARN. */
  readonly #tags = new Map<string, ReadonlyMap<string, string>>();

  isRecoverable(table: string): boolean {
    return this.#recoverable.has(table);
  }

  setRecoverable(table: string, isRecoverable: boolean): void {
    if (isRecoverable) this.#recoverable.add(table);
    else this.#recoverable.delete(table);
  }

  tagsOf(arn: string): readonly Tag[] {
    return [...(this.#tags.get(arn) ?? [])].map(([Key, Value]) => ({ Key, Value }));
  }

  addTags(arn: string, tags: readonly Tag[]): void {
    const given = [...this.tagsOf(arn), ...tags].map(({ Key, Value }): [string, string] => [Key, Value]);
    this.#tags.set(arn, new Map(given));
  }
}

/** Makes the operations that read and change these settings. */
export function createSettingsOperations(settings: TableSettings, arnPrefix: string): Record<string, Operation> {
  const description = (table: string) => ({
    ContinuousBackupsDescription: {
      ContinuousBackupsStatus: 'ENABLED',
      PointInTimeRecoveryDescription: {
        PointInTimeRecoveryStatus: settings.isRecoverable(table) ? 'ENABLED' : 'DISABLED',
      },
    },
  });
  const onTable = (action: string) => (input: unknown) => [
    { action: `dynamodb:${action}`, resources: [`${arnPrefix}table/${OneTable.parse(input).TableName}`] },
  ];
  const onArn = (action: string) => (input: unknown) => [
    { action: `dynamodb:${action}`, resources: [OneArn.parse(input).ResourceArn] },
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
        settings.setRecoverable(TableName, wanted.PointInTimeRecoveryEnabled);
        return description(TableName);
      },
    },
    TagResource: {
      permissions: onArn('TagResource'),
      async perform(input) {
        const { ResourceArn, Tags } = Tagging.parse(input);
        settings.addTags(ResourceArn, Tags);
        return {};
      },
    },
    ListTagsOfResource: {
      permissions: onArn('ListTagsOfResource'),
      perform: async (input) => ({ Tags: settings.tagsOf(OneArn.parse(input).ResourceArn) }),
    },
  };
}
