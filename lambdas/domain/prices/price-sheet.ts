import { DomainError } from '../errors.ts';
import type { JsonRecord } from '../json-value.ts';
import { type CsvRecord, CsvSyntaxError, readCsv } from './csv.ts';
import { valuesAt } from './values-at.ts';

/** A price sheet in OpenInfraQuote's seven columns. */
export interface PriceSheet {
  readonly name: string;
  readonly currency: string;
  /** Date of the oldest price, or of the sheet itself when its rows have no dates. */
  readonly oldest: string;
  /** Date of the newest price, or of the sheet itself when its rows have no dates. */
  readonly newest: string;
  readonly size: number;
  /** Returns the rows for a kind of resource in a region, global ones included. */
  rowsFor(type: string, region: string): RowSet;
  /** Returns whether the kind is in the sheet at all, in any region. */
  knows(type: string): boolean;
}

export interface PriceRow {
  readonly service: string;
  readonly family: string;
  /** Attributes that the resource must have: the dotted path below its values, and the value as text. */
  readonly conditions: readonly (readonly [path: string, value: string])[];
  /** Keys of the fourth column: `service_class`, `unit`, `kind`, `arch` and others. */
  readonly facts: ReadonlyMap<string, string>;
  /** The part of the amount that this row prices, from above `start` up to `end`. */
  readonly start: number;
  readonly end: number;
  /** The row applies only where the provisioned amount lies in this range. */
  readonly provision: readonly [number, number] | undefined;
  readonly price: number;
  readonly priced: PricedBy;
  /** Date of the price, if the row has one. */
  readonly asOf: string | undefined;
}

/** What the price multiplies: hours, operations, data, or a number in an attribute. */
export type PricedBy =
  | { readonly by: 'time' | 'operations' | 'data' }
  | { readonly by: 'attribute'; readonly path: string };

/**
 * Rows of one kind and region, indexed by the attribute that distinguishes most of them (for example an instance type).
 */
export class RowSet {
  readonly all: readonly PriceRow[];
  /** Service classes that have prices. */
  readonly classes: ReadonlySet<string>;
  /** Whether there is a price that is charged because the object exists. */
  readonly hasFixed: boolean;
  readonly #pivot: string | undefined;
  readonly #byValue = new Map<string, PriceRow[]>();
  readonly #others: readonly PriceRow[];

