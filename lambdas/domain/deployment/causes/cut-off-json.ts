/**
 * Parses JSON that was cut off somewhere, as Step Functions cuts off a long cause: closes what is open after the last
 * value that is complete. Returns undefined if nothing is left, or if the text is no JSON.
 */
export function parseCutOffJson(text: string): unknown {
  const open: string[] = [];
  let whole: { readonly end: number; readonly closing: string } | undefined;
  let isText = false;
  for (let at = 0; at < text.length; at += 1) {
    const character = text[at];
    if (isText) {
      if (character === '\\') at += 1;
      else if (character === '"') isText = false;
      continue;
    }
    if (character === '"') isText = true;
    else if (character === '{' || character === '[') open.push(character === '{' ? '}' : ']');
    else if (character === '}' || character === ']') open.pop();
    // A value is complete where another one begins or its parent ends.
    if (character === ',' || character === '}' || character === ']')
      whole = { end: character === ',' ? at : at + 1, closing: open.toReversed().join('') };
  }
  if (!whole) return undefined;
  try {
    return JSON.parse(`${text.slice(0, whole.end)}${whole.closing}`);
  } catch {
    return undefined;
  }
}
