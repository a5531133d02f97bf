import * as z from 'zod';
import { BooleanProperty, NumberProperty, TagsProperty } from '../../assembly/properties.ts';

const KeySchema = z.array(z.strictObject({ AttributeName: z.string(), KeyType: z.enum(['HASH', 'RANGE']) }));
const Projection = z.strictObject({ ProjectionType: z.string(), NonKeyAttributes: z.array(z.string()).optional() });
const Throughput = z.strictObject({ ReadCapacityUnits: NumberProperty, WriteCapacityUnits: NumberProperty });
const ContributorInsights = z.strictObject({ Enabled: BooleanProperty }).optional();
export const SecondaryIndex = z.strictObject({
  IndexName: z.string(),
  KeySchema,
  Projection,
  ProvisionedThroughput: Throughput.optional(),
  ContributorInsightsSpecification: ContributorInsights,
});

export const TableProperties = z.strictObject({
  TableName: z.string().optional(),
  AttributeDefinitions: z.array(z.strictObject({ AttributeName: z.string(), AttributeType: z.enum(['S', 'N', 'B']) })),
  KeySchema,
  BillingMode: z.enum(['PAY_PER_REQUEST', 'PROVISIONED']).default('PROVISIONED'),
  ProvisionedThroughput: Throughput.optional(),
  GlobalSecondaryIndexes: z.array(SecondaryIndex).default([]),
  LocalSecondaryIndexes: z.array(SecondaryIndex).default([]),
  SSESpecification: z
    .strictObject({
      SSEEnabled: BooleanProperty,
      SSEType: z.literal('KMS').optional(),
      KMSMasterKeyId: z.string().optional(),
    })
    .optional(),
  TimeToLiveSpecification: z
    .strictObject({ AttributeName: z.string().optional(), Enabled: BooleanProperty })
    .optional(),
  // Remembered, without effect: the local cloud makes no backups.
  PointInTimeRecoverySpecification: z
    .strictObject({ PointInTimeRecoveryEnabled: BooleanProperty, RecoveryPeriodInDays: NumberProperty.optional() })
    .optional(),
  ContributorInsightsSpecification: ContributorInsights,
  DeletionProtectionEnabled: BooleanProperty.optional(),
  TableClass: z.string().optional(),
  Tags: TagsProperty,
});
export type TableProperties = z.infer<typeof TableProperties>;
