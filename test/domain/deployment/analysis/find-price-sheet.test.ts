import { beforeEach, describe, expect, test } from '@jest/globals';
import { findPriceSheet } from '../../../../lambdas/domain/deployment/analysis/find-price-sheet.ts';
import { BuildResultError } from '../../../../lambdas/domain/errors.ts';
import { BUNDLED_PRICE_SHEET } from '../../../../lambdas/domain/prices/bundled-price-sheet.ts';
import { NEWEST_BUNDLED_PRICE } from '../../../../lambdas/domain/prices/newest-bundled-price.ts';
import { InMemoryArtifactStore } from '../../../fakes/in-memory-artifact-store.ts';

const KEY = 'prices/prices.csv';
const HEADER = 'service,product_family,match_set,pricing_match_set,price,price_type,ccy';
const ROW =
  'AmazonEC2,Compute Instance,type=aws_instance&values.instance_type=t3.micro,region=us-east-1&service_class=instance,0.0104,t,USD';
const dated = (date: string): string => `${HEADER}\n${ROW.replace('region=', `as_of=${date}&region=`)}`;

describe('the price sheet of an installation', () => {
  let artifacts: InMemoryArtifactStore;
  beforeEach(() => {
    artifacts = new InMemoryArtifactStore();
  });
  const find = () => findPriceSheet(artifacts, KEY);

  test('is the bundled one where nobody has put another', async () => {
    expect(await find()).toEqual({ sheet: BUNDLED_PRICE_SHEET });
  });

  test('is compared with the date that is kept beside the bundled prices', () => {
    expect(NEWEST_BUNDLED_PRICE).toBe(BUNDLED_PRICE_SHEET.newest);
  });

  test('is its own when the prices in it are newer than the bundled ones', async () => {
    artifacts.putText(KEY, dated('2027-01-01'));
    expect(await find()).toMatchObject({ sheet: { name: KEY, oldest: '2027-01-01' } });
  });

  test('is as old as the object where its rows carry no date', async () => {
    artifacts.modifiedAt = '2027-02-03T04:05:06.000Z';
    artifacts.putText(KEY, `${HEADER}\n${ROW}`);
    expect(await find()).toMatchObject({ sheet: { name: KEY, newest: '2027-02-03' } });
  });

  test('is the bundled one when its own is older, which is said', async () => {
    artifacts.putText(KEY, dated('2020-01-01'));
    expect(await find()).toEqual({
      sheet: BUNDLED_PRICE_SHEET,
      notice: `price sheet ${KEY} is older (2020-01-01) than the bundled one (2026-10-02), which is used`,
    });
  });

  test('is the bundled one when its own is malformed, which is said with the place', async () => {
    artifacts.putText(KEY, `${HEADER}\nx,y`);
    const { sheet, notice } = await find();
    expect(sheet).toBe(BUNDLED_PRICE_SHEET);
    expect(notice).toMatch(
      /^reading price sheet prices\/prices\.csv: line 2, column 4 .*; the bundled price sheet is used$/,
    );
  });

  test('is the bundled one when its own is too large to read, which is said', async () => {
    const getText = () => Promise.reject(new BuildResultError(`reading ${KEY}: 99999999 bytes are too many`));
    expect(await findPriceSheet({ getText }, KEY)).toEqual({
      sheet: BUNDLED_PRICE_SHEET,
      notice: `reading ${KEY}: 99999999 bytes are too many; the bundled price sheet is used`,
    });
  });

  test('is waited for when the bucket cannot be read for other reasons', async () => {
    const getText = () => Promise.reject(new Error('SlowDown'));
    await expect(findPriceSheet({ getText }, KEY)).rejects.toThrow('SlowDown');
  });
});
