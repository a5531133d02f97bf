import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import type { Page } from 'playwright-core';
import * as z from 'zod';

const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
const ViolationsSchema = z.array(
  z.object({ id: z.string(), help: z.string(), nodes: z.array(z.object({ html: z.string() })) }),
);

/**
 * Returns what axe reports about a page, in words. The strict policy of the page forbids the script of axe, so the page
 * must be opened in a context with `bypassCSP`, which is for this check only.
 */
export async function violationsIn(page: Page): Promise<string[]> {
  await page.evaluate(AXE);
  const found = ViolationsSchema.parse(await page.evaluate('axe.run(document).then(({ violations }) => violations)'));
  return found.map(
    ({ id, help, nodes }) => `${id}: ${help}: ${nodes.map(({ html }) => html.slice(0, 200)).join(' | ')}`,
  );
}
