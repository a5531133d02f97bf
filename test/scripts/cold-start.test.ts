import { join } from 'node:path';
import { beforeAll, describe, expect, test } from '@jest/globals';
import { FUNCTIONS } from '../../lambdas/functions.ts';
import type { bundleFunctions } from '../../scripts/bundle.ts';
import { gzippedSizes, runCold, sumOf } from '../cold-start/cold-process.ts';
import { readFirst, startTableOfOne } from '../cold-start/first-read.ts';
import { functionBundles } from '../harness/bundles.ts';
import { httpEvent } from '../harness/http-event.ts';

/** What is loaded before a function can answer, counted in bytes and files by Node.js itself: no clock is looked at. */
describe('a cold start', () => {
  let directory: string;
  let modules: Awaited<ReturnType<typeof bundleFunctions>>;
  beforeAll(async () => {
    ({ directory, modules } = await functionBundles());
  });

  const bundleOf = (name: string) => join(directory, name);
  /** Packages with code in these files of a function. */
  const packagesIn = (name: string, files: Iterable<string>) =>
    new Set(
      [...files]
        .flatMap((file) => modules.get(file === 'index.mjs' ? `${name}.mjs` : file) ?? [])
        .flatMap((source) => /node_modules\/((?:@[^/]+\/)?[^/]+)\//.exec(source)?.[1] ?? []),
    );
  const sdkIn = (name: string, files: Iterable<string>) =>
    [...packagesIn(name, files)].filter((found) => /^@(aws-sdk|smithy)\//.test(found));

  /** Drawing the picture is what the page is there for. */
  const MOST_BYTES: Readonly<Record<string, number>> = { 'approval-page': 120_000 };

  test.each(Object.keys(FUNCTIONS))('of %s loads no SDK before it is asked anything', async (name) => {
    const { imported } = await runCold({ bundle: bundleOf(name), mode: 'count' });
    const sizes = gzippedSizes(imported.files, bundleOf(name));
    expect(sizes.size).toBeGreaterThan(1);
    expect(sdkIn(name, sizes.keys())).toEqual([]);
    expect(sumOf(sizes)).toBeLessThan(MOST_BYTES[name] ?? 90_000);
  });

  test('of analyze-plan loads the analysis only when a plan is analysed, and no SDK with it', async () => {
    const bundle = bundleOf('analyze-plan');
    const [chunk = ''] = [...modules].flatMap(([file, sources]) =>
      sources.includes('lambdas/domain/deployment/analysis/analyze-known-plan.ts') ? [file] : [],
    );
    const { imported } = await runCold({ bundle, mode: 'count', entry: chunk });
    const sizes = gzippedSizes(imported.files, bundle);
    expect(sizes.has(chunk)).toBe(true);
    expect(sdkIn('analyze-plan', sizes.keys())).toEqual([]);
    // Rules, with the records that they need. The table of list prices comes with the first plan that is priced by it.
    expect(sumOf(sizes)).toBeLessThan(120_000);
    const [prices = ''] = [...modules].flatMap(([file, sources]) =>
      sources.includes('lambdas/domain/prices/bundled-prices.ts') ? [file] : [],
    );
    expect(sizes.has(prices)).toBe(false);
    const table = await runCold({ bundle, mode: 'count', entry: prices });
    expect(gzippedSizes(table.imported.files, bundle).get(prices)).toBeLessThan(12_000);
    const atOnce = (await runCold({ bundle, mode: 'count' })).imported.files;
    expect([...gzippedSizes(atOnce, bundle).keys()]).not.toContain(chunk);
  });

  test('answers GET /health without the SDK, the domain or another operation', async () => {
    const event = httpEvent({ method: 'GET', path: '/health' });
    const { answered, response } = await runCold({ bundle: bundleOf('open'), mode: 'count', event });
    expect(response).toMatchObject({ statusCode: 200, body: '{"status":"ok"}' });
    const sizes = gzippedSizes(answered.files, bundleOf('open'));
    const sources = [...sizes.keys()].flatMap((file) => modules.get(file === 'index.mjs' ? 'open.mjs' : file) ?? []);
    expect(sdkIn('open', sizes.keys())).toEqual([]);
    expect(sources.filter((source) => source.startsWith('lambdas/domain/'))).toEqual([
      'lambdas/domain/errors.ts',
      'lambdas/domain/contract/installation.ts',
    ]);
    expect(sumOf(sizes)).toBeLessThan(50_000);
  });

  test('answers its first read having loaded at most 97 KB, and no client of the SDK', async () => {
    const table = await startTableOfOne();
    try {
      const { answered } = await readFirst(bundleOf('read'), 'count', table);
      const sizes = gzippedSizes(answered.files, bundleOf('read'));
      expect(sumOf(sizes)).toBeLessThanOrEqual(97_000);
      expect(sdkIn('read', sizes.keys())).toContain('@smithy/signature-v4');
      expect(sdkIn('read', sizes.keys()).filter((found) => /\/(client|lib)-/.test(found))).toEqual([]);
      expect(table.requests.map(({ action }) => action)).toEqual(['GetItem', 'BatchGetItem']);
    } finally {
      await table.close();
    }
  });
});
