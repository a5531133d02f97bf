/** Date of the newest price in aws-on-demand.csv, written by `node scripts/embed-prices.ts`. */
export const NEWEST_BUNDLED_PRICE = '2026-10-02';
