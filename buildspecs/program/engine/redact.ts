/** Texts shorter than this are removed only as whole words. Removed inside words, they would shred every message. */
const shortestSubstring = 4;

/** Returns every text in a value, at any depth. Numbers count if they are long enough to reveal something. */
export function textsOf(value: unknown): string[] {
  if (typeof value === 'string') return [value];
  if (typeof value === 'number') return String(value).length >= shortestSubstring ? [String(value)] : [];
  if (Array.isArray(value)) return value.flatMap(textsOf);
  return typeof value === 'object' && value !== null ? Object.values(value).flatMap(textsOf) : [];
}

const escapeForRegExp = (text: string) => text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');

/** Removes the secrets from a text, also where they are escaped, encoded, or split into lines. */
export function redact(text: string, secrets: readonly string[]): string {
  const forms = secrets.flatMap((secret) => [
    secret,
    ...secret.split('\n'),
    JSON.stringify(secret).slice(1, -1),
    encodeURIComponent(secret),
    Buffer.from(secret).toString('base64'),
    Buffer.from(secret).toString('base64').replace(/=+$/, ''),
  ]);
  const longestFirst = [...new Set(forms.map((form) => form.trim()))]
    .filter((form) => form !== '')
    .sort((a, b) => b.length - a.length);
  return longestFirst.reduce((redacted, form) => {
    if (form.length >= shortestSubstring) return redacted.replaceAll(form, '(sensitive)');
    return redacted.replace(new RegExp(`(?<![A-Za-z0-9])${escapeForRegExp(form)}(?![A-Za-z0-9])`, 'g'), '(sensitive)');
  }, text);
}
