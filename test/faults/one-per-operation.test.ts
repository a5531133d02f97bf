import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { isExpected } from './expectations.ts';
import { type Finding, oneFaultPerOperation, Trials } from './matrix.ts';
import { type AwsOperation, nameOf } from './operations.ts';
import { documentedRows } from './table.ts';

/** Every operation of a promotion fails once. `npm run test:faults` tries all kinds of faults and long outages. */
describe('a promotion while every operation of AWS fails once', () => {
  const trials = new Trials(() => undefined);
  let operations: readonly AwsOperation[];
  let findings: readonly Finding[];

  beforeAll(async () => {
    operations = await trials.record();
    findings = await trials.run(oneFaultPerOperation(operations));
  });
  afterAll(() => trials.stop());

  test('goes its way, loses nothing and applies nothing twice', () => {
    expect(findings.filter((finding) => !isExpected(finding))).toEqual([]);
    expect(findings.map(({ operation }) => operation).sort()).toEqual(operations.map(nameOf));
  });

  test('calls the operations of docs/faults.md, where the outcome of every fault is', () => {
    expect(operations.map(nameOf)).toEqual([...documentedRows().keys()]);
  });
});
