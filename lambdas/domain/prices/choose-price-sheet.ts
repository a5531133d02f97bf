import { BUNDLED_PRICE_SHEET } from './bundled-price-sheet.ts';
import { type PriceSheet, PriceSheetError, parsePriceSheet } from './price-sheet.ts';

export interface ChosenPriceSheet {
  readonly sheet: PriceSheet;
  /** Why another sheet than the stored one is used, for the analysis. */
  readonly notices: readonly string[];
}

/**
 * The sheet an installation keeps for itself if its prices are newer than the bundled ones. One that cannot be read or
 * is older is not used, and the estimate says so: a broken sheet must stop no deployment.
 */
export function choosePriceSheet(
  stored: { readonly name: string; readonly csv: string; readonly date?: string } | undefined,
): ChosenPriceSheet {
  if (!stored) return { sheet: BUNDLED_PRICE_SHEET, notices: [] };
  try {
    const { name, csv, date } = stored;
    const sheet = parsePriceSheet(csv, { name, ...(date && { date }) });
    if (sheet.newest >= BUNDLED_PRICE_SHEET.newest) return { sheet, notices: [] };
    return bundled(
      `price sheet ${name} is older (${sheet.newest}) than the bundled one (${BUNDLED_PRICE_SHEET.newest}), which is used`,
    );
  } catch (error) {
    if (!(error instanceof PriceSheetError)) throw error;
    return bundled(`${error.message}; the bundled sheet is used`);
  }
}

const bundled = (notice: string): ChosenPriceSheet => ({ sheet: BUNDLED_PRICE_SHEET, notices: [notice] });
