import { brotliDecompressSync } from 'node:zlib';
import { BUNDLED_PRICES } from './bundled-prices.ts';
import { parsePriceSheet } from './price-sheet.ts';

/** The sheet that comes with Stagegate: `aws-on-demand.csv`, embedded by `node scripts/embed-prices.ts`. */
export const BUNDLED_PRICE_CSV: string = brotliDecompressSync(Buffer.from(BUNDLED_PRICES, 'base64')).toString('utf8');
export const BUNDLED_PRICE_SHEET = parsePriceSheet(BUNDLED_PRICE_CSV, { name: 'aws-on-demand.csv' });
