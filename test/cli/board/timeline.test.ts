import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import { EVENT_IN_WORDS } from '../../../cli/board/deployment/timeline.ts';
import { ENDING_NAMES } from '../../../lambdas/domain/endings.ts';
import { ROOT } from '../../docs/documents.ts';

/** Types of events that the domain writes out where it records them: `recordEvent(transaction, surroundings, id, 'planned')`. */
const CALL = /recordEvent\(\s*transaction,\s*[\w.]+,\s*[\w.]+,\s*([^,)]+)/g;

test('every event that the domain records has words in the timeline', () => {
  const domain = join(ROOT, 'lambdas', 'domain');
  const calls = readdirSync(domain, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.ts'))
    .flatMap((name) => [...readFileSync(join(domain, name), 'utf8').matchAll(CALL)].map(([, type = '']) => type));
  const written = calls.flatMap((type) => [...type.matchAll(/'([a-z-]+)'/g)].map(([, literal = '']) => literal));
  expect(written.length).toBeGreaterThan(20);
  const types = new Set([...written, ...ENDING_NAMES, 'approved', 'rejected', 'approvals-carried', 'approvals-voided']);
  expect([...types].filter((type) => !Object.hasOwn(EVENT_IN_WORDS, type))).toEqual([]);
});
