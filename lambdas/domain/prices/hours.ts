/** Hours that AWS counts as a month. */
export const HOURS_PER_MONTH = 730;
