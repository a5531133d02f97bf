import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import * as tables from '../../lambdas/api/operations.ts';
import { ROUTES } from '../../lambdas/api/routes.ts';
import { ProblemSchema } from '../../lambdas/runtime/http-errors.ts';
import type { Operation, OperationLoader } from '../../lambdas/runtime/operation.ts';
import type { Example } from './example-recorder.ts';
import { tellStory } from './example-story.ts';

const FILE = join(import.meta.dirname, '..', '..', 'lambdas', 'api', 'document', 'examples.json');
/** What `npm run examples` sets, to keep what the API answers now. */
const IS_RENEWAL = process.env.STAGEGATE_KEEP_EXAMPLES === '1';

const made = await tellStory();
const text = `${JSON.stringify(made, null, 2)}\n`;
if (IS_RENEWAL) writeFileSync(FILE, text);

/** Routes without an example: pages, what only builds ask, and the document that has the examples. */
const WITHOUT = ['GET /openapi.json', 'GET /approvals/{token}', 'POST /approvals/{token}', 'POST /builds/credentials'];

const LOADERS: Readonly<Record<string, OperationLoader<never>>> = Object.assign({}, ...Object.values(tables));
const all = Object.entries(made).flatMap(([key, examples]) =>
  examples.map((example): [string, Example] => [key, example]),
);

describe('the examples of the API', () => {
  test('are what the API answers now: renew them with `npm run examples`', () => {
    expect(readFileSync(FILE, 'utf8')).toBe(text);
  });

  test('show each operation that people may call, with an answer that is no problem', () => {
    const shown = Object.entries(made).flatMap(([key, examples]) =>
      examples.some(({ status }) => status < 300) ? [key] : [],
    );
    expect([...shown, ...WITHOUT].sort()).toEqual(Object.keys(ROUTES).sort());
  });

  test.each(all)('%s fits its schemas', async (key, { request, status, body }) => {
    const operation: Operation<never> | undefined = await LOADERS[key]?.();
    if (!operation) throw new Error(`no operation serves ${key}`);
    const { input, answers } = operation;
    if (status !== 400) {
      expect(input.path?.safeParse(request.path).success ?? true).toBe(true);
      expect(input.query?.safeParse(request.query ?? {}).success ?? true).toBe(true);
      expect(input.body?.safeParse(request.body).success ?? true).toBe(true);
    }
    const schema = status < 300 ? answers[status] : ProblemSchema;
    expect(schema?.parse(body)).toEqual(body);
  });

  test('name nobody', () => {
    const others = text.match(/[\w.]+@[\w.]+/g)?.filter((address) => !/@(example|github)\.com$/.test(address));
    expect(others).toEqual([]);
  });
});
