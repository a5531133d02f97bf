/** Returns the parts of a comma-separated variable, and none for an empty text. */
export const listed = (text: string): string[] => text.split(',').filter(Boolean);
