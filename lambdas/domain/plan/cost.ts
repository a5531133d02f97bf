import { type JsonRecord, listOf, recordOf, textOf } from '../json-value.ts';
import { type Place, regionNamedBy } from '../prices/named-region.ts';
import { addMoney, type Money, NO_MONEY, priceObject, type Quote } from '../prices/price-object.ts';
import type { PriceSheet } from '../prices/price-sheet.ts';
import type { Related } from '../prices/quantities.ts';
import { instanceAddress, parseModuleAddress } from './address.ts';
import type { CostEstimate } from './analysis-parts.ts';
import { type Block, blockId, blockIdOfAddress, type Module } from './configured-resources.ts';
import { stateResourcesOf } from './dependency-graph.ts';
import type { Plan } from './plan-schema.ts';
import type { Redactor } from './redaction/redactor.ts';
import { ProviderRegions } from './regions/provider-regions.ts';
import { type ResourceChange, valuesAfter, valuesBefore } from './resource-change.ts';
import { counted } from './wording.ts';

export interface CostFacts {
  readonly plan: Plan;
  readonly changes: readonly ResourceChange[];
  readonly modules: readonly Module[];
  readonly blocks: ReadonlyMap<string, Block>;
  readonly sheet: PriceSheet;
  /** The environment's region. */
  readonly region: string;
  readonly redactor: Redactor;
}

/** One object with its values before and after the plan. A side is missing where the object does not exist. */
interface TwoSided {
  readonly address: string;
  readonly type: string;
  readonly module: string;
  readonly index: string | number | undefined;
  /** Address of its block in the configuration. */
  readonly block: string;
  readonly provider: string | undefined;
  /** Whether its attribute `region` is known only after the apply. */
  readonly isRegionUnknown: boolean;
  readonly before: JsonRecord | undefined;
  readonly after: JsonRecord | undefined;
}

type Side = 'before' | 'after';

export function estimateCost(facts: CostFacts): CostEstimate {
  const { sheet, region, redactor, plan, modules } = facts;
  const objects = objectsOf(facts);
  const relations = new Relations(objects, facts.blocks);
  const providers = new ProviderRegions(plan, modules, region);
  const placeOf = ({ type, block, provider, isRegionUnknown }: TwoSided, side: Side, values: JsonRecord): Place => {
    const named = regionNamedBy(type, values);
    if (named) return named;
    const configured = facts.blocks.get(block)?.resource;
    // Where the region is not configured, it is an attribute that the provider fills in.
    if (isRegionUnknown && side === 'after' && Object.hasOwn(recordOf(configured?.expressions), 'region'))
      return { region, assumed: `region ${region}: its own is known only after the apply` };
    return providers.of(configured?.provider_config_key ?? undefined, provider);
  };
  const quotes = objects.map((object) => {
    const quote = (side: Side): Quote | undefined => {
      const values = object[side];
      if (!values) return undefined;
      const related = relations.of(object, side);
      return priceObject({ type: object.type, values, related }, sheet, placeOf(object, side, values));
    };
    const before = quote('before');
    return { object, before, after: object.after === object.before ? before : quote('after') };
  });
  const total = (side: Side): Money =>
    quotes.reduce((sum, quote) => addMoney(sum, quote[side]?.money ?? NO_MONEY), NO_MONEY);
  const [before, after] = [total('before'), total('after')];
  const uncovered = quotes.filter((quote) => [quote.before, quote.after].some((side) => side && !side.covered));
  const dates = quotes
    .flatMap((quote) => [quote.before?.oldest, quote.after?.oldest])
    .filter((date) => date !== undefined);
  const [monthlyBefore, monthlyAfter] = [cents(before.typical), cents(after.typical)];
  return {
    currency: sheet.currency,
    region,
    monthlyBefore,
    monthlyAfter,
    monthlyDelta: cents(monthlyAfter - monthlyBefore),
    range: {
      before: { low: cents(before.low), high: cents(before.high) },
      after: { low: cents(after.low), high: cents(after.high) },
      delta: deltaRange(quotes),
    },
    coverage:
      objects.length === 0 ? 100 : Math.floor(((objects.length - uncovered.length) / objects.length) * 1000) / 10,
    unpriced: uncovered.map(({ object }) => redactor.address(object.address)),
    gaps: gapsOf(uncovered, redactor),
    sheet: sheet.name,
    sheetDate: dates.sort()[0] ?? sheet.oldest,
    resources: quotes.flatMap(({ object, before: was, after: is }) => {
      const [one, other] = [cents(was?.money.typical ?? 0), cents(is?.money.typical ?? 0)];
      if (one === 0 && other === 0) return [];
      const place = is?.place ?? was?.place;
      return [
        {
          address: redactor.address(object.address),
          type: object.type,
          ...(place && place.region !== region && { region: redactor.text(place.region) }),
          before: one,
          after: other,
          delta: cents(other - one),
        },
      ];
    }),
    assumptions: assumptionsOf(quotes, redactor),
  };
}

