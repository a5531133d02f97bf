import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { BUNDLED_PRICE_CSV, BUNDLED_PRICE_SHEET } from '../../../lambdas/domain/prices/bundled-price-sheet.ts';
import { PriceSheetError, parsePriceSheet } from '../../../lambdas/domain/prices/price-sheet.ts';

const HEADER = 'service,product_family,match_set,pricing_match_set,price,price_type,ccy';
const ROW =
  'AmazonEC2,Compute Instance,type=aws_instance&values.instance_type=t3.micro,region=us-east-1&service_class=instance,0.0104,t,USD';
const parse = (...lines: string[]) => parsePriceSheet(lines.join('\n'), { name: 'ours.csv' });

const refusal = (...lines: string[]): string => {
  try {
    parse(...lines);
  } catch (error) {
    expect(error).toBeInstanceOf(PriceSheetError);
    return (error as Error).message;
  }
  throw new Error('it was read');
};

/** Returns the column in which the nth cell of a row begins, counted from 1. */
const columnOf = (cell: number): number => ROW.split(',').slice(0, cell).join(',').length + (cell > 0 ? 2 : 1);

describe('a malformed sheet is refused, naming file, line and column', () => {
  const broken = (column: number, text: string): string =>
    ROW.split(',')
      .map((cell, at) => (at === column ? text : cell))
      .join(',');

  test.each<[string, string[], string]>([
    ['an empty file', [''], 'line 1, column 1: the sheet has no prices'],
    ['nothing but a header', [HEADER], 'the sheet has no prices'],
    ['no header', [ROW], `line 1, column ${columnOf(4)} (price): expected a header line`],
    [
      'six columns',
      [HEADER, ROW, ROW.slice(0, -4)],
      `line 3, column ${columnOf(5) + 1} (ccy): expected seven columns instead of 6`,
    ],
    [
      'eight columns',
      [HEADER, `${ROW},x`],
      `line 2, column ${ROW.length + 2} (more than seven columns): expected seven columns instead of 8`,
    ],
    [
      'a price that is none',
      [HEADER, ROW, broken(4, 'free')],
      `line 3, column ${columnOf(4)} (price): expected a price, a number of at least 0, got "free"`,
    ],
    ['an empty price', [HEADER, broken(4, '')], `line 2, column ${columnOf(4)} (price)`],
    ['a negative price', [HEADER, broken(4, '-1')], '(price): expected a price'],
    [
      'an unknown price type',
      [HEADER, broken(5, 'x')],
      `line 2, column ${columnOf(5)} (price_type): expected t, o, d or a=<attribute>, got "x"`,
    ],
    ['a currency that is none', [HEADER, broken(6, 'dollars')], '(ccy): expected a currency'],
    [
      'two currencies',
      [HEADER, ROW, broken(6, 'EUR')],
      `line 3, column ${columnOf(6)} (ccy): expected one currency in the whole sheet, USD so far, got "EUR"`,
    ],
    [
      'conditions that are no pairs',
      [HEADER, broken(2, 'type')],
      `line 2, column ${columnOf(2)} (match_set): expected key=value pairs joined by &, got "type"`,
    ],
    ['bad percent encoding', [HEADER, broken(2, 'type=%zz')], '(match_set): expected percent-encoded text'],
    [
      'a bound that is no number',
      [HEADER, broken(3, 'start_usage_amount=many')],
      `line 2, column ${columnOf(3)} (pricing_match_set): expected a number or Inf for start_usage_amount`,
    ],
    [
      'a date that is none',
      [HEADER, broken(3, 'as_of=yesterday')],
      '(pricing_match_set): expected a date YYYY-MM-DD for as_of',
    ],
    ['an open quote', [HEADER, `"${ROW}`], 'line 2, column 1: a quoted field is not closed'],
    ['text after a quote', [HEADER, `"AmazonEC2"x,${ROW}`], 'line 2, column 12: text after a closing quote'],
  ])('%s', (_, lines, message) => {
    expect(refusal(...lines)).toMatch(/^reading price sheet ours\.csv: /);
    expect(refusal(...lines)).toContain(message);
  });
});

describe('a sheet is read', () => {
  test('with quotes, line ends of Windows, a byte order mark and empty lines', () => {
    const quoted = `"Amazon ""EC2""","Compute, Instance",${ROW.split(',').slice(2).join(',')}`;
    const sheet = parsePriceSheet(`\uFEFF${HEADER}\r\n\r\n${quoted}\r\n`, { name: 'x' });
    expect(sheet.rowsFor('aws_instance', 'us-east-1').all).toMatchObject([
      { service: 'Amazon "EC2"', family: 'Compute, Instance', price: 0.0104 },
    ]);
  });

  test('with percent-encoded values', () => {
    const sheet = parse(HEADER, ROW.replace('t3.micro', 't3%2Emicro%26x'));
    expect(sheet.rowsFor('aws_instance', 'us-east-1').all[0]?.conditions).toEqual([['instance_type', 't3.micro&x']]);
  });

  test('by region, global rows in every one', () => {
    const sheet = parse(HEADER, ROW, ROW.replace('region=us-east-1&', '').replace('aws_instance', 'aws_route53_zone'));
    expect(sheet.rowsFor('aws_instance', 'eu-west-1').all).toEqual([]);
    expect(sheet.rowsFor('aws_route53_zone', 'eu-west-1').all).toHaveLength(1);
    expect([sheet.knows('aws_instance'), sheet.knows('aws_other')]).toEqual([true, false]);
  });

  test('without reserved, spot and Windows prices', () => {
    const other = (fact: string) => ROW.replace('service_class=instance', fact);
    expect(
      parse(HEADER, ROW, other('purchase_option=reserved'), other('os=windows')).rowsFor('aws_instance', 'us-east-1')
        .all,
    ).toHaveLength(1);
  });

  test('and dated by its oldest price, or by the file when its rows carry no date', () => {
    const dated = (date: string) => ROW.replace('region=', `as_of=${date}&region=`);
    expect(parse(HEADER, dated('2025-02-01'), dated('2024-03-04')).oldest).toBe('2024-03-04');
    expect(parsePriceSheet(`${HEADER}\n${ROW}`, { name: 'x', date: '2026-01-01' }).oldest).toBe('2026-01-01');
  });
});

describe('the bundled sheet', () => {
  test('is what the CSV beside it says; node scripts/embed-prices.ts embeds a changed one', () => {
    const folder = join(import.meta.dirname, '..', '..', '..', 'lambdas', 'domain', 'prices');
    expect(BUNDLED_PRICE_CSV).toBe(readFileSync(join(folder, 'aws-on-demand.csv'), 'utf8'));
  });

  test('has 979 dated prices in dollars', () => {
    expect(BUNDLED_PRICE_SHEET).toMatchObject({ size: 979, currency: 'USD', oldest: '2024-07-01' });
  });
});
