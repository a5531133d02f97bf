/** The parts of a comma-separated variable; none of an empty one. */
export const listed = (text: string): string[] => text.split(',').filter(Boolean);
