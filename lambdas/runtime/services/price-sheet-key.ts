import * as z from 'zod';
import { service } from './service-set.ts';

/** The key of the installation's own price sheet in the artifact bucket. */
export const priceSheetKey = service({ PRICE_SHEET_KEY: z.string().min(1) }, ({ PRICE_SHEET_KEY }) => ({
  priceSheetKey: PRICE_SHEET_KEY,
}));
