import { quotePath } from '../engine/plan-file/strict-text.ts';

const MOST_TOLD = 5;
/** Characters of the paths in a message, which is cut: what to do about them has to be told, too. */
const MOST_CHARACTERS = 350;

/** Returns the first of several paths for a message, at least one, and how many more there are. */
export function tellPaths(paths: readonly string[], tell: (path: string) => string = quotePath): string {
  const told: string[] = [];
  let characters = 0;
  for (const text of paths.slice(0, MOST_TOLD).map(tell)) {
    characters += text.length;
    if (told.length > 0 && characters > MOST_CHARACTERS) break;
    told.push(text);
  }
  const left = paths.length - told.length;
  return `${told.join(', ')}${left > 0 ? ` and ${left} more` : ''}`;
}
