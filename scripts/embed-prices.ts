/** Writes `aws-on-demand.csv` into the module from which bundles read it. To be run after every change of the sheet. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { brotliCompressSync, constants } from 'node:zlib';
import { parsePriceSheet } from '../lambdas/domain/prices/price-sheet.ts';

const folder = join(import.meta.dirname, '..', 'lambdas', 'domain', 'prices');
const csv = readFileSync(join(folder, 'aws-on-demand.csv'), 'utf8');
const sheet = parsePriceSheet(csv, { name: 'aws-on-demand.csv' });
const lines =
  // A quarter smaller than gzip makes it, and every cold start of the analysis loads it.
  brotliCompressSync(csv, { params: { [constants.BROTLI_PARAM_LGWIN]: constants.BROTLI_MAX_WINDOW_BITS } })
    .toString('base64')
    .match(/.{1,110}/g) ?? [];
writeFileSync(
  join(folder, 'bundled-prices.ts'),
  `/** Generated from aws-on-demand.csv by \`node scripts/embed-prices.ts\`: Brotli, base64. */\nexport const BUNDLED_PRICES = \`\n${lines.join('\n')}\n\`;\n`,
);
// A date of its own, so that an installation with newer prices does not load the table.
writeFileSync(
  join(folder, 'newest-bundled-price.ts'),
  `/** Date of the newest price in aws-on-demand.csv, written by \`node scripts/embed-prices.ts\`. */\nexport const NEWEST_BUNDLED_PRICE = '${sheet.newest}';\n`,
);
console.log(`embedded ${sheet.size} prices, the oldest of ${sheet.oldest}`);