  constructor(rows: readonly PriceRow[]) {
    this.all = rows;
    this.classes = new Set(rows.map(({ facts }) => facts.get('service_class') ?? ''));
    this.hasFixed = rows.some(({ facts }) => facts.get('kind') !== 'usage');
    const distinct = new Map<string, Set<string>>();
    for (const [path, value] of rows.flatMap(({ conditions }) => conditions))
      distinct.set(path, (distinct.get(path) ?? new Set()).add(value));
    this.#pivot = [...distinct].sort(([, one], [, other]) => other.size - one.size)[0]?.[0];
    const pivotValue = (row: PriceRow) => row.conditions.find(([path]) => path === this.#pivot)?.[1];
    this.#others = rows.filter((row) => pivotValue(row) === undefined);
    for (const row of rows) {
      const value = pivotValue(row);
      if (value !== undefined) this.#byValue.set(value, [...(this.#byValue.get(value) ?? []), row]);
    }
  }

  /**
   * Returns the rows that may fit an object with these values. All conditions of these rows still have to be checked.
   */
  candidates(values: JsonRecord): readonly PriceRow[] {
    if (this.#pivot === undefined) return this.all;
    const wanted = new Set(valuesAt(values, this.#pivot).map(({ value }) => String(value)));
    return [...[...wanted].flatMap((value) => this.#byValue.get(value) ?? []), ...this.#others];
  }
}

/** Thrown for a sheet that cannot be used. The message names file, line and column. */
export class PriceSheetError extends DomainError {
  override readonly name = 'PriceSheetError';
}

const COLUMNS = ['service', 'product_family', 'match_set', 'pricing_match_set', 'price', 'price_type', 'ccy'] as const;
const SIMPLE: Readonly<Record<string, PricedBy>> = { t: { by: 'time' }, o: { by: 'operations' }, d: { by: 'data' } };
const DATE = /^\d{4}-\d{2}-\d{2}$/;
/** The offer that is estimated: Linux on demand. Rows of other offers are left out. */
const OTHER_OFFERS = { purchase_option: 'on_demand', os: 'linux' } as const;

export interface SheetOptions {
  /** The file's name, for messages and estimates. */
  readonly name: string;
  /** Date of the sheet for rows that carry none, `YYYY-MM-DD`. */
  readonly date?: string;
}

/** Reads a sheet. Throws PriceSheetError at the first thing in it that makes no sense. */
export function parsePriceSheet(csv: string, options: SheetOptions): PriceSheet {
  const byType = new Map<string, Map<string, PriceRow[]>>();
  const rowSets = new Map<string, RowSet>();
  const summary: { currency?: string; oldest?: string; newest?: string; size: number } = { size: 0 };
  let isHeader = true;
  for (const record of recordsOf(csv, options.name)) {
    const cell = new Cells(record, options.name);
    if (isHeader) {
      cell.requireHeader();
      isHeader = false;
      continue;
    }
    const { type, region, row, currency } = parseRow(cell);
    summary.currency ??= currency;
    if (currency !== summary.currency) cell.refuse(6, `one currency in the whole sheet, ${summary.currency} so far`);
    summary.size++;
    if (row.asOf !== undefined) {
      if (summary.oldest === undefined || row.asOf < summary.oldest) summary.oldest = row.asOf;
      if (summary.newest === undefined || row.asOf > summary.newest) summary.newest = row.asOf;
    }
    if (type === undefined) continue;
    const regions = byType.get(type) ?? new Map<string, PriceRow[]>();
    byType.set(type, regions);
    const isOther = Object.entries(OTHER_OFFERS).some(([key, wanted]) => (row.facts.get(key) ?? wanted) !== wanted);
    if (isOther) continue;
    const rows = regions.get(region);
    if (rows) rows.push(row);
    else regions.set(region, [row]);
  }
  if (summary.size === 0)
    throw new PriceSheetError(`reading price sheet ${options.name}: line 1, column 1: the sheet has no prices`);
  return {
    name: options.name,
    currency: summary.currency ?? 'USD',
    oldest: summary.oldest ?? options.date ?? 'unknown',
    newest: summary.newest ?? options.date ?? 'unknown',
    size: summary.size,
    rowsFor: (type, region) => {
      const key = `${type}\n${region}`;
      const known = rowSets.get(key);
      if (known) return known;
      const regions = byType.get(type);
      const rows = new RowSet([...(regions?.get(region) ?? []), ...(regions?.get(GLOBAL) ?? [])]);
      rowSets.set(key, rows);
      return rows;
    },
    knows: (type) => byType.has(type),
  };
}

/** Region of rows that apply everywhere. */
const GLOBAL = '';

function* recordsOf(csv: string, name: string): Generator<CsvRecord> {
  try {
    yield* readCsv(csv);
  } catch (error) {
    if (!(error instanceof CsvSyntaxError)) throw error;
    throw new PriceSheetError(
      `reading price sheet ${name}: line ${error.line}, column ${error.column}: ${error.message}`,
    );
  }
}

/** The cells of one line, with methods that refuse a cell and name its place. */
class Cells {
  readonly #record: CsvRecord;
  readonly #name: string;

  constructor(record: CsvRecord, name: string) {
    this.#record = record;
    this.#name = name;
  }

  at(column: number): string {
    return this.#record.fields[column] ?? '';
  }

  refuse(column: number, expected: string): never {
    const { line, starts } = this.#record;
    const title = COLUMNS[column] ?? 'more than seven columns';
    const seen = JSON.stringify(this.at(column).slice(0, 80));
    throw new PriceSheetError(
      `reading price sheet ${this.#name}: line ${line}, column ${starts[column] ?? (starts.at(-1) ?? 0) + 1} (${title}): expected ${expected}, got ${seen}`,
    );
  }

  requireHeader(): void {
    this.requireSeven();
    if (Number.isFinite(Number(this.at(4)))) this.refuse(4, `a header line (${COLUMNS.join(',')})`);
  }

  requireSeven(): void {
    const { fields } = this.#record;
    if (fields.length !== COLUMNS.length)
      this.refuse(Math.min(fields.length, COLUMNS.length), `seven columns instead of ${fields.length}`);
  }

  /** Reads `k=v&k=v` with percent-encoded parts. */
  pairs(column: number): Map<string, string> {
    const text = this.at(column);
    const found = new Map<string, string>();
    for (const pair of text === '' ? [] : text.split('&')) {
      const at = pair.indexOf('=');
      if (at < 1) this.refuse(column, 'key=value pairs joined by &');
      try {
        found.set(decoded(pair.slice(0, at)), decoded(pair.slice(at + 1)));
      } catch {
        this.refuse(column, 'percent-encoded text');
      }
    }
    return found;
  }

  /** Reads a bound of a range in the fourth column; `Inf` means no end. */
  bound(facts: ReadonlyMap<string, string>, key: string): number | undefined {
    const text = facts.get(key);
    if (text === undefined) return undefined;
    const bound = text === 'Inf' ? Number.POSITIVE_INFINITY : Number(text);
    return text === '' || Number.isNaN(bound) ? this.refuse(3, `a number or Inf for ${key}`) : bound;
  }
}

const decoded = (text: string): string => (text.includes('%') ? decodeURIComponent(text) : text);

function parseRow(cell: Cells): { type: string | undefined; region: string; row: PriceRow; currency: string } {
  cell.requireSeven();
  const conditions = cell.pairs(2);
  const facts = cell.pairs(3);
  const price = Number(cell.at(4));
  if (cell.at(4).trim() === '' || !Number.isFinite(price) || price < 0)
    cell.refuse(4, 'a price, a number of at least 0');
  const asOf = facts.get('as_of');
  if (asOf !== undefined && !DATE.test(asOf)) cell.refuse(3, 'a date YYYY-MM-DD for as_of');
  if (!/^[A-Z]{3}$/.test(cell.at(6))) cell.refuse(6, 'a currency such as USD');
  const provision = [cell.bound(facts, 'start_provision_amount'), cell.bound(facts, 'end_provision_amount')] as const;
  const type = conditions.get('type');
  conditions.delete('type');
  return {
    type,
    region: facts.get('region') ?? GLOBAL,
    currency: cell.at(6),
    row: {
      service: cell.at(0),
      family: cell.at(1),
      conditions: [...conditions].map(([path, value]) => [path.replace(/^values\./, ''), value] as const),
      facts,
      start: cell.bound(facts, 'start_usage_amount') ?? 0,
      end: cell.bound(facts, 'end_usage_amount') ?? Number.POSITIVE_INFINITY,
      provision: provision[0] === undefined || provision[1] === undefined ? undefined : [provision[0], provision[1]],
      price,
      priced: pricedBy(cell),
      asOf,
    },
  };
}

function pricedBy(cell: Cells): PricedBy {
  const text = cell.at(5);
  if (text.startsWith('a=') && text.length > 2)
    return { by: 'attribute', path: text.slice(2).replace(/^values\./, '') };
  const simple = Object.hasOwn(SIMPLE, text) ? SIMPLE[text] : undefined;
  return simple ?? cell.refuse(5, 't, o, d or a=<attribute>');
}
