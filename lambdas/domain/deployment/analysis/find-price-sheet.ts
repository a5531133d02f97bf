import { BuildResultError } from '../../errors.ts';
import type { ArtifactStore, StoredText } from '../../ports.ts';
import { NEWEST_BUNDLED_PRICE } from '../../prices/newest-bundled-price.ts';
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
    return stored ? await choose(key, stored) : { sheet: await bundled() };
  } catch (error) {
    if (!(error instanceof PriceSheetError || error instanceof BuildResultError)) throw error;
    return { sheet: await bundled(), notice: `${error.message}; the bundled price sheet is used` };
  }
}

/** Loads the table of list prices, a tenth of the analysis, only where it is used. */
const bundled = async (): Promise<PriceSheet> =>
  (await import('../../prices/bundled-price-sheet.ts')).BUNDLED_PRICE_SHEET;

async function choose(name: string, { text, modifiedAt }: StoredText): Promise<ChosenPriceSheet> {
  const sheet = parsePriceSheet(text, { name, date: modifiedAt.slice(0, 'YYYY-MM-DD'.length) });
  if (sheet.newest >= NEWEST_BUNDLED_PRICE) return { sheet };
  return {
    sheet: await bundled(),
    notice: `price sheet ${name} is older (${sheet.newest}) than the bundled one (${NEWEST_BUNDLED_PRICE}), which is used`,
  };
}
