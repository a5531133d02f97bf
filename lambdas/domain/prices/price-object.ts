import { isBlank, type JsonRecord, listOf, numberOf, recordOf } from '../json-value.ts';
import { usageFor } from './assumed-usage.ts';
import { withAssumedValues } from './assumed-values.ts';
import { isFree } from './free-kinds.ts';
import { HOURS_PER_MONTH } from './hours.ts';
import type { Place } from './named-region.ts';
import type { PriceRow, PriceSheet, RowSet } from './price-sheet.ts';
import { quantityOf, type Related } from './quantities.ts';
import { type Found, valuesAt } from './values-at.ts';

/** Amount per month in dollars (or the sheet's currency): the least, the assumed and the most. */
export interface Money {
  readonly low: number;
  readonly typical: number;
  readonly high: number;
}
export const NO_MONEY: Money = { low: 0, typical: 0, high: 0 };
export const addMoney = (one: Money, other: Money): Money => ({
  low: one.low + other.low,
  typical: one.typical + other.typical,
  high: one.high + other.high,
});
const times = ({ low, typical, high }: Money, factor: number): Money => ({
  low: low * factor,
  typical: typical * factor,
  high: high * factor,
});

export interface Quote {
  readonly money: Money;
  /** Whether everything about the object is priced, or the object is known to be free. */
  readonly covered: boolean;
  /** Why the object is not covered. */
  readonly gap?: string;
  /** What had to be assumed, for example `multi_az = false`. */
  readonly assumed: readonly string[];
  /** Oldest date among the prices used. */
  readonly oldest?: string;
  /** Where it is priced; absent when its price does not depend on a region. */
  readonly place?: Place;
}

/**
 * Service classes without which an object of the kind counts as not priced, whatever other prices were found for it.
 */
const ESSENTIAL: Readonly<Record<string, readonly string[]>> = {
  aws_alb: ['load_balancer'],
  aws_db_instance: ['instance', 'allocated_storage'],
  aws_dynamodb_table: ['capacity', 'requests'],
  aws_ebs_volume: ['storage'],
  aws_ecs_service: ['fargate_vcpu', 'fargate_memory'],
  aws_eks_node_group: ['instance'],
  aws_elasticache_cluster: ['instance'],
  aws_elasticache_replication_group: ['instance'],
  aws_instance: ['instance'],
  aws_lb: ['load_balancer'],
  aws_msk_cluster: ['instance'],
  aws_opensearch_domain: ['instance'],
  aws_rds_cluster_instance: ['instance', 'serverless'],
  aws_redshift_cluster: ['instance'],
  aws_vpc_endpoint: ['endpoint'],
};
/** Kinds for which one of the essential classes is enough. */
const ANY_ESSENTIAL = new Set(['aws_dynamodb_table', 'aws_rds_cluster_instance']);

/** Variants of priced kinds for which the sheet has no prices. */
const NOT_COVERED: Readonly<Record<string, (values: JsonRecord) => string | undefined>> = {
  aws_dynamodb_table: ({ table_class }) =>
    table_class === 'STANDARD_INFREQUENT_ACCESS' ? 'the infrequent access class' : undefined,
  aws_eks_node_group: ({ capacity_type }) => (capacity_type === 'SPOT' ? 'spot capacity' : undefined),
  aws_instance: ({ tenancy }) => (tenancy === 'dedicated' || tenancy === 'host' ? 'dedicated tenancy' : undefined),
  aws_kinesis_stream: ({ stream_mode_details }) =>
    recordOf(listOf(stream_mode_details)[0]).stream_mode === 'ON_DEMAND' ? 'on-demand streams' : undefined,
};

export interface PricedObject {
  readonly type: string;
  readonly values: JsonRecord;
  readonly related: Related;
}

/** Returns the monthly price of one object, as far as the sheet has it. */
export function priceObject({ type, values: given, related }: PricedObject, sheet: PriceSheet, place: Place): Quote {
  const { region } = place;
  const { values, assumptions } = withAssumedValues(type, given);
  if (isFree(type, values)) return { money: NO_MONEY, covered: true, assumed: [] };
  const rows = sheet.rowsFor(type, region);
  if (rows.all.length === 0)
    return sheet.knows(type) ? { ...uncovered(`no price in ${region}`), place } : uncovered('no price for this kind');
  const variant = NOT_COVERED[type]?.(values);
  if (variant !== undefined) return uncovered(`no price for ${variant}`);
  const lines = rows
    .candidates(values)
    .filter((row) => fitsArchitecture(row, values, related))
    .flatMap((row) => linesOf(type, row, values, related));
  const missing = missingClass(type, rows, lines, region);
  const assumed = [
    ...assumptions.map(({ attribute, value }) => `${attribute} = ${value}`),
    ...lines.flatMap(({ assumed }) => assumed ?? []),
  ];
  const dates = lines.flatMap(({ row }) => row.asOf ?? []).sort();
  return {
    money: cheapestOfEach(lines),
    covered: missing === undefined,
    ...(missing !== undefined && { gap: missing }),
    assumed: [...new Set(assumed)],
    ...(dates[0] !== undefined && { oldest: dates[0] }),
    ...((missing !== undefined || lines.some(({ row }) => row.facts.has('region'))) && { place }),
  };
}

const uncovered = (gap: string): Quote => ({ money: NO_MONEY, covered: false, gap, assumed: [] });

interface Line {
  readonly row: PriceRow;
  readonly block: string;
  readonly money: Money;
  readonly assumed?: string;
}

