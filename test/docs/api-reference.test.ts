import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import { ROUTES } from '../../lambdas/api/routes.ts';

// Operations ask for it as they are loaded; a function has it from Lambda.
process.env.AWS_LAMBDA_FUNCTION_NAME ??= 'stagegate-open';
const { apiDocument } = await import('../../lambdas/api/get-openapi.ts');
const { referencePage } = await import('../../scripts/api/reference-page.ts');

const kept = readFileSync(join(import.meta.dirname, '..', '..', 'docs', 'api-reference.md'), 'utf8');

test('docs/api-reference.md is what the document says: `npm run reference` keeps it', async () => {
  expect(kept).toBe(referencePage(await apiDocument()));
});

test('the reference has each route once', () => {
  for (const [key, { role }] of Object.entries(ROUTES))
    expect(kept.split('\n').filter((line) => line === `\`${key}\``)).toHaveLength(role === 'build' ? 0 : 1);
});
