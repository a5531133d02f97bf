import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { RISK_RULES } from '../../../lambdas/domain/plan/risk-rules.ts';
import { SAFEGUARD_RULES } from '../../../lambdas/domain/plan/safeguards-schema.ts';
import { lossOf, STATEFUL_TYPES } from '../../../lambdas/domain/plan/stateful-kinds.ts';
import { USAGE_TABLE } from '../../../lambdas/domain/prices/assumed-usage.ts';

const read = (name: string): string => readFileSync(join(import.meta.dirname, '..', '..', '..', 'docs', name), 'utf8');

describe('the documentation lists what the code does', () => {
  const analysis = read('plan-analysis.md');

  test.each(RISK_RULES.map(({ rule, level, points }) => [rule, level, points] as const))(
    'rule %s: %s, %s points',
    (rule, level, points) => {
      expect(analysis).toContain(`| \`${rule}\` | ${level} | ${points} | `);
    },
  );

  test('every safeguard', () => {
    for (const rule of SAFEGUARD_RULES) expect(analysis).toContain(`\`${rule}\``);
  });

  test('every kind that holds data, beside what is lost with it', () => {
    for (const type of STATEFUL_TYPES) {
      const loses = lossOf(type, { engine: 'redis' });
      expect(analysis.split('\n').find((line) => line.startsWith(`| ${loses} |`))).toContain(`\`${type}\``);
    }
  });

  test('every assumed use', () => {
    const prices = read('price-sheet.md');
    for (const { type, on, typical, what } of USAGE_TABLE)
      expect(prices).toContain(`| \`${type}\` | ${on} | ${typical} ${what} |`);
  });
});
