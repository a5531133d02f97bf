/**
 * List prices of us-east-1 in USD, without free tiers, as of November 2026.
 *
 * Sources: https://aws.amazon.com/dynamodb/pricing/on-demand/ · https://aws.amazon.com/lambda/pricing/ ·
 * https://aws.amazon.com/xray/pricing/ · https://aws.amazon.com/cloudwatch/pricing/ · https://aws.amazon.com/kms/pricing/ ·
 * https://aws.amazon.com/sns/pricing/ ·
 * https://aws.amazon.com/eventbridge/pricing/ (which has no price for the runs of a rule's schedule)
 */
export const PRICES = {
  readUnit: 0.125 / 1e6,
  writeUnit: 0.625 / 1e6,
  invocation: 0.2 / 1e6,
  /** A GB-second on arm64. */
  gigabyteSecond: 0.0000133334,
  /** A trace that is recorded. Functions trace actively, and each run is the only request of its second. */
  trace: 5 / 1e6,
  logGigabyte: 0.5,
  kmsRequest: 0.03 / 1e4,
  snsRequest: 0.5 / 1e6,
} as const;

/**
 * Seconds for which DynamoDB keeps the key of an encrypted table for a caller.
 * Source: https://docs.aws.amazon.com/kms/latest/developerguide/services-dynamodb.html
 */
export const TABLE_KEY_SECONDS = 300;

/**
 * Megabytes of memory with which a function has one processor.
 * Source: https://docs.aws.amazon.com/lambda/latest/dg/configuration-memory.html
 */
export const MEGABYTES_OF_A_PROCESSOR = 1769;

/** Bytes that a run writes into its log: the platform's lines, ours, and a metric. */
export const LOG_BYTES = 1500;
