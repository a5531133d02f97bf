import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import type { Page } from 'playwright-core';
import * as z from 'zod';

const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
const ViolationsSchema = z.array(
  z.object({ id: z.string(), help: z.string(), nodes: z.array(z.object({ html: z.string() })) }),
);

/**
 * What axe holds against a page, in words. The page's strict policy forbids the script that looks: it is set aside for
 * the look (a context with `bypassCSP`), and for nothing else.
 */
export async function violationsIn(page: Page): Promise<string[]> {
  await page.evaluate(AXE);
  const found = ViolationsSchema.parse(await page.evaluate('axe.run(document).then(({ violations }) => violations)'));
  return found.map(
    ({ id, help, nodes }) => `${id}: ${help}: ${nodes.map(({ html }) => html.slice(0, 200)).join(' | ')}`,
  );
}