/**
 * Returns whether a row is for the object's architecture. Fargate prices of both architectures match a service; its
 * task definition decides.
 */
function fitsArchitecture({ facts }: PriceRow, values: JsonRecord, { taskDefinition }: Related): boolean {
  const arch = facts.get('arch');
  if (arch === undefined || !isBlank(values.architectures)) return true;
  const platform = recordOf(listOf(taskDefinition?.runtime_platform)[0]).cpu_architecture;
  return arch === (platform === 'ARM64' ? 'arm64' : 'x86');
}

function linesOf(type: string, row: PriceRow, values: JsonRecord, related: Related): Line[] {
  const blocks = matchingBlocks(row, values);
  if (blocks.length === 0) return [];
  const quantity = quantityOf(type, row.facts.get('unit'), values, related);
  if (row.priced.by === 'attribute')
    return amountsAt(row, valuesAt(values, row.priced.path), blocks).map(({ amount, block }) => {
      const perUnit = row.facts.get('unit') === 'gb_month_per_node' ? quantity.amount : 1;
      return { row, block, money: exactly(row, amount, perUnit) };
    });
  if (row.facts.get('kind') === 'usage' || row.priced.by !== 'time') {
    const usage = usageFor(type, row, values);
    if (!usage) return [];
    const money = { low: priced(row, usage.low), typical: priced(row, usage.typical), high: priced(row, usage.high) };
    return [{ row, block: '', money }];
  }
  return blocks.map((block) => ({
    row,
    block,
    money: exactly(row, HOURS_PER_MONTH, quantity.amount),
    assumed: quantity.assumed,
  }));
}

const exactly = (row: PriceRow, amount: number, quantity: number): Money => {
  const price = priced(row, amount);
  return times({ low: price, typical: price, high: price }, quantity);
};

/** Returns the price of the part of an amount that lies in the row's tier. */
function priced({ start, end, price, provision }: PriceRow, amount: number): number {
  if (provision && (amount < provision[0] || amount > provision[1])) return 0;
  return Math.max(0, Math.min(amount, end) - start) * price;
}

/**
 * Returns the blocks of the resource that meet all conditions of a row: `['']` when the conditions are about the
 * resource itself, elements of a block list when they are about fields of blocks, and none when a condition fails.
 */
function matchingBlocks({ conditions }: PriceRow, values: JsonRecord): string[] {
  let blocks: string[] = [''];
  for (const [path, wanted] of conditions) {
    const fitting = new Set(
      valuesAt(values, path)
        .filter(({ value }) => String(value) === wanted)
        .map(({ block }) => block),
    );
    if (fitting.size === 0) return [];
    if (fitting.has('')) continue;
    blocks =
      blocks.length === 1 && blocks[0] === ''
        ? [...fitting]
        : blocks.filter((block) => fitting.has(block) || listName(block) !== listName([...fitting][0] ?? ''));
    if (blocks.length === 0) return [];
  }
  return blocks;
}

const listName = (block: string): string => block.slice(0, block.indexOf('['));

/** Returns the numbers in an attribute, only those of the matching blocks. An absent number is left out. */
function amountsAt(
  row: PriceRow,
  found: readonly Found[],
  blocks: readonly string[],
): { amount: number; block: string }[] {
  const isAnyBlock = blocks.length === 1 && blocks[0] === '';
  return found
    .filter(({ block }) => isAnyBlock || block === '' || blocks.includes(block))
    .flatMap(({ value, block }) => {
      const amount = numberOf(value);
      return amount === undefined ? [] : [{ amount: Math.max(0, amount), block }];
    })
    .filter(({ amount }) => amount > 0 || row.start === 0);
}

/**
 * Adds up the prices of different things. Rows that price the same thing are alternatives: the cheapest one counts, and
 * the most expensive one is the upper end.
 */
function cheapestOfEach(lines: readonly Line[]): Money {
  const groups = new Map<string, Line[]>();
  for (const line of lines) {
    const { row, block } = line;
    const facts = ['service_class', 'unit', 'request_type', 'tier', 'protocol', 'storage_class', 'kind'].map(
      (key) => row.facts.get(key) ?? '',
    );
    const key = [row.service, row.family, ...facts, row.priced.by, row.start, row.end, block].join('\n');
    const group = groups.get(key);
    if (group) group.push(line);
    else groups.set(key, [line]);
  }
  return [...groups.values()].reduce<Money>((sum, group) => {
    const cheapest = group.reduce((one, other) => (other.money.typical < one.money.typical ? other : one));
    const high = Math.max(...group.map(({ money }) => money.high));
    return addMoney(sum, { ...cheapest.money, high });
  }, NO_MONEY);
}

/** Returns a sentence about an essential part that has no price, or undefined when nothing is missing. */
function missingClass(type: string, rows: RowSet, lines: readonly Line[], region: string): string | undefined {
  const essential = (ESSENTIAL[type] ?? []).filter((wanted) => rows.classes.has(wanted));
  if (essential.length === 0) {
    const isPriced = lines.some(({ row }) => !rows.hasFixed || row.facts.get('kind') !== 'usage');
    return isPriced ? undefined : `no price for this variant in ${region}`;
  }
  const missing = essential.filter((wanted) => !lines.some(({ row }) => row.facts.get('service_class') === wanted));
  const isMissing = ANY_ESSENTIAL.has(type) ? missing.length === essential.length : missing.length > 0;
  return isMissing ? `no price for its ${missing.join(' and ').replaceAll('_', ' ')} in ${region}` : undefined;
}
