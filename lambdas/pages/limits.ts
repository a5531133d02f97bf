/** What a page can hold, and a person read. */

/** Entries shown with everything about them. */
export const MOST_DETAILED = 150;
/** Further ones are listed by name. */
export const MOST_LISTED = 2000;
/** Attributes or names per entry. */
export const MOST_ATTRIBUTES = 40;
/** Characters of one value. */
export const MOST_CHARACTERS = 300;
