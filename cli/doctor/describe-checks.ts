import type { Check } from './check.ts';

const WORDS: Readonly<Record<Check['result'], string>> = { ok: 'ok', problem: 'PROBLEM', unknown: 'not checked' };

/** The checks as text for people, each with what to do next. */
export function describeChecks({ checks }: { readonly checks: readonly Check[] }): string {
  const lines = checks.flatMap(({ name, result, text, next }) => [
    `${WORDS[result].padEnd(11)}  ${name}: ${text}`,
    ...(next === undefined ? [] : [`${' '.repeat(13)}${next}`]),
  ]);
  const problems = checks.filter(({ result }) => result === 'problem').length;
  return [...lines, '', problems === 0 ? 'No problem was found.' : `Problems: ${problems}.`].join('\n');
}
