const compiled = new Map<string, RegExp>();

/** Characters that represent a literal `*` and `?` inside a pattern; no ARN contains them. */
const LITERAL_STAR = '\u{e000}';
const LITERAL_QUESTION = '\u{e001}';

/** Returns a pattern that matches only `text`. */
export function literalPattern(text: string): string {
  return text.replaceAll('*', LITERAL_STAR).replaceAll('?', LITERAL_QUESTION);
}

/** Matches `*` (any characters) and `?` (exactly one character) against the whole text, case-sensitively. */
export function matchesWildcard(pattern: string, text: string): boolean {
  let expression = compiled.get(pattern);
  if (!expression) {
    const source = pattern
      .replace(/[.+^${}()|[\]\\]/g, '\\$&')
      .replaceAll('*', '.*')
      .replaceAll('?', '.');
    expression = new RegExp(`^${source}$`, 's');
    compiled.set(pattern, expression);
  }
  return expression.test(text);
}

/** Returns the six parts of an ARN; the last part keeps its own colons. Undefined when the text is not an ARN. */
export function arnParts(arn: string): readonly string[] | undefined {
  const parts = arn.split(':');
  return parts.length >= 6 && parts[0] === 'arn' ? [...parts.slice(0, 5), parts.slice(5).join(':')] : undefined;
}

/** Matches ARNs as IAM does, part by part: a wildcard never matches across one of the first five colons. */
export function matchesArn(pattern: string, arn: string): boolean {
  if (pattern === '*') return true;
  const patternParts = arnParts(pattern);
  const parts = arnParts(arn);
  if (!patternParts || !parts) return false;
  return patternParts.every((part, index) => matchesWildcard(part, parts[index] ?? ''));
}
