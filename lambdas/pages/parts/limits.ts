/** Limits of what a page can hold and a person can read. */

/** The most entries that are shown with all their details. */
export const MOST_DETAILED = 150;
/** The most further entries that are listed by name. */
export const MOST_LISTED = 2000;
/** The most attributes or names per entry. */
export const MOST_ATTRIBUTES = 40;
/** The most characters of one value. */
export const MOST_CHARACTERS = 300;
