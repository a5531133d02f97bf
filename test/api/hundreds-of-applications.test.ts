import { expect, test } from '@jest/globals';
import { measurePipelines } from '../bench/pipelines.ts';

/** On the real table, because it decides how many requests the reads become. */
test('four requests show the pipelines of 300 applications, and each needs few requests to the table', async () => {
  const measured = await measurePipelines(300);
  expect(measured).toMatchObject({ summarized: 300, waiting: 60, table: { writeUnits: 0 } });
  // Three full pages; DynamoDB knows that nothing is left only after an empty one.
  expect(measured.requests).toBeLessThanOrEqual(4);
  // Of each page: the applications, 600 records of environments by a hundred, and what is under way.
  expect(measured.table.requests).toBeLessThanOrEqual(3 * (1 + 6 + 2) + 1);
  expect(measured.answerBytes / measured.requests).toBeLessThan(1_000_000);
}, 60_000);