/** Rounds to two decimals. A negative zero becomes zero. */
const cents = (amount: number): number => Math.round((amount + Number.EPSILON) * 100) / 100 || 0;

interface Quoted {
  readonly object: TwoSided;
  readonly before: Quote | undefined;
  readonly after: Quote | undefined;
}

/**
 * Returns the range of the difference. The same use is assumed before and after, so a price that does not change
 * cancels out at every amount of use.
 */
function deltaRange(quotes: readonly Quoted[]): { low: number; high: number } {
  let low = 0;
  let high = 0;
  for (const { before, after } of quotes) {
    const [was, is] = [before?.money ?? NO_MONEY, after?.money ?? NO_MONEY];
    const deltas = [is.low - was.low, is.typical - was.typical, is.high - was.high];
    low += Math.min(...deltas);
    high += Math.max(...deltas);
  }
  return { low: cents(low), high: cents(high) };
}

function gapsOf(uncovered: readonly Quoted[], redactor: Redactor): CostEstimate['gaps'] {
  const gaps = new Map<string, { types: Set<string>; count: number }>();
  for (const { object, before, after } of uncovered) {
    const why = redactor.text(after?.gap ?? before?.gap ?? '');
    const gap = gaps.get(why) ?? { types: new Set<string>(), count: 0 };
    gap.types.add(object.type);
    gap.count++;
    gaps.set(why, gap);
  }
  return [...gaps].map(([why, { types, count }]) => ({ why, types: [...types].sort(), count }));
}

function assumptionsOf(quotes: readonly Quoted[], redactor: Redactor): CostEstimate['assumptions'] {
  const counts = new Map<string, number>();
  for (const { object, before, after } of quotes) {
    const places = [before?.place?.assumed, after?.place?.assumed].filter((text) => text !== undefined);
    for (const text of new Set([...((after ?? before)?.assumed ?? []), ...places])) {
      const label = redactor.text(`${object.type}: ${text}`);
      counts.set(label, (counts.get(label) ?? 0) + 1);
    }
  }
  return [...counts].map(([text, count]) => ({ text, count })).sort((one, other) => (one.text < other.text ? -1 : 1));
}

/** Returns all managed objects: from the changes and, where a plan leaves objects out (`-target`), from the state. */
function objectsOf({ plan, changes }: CostFacts): TwoSided[] {
  const objects = changes
    .filter(({ mode, kind }) => mode === 'managed' && kind !== 'read')
    .map((change): TwoSided => {
      const before = valuesBefore(change);
      // A forgotten object still exists and is still paid for.
      const isSame = change.kind === 'forget' || change.kind === 'no-op';
      const after = isSame ? before : afterValues(change, before);
      const { key: address, type, module, index, provider, kind } = change;
      const isRegionUnknown = kind !== 'update' && !isSame && recordOf(change.unknown).region === true;
      return {
        address,
        type,
        module,
        index,
        block: blockIdOfAddress(change.address),
        provider,
        isRegionUnknown,
        before,
        after,
      };
    });
  const known = new Set(changes.flatMap(({ address, previousAddress }) => [address, previousAddress]));
  const untouched = stateResourcesOf(plan)
    .filter(({ resource }) => resource.mode === 'managed' && !known.has(resource.address))
    .map(({ resource, module }): TwoSided => {
      const values = recordOf(resource.values);
      return {
        address: resource.address,
        type: resource.type,
        module,
        index: resource.index ?? undefined,
        block: blockIdOfAddress(resource.address),
        provider: resource.provider_name ?? undefined,
        isRegionUnknown: false,
        before: values,
        after: values,
      };
    });
  return [...objects, ...untouched];
}

