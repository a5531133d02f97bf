const MOST_TOLD = 5;
/** Characters of the paths in a message, which is cut: what to do about them has to be told, too. */
const MOST_CHARACTERS = 350;

/** Returns the first of several paths for a message, at least one, and how many more there are. */
export function tellPaths<Path>(paths: readonly Path[], tell: (path: Path) => string): string {
  const told = paths.slice(0, MOST_TOLD).map(tell);
  while (told.length > 1 && told.join(', ').length > MOST_CHARACTERS) told.pop();
  const left = paths.length - told.length;
  return `${told.join(', ').slice(0, MOST_CHARACTERS)}${left > 0 ? ` and ${left} more` : ''}`;
}
