import { BuildResultError } from '../../errors.ts';
import type { ArtifactStore, StoredText } from '../../ports.ts';
import { BUNDLED_PRICE_SHEET } from '../../prices/bundled-price-sheet.ts';
import { type PriceSheet, PriceSheetError, parsePriceSheet } from '../../prices/price-sheet.ts';

export interface ChosenPriceSheet {
  readonly sheet: PriceSheet;
  /** Tells the readers of the analysis why the stored sheet is not used. */
  readonly notice?: string;
}

/**
 * Returns the price sheet in the artifact bucket if its prices are at least as new as the bundled ones, otherwise the
 * bundled sheet. The notice reports a stored sheet that is older or cannot be read: a broken sheet must not stop a
 * deployment, and must not go unnoticed.
 */
export async function findPriceSheet(
  artifacts: Pick<ArtifactStore, 'getText'>,
  key: string,
): Promise<ChosenPriceSheet> {
  try {
    const stored = await artifacts.getText(key);
    return stored ? choose(key, stored) : { sheet: BUNDLED_PRICE_SHEET };
  } catch (error) {
    if (!(error instanceof PriceSheetError || error instanceof BuildResultError)) throw error;
    return { sheet: BUNDLED_PRICE_SHEET, notice: `${error.message}; the bundled price sheet is used` };
  }
}

function choose(name: string, { text, modifiedAt }: StoredText): ChosenPriceSheet {
  const sheet = parsePriceSheet(text, { name, date: modifiedAt.slice(0, 'YYYY-MM-DD'.length) });
  if (sheet.newest >= BUNDLED_PRICE_SHEET.newest) return { sheet };
  return {
    sheet: BUNDLED_PRICE_SHEET,
    notice: `price sheet ${name} is older (${sheet.newest}) than the bundled one (${BUNDLED_PRICE_SHEET.newest}), which is used`,
  };
}