/** Kinds of change after which an object exists, even when nothing about it is known yet. */
const MADE: ReadonlySet<ResourceChange['kind']> = new Set(['create', 'update', 'replace']);

/** Returns the values after the change. A value that an update leaves unknown most likely stays as it is. */
function afterValues(change: ResourceChange, before: JsonRecord | undefined): JsonRecord | undefined {
  const after = valuesAfter(change);
  if (!after) return MADE.has(change.kind) ? {} : undefined;
  if (change.kind !== 'update' || !before) return after;
  const unknown = Object.entries(recordOf(change.unknown)).filter(([, mark]) => mark === true);
  return { ...Object.fromEntries(unknown.map(([key]) => [key, before[key]])), ...after };
}

/**
 * Finds the task definition of a service: by the name that the service gives, otherwise by the reference in the
 * configuration.
 */
class Relations {
  readonly #blocks: ReadonlyMap<string, Block>;
  readonly #byName = { before: new Map<string, JsonRecord>(), after: new Map<string, JsonRecord>() };
  readonly #byPlace = new Map<string, TwoSided[]>();

  constructor(objects: readonly TwoSided[], blocks: ReadonlyMap<string, Block>) {
    this.#blocks = blocks;
    for (const object of objects) {
      if (object.type !== 'aws_ecs_task_definition') continue;
      const place = `${blockIdOfAddress(object.address)}\n${object.module}`;
      this.#byPlace.set(place, [...(this.#byPlace.get(place) ?? []), object]);
      for (const side of ['before', 'after'] as const) {
        const values = object[side];
        for (const name of values ? namesOf(values) : []) this.#byName[side].set(name, values ?? {});
      }
    }
  }

  of(object: TwoSided, side: Side): Related {
    if (object.type !== 'aws_ecs_service') return {};
    const named = textOf(object[side]?.task_definition);
    const taskDefinition = (named && this.#byName[side].get(named)) || this.#referenced(object, side);
    return taskDefinition ? { taskDefinition } : {};
  }

  #referenced({ address, module, index }: TwoSided, side: Side): JsonRecord | undefined {
    const block = this.#blocks.get(blockIdOfAddress(address));
    const references = listOf(recordOf(recordOf(block?.resource.expressions).task_definition).references);
    for (const reference of references) {
      const [type = '', name = ''] = String(reference).split(/[.[]/);
      if (type !== 'aws_ecs_task_definition') continue;
      const configured = blockId(block?.module ?? '', { mode: 'managed', type, name });
      const candidates = this.#byPlace.get(`${configured}\n${instanceAddress(parseModuleAddress(module))}`) ?? [];
      const chosen = candidates.find((candidate) => candidate.index === index) ?? candidates[0];
      return chosen?.[side] ?? chosen?.before;
    }
    return undefined;
  }
}

function namesOf(values: JsonRecord): string[] {
  const family = textOf(values.family);
  return [textOf(values.arn), textOf(values.arn_without_revision), family, `${family}:${values.revision}`].filter(
    (name) => name !== undefined,
  );
}

/** Describes the change of the cost for pages and mails: `about 104.39 USD more a month`. */
export function describeDelta({
  monthlyDelta,
  currency,
  unpriced,
}: Pick<CostEstimate, 'monthlyDelta' | 'currency'> & { unpriced: readonly string[] }): string {
  const gap = unpriced.length > 0 ? `, ${counted(unpriced.length, 'resource')} not priced` : '';
  if (monthlyDelta === 0) return `no change of the monthly cost${gap}`;
  return `about ${Math.abs(monthlyDelta).toFixed(2)} ${currency} ${monthlyDelta > 0 ? 'more' : 'less'} a month${gap}`;
}
