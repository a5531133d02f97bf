/** The values that an access log can contain for a request, by the name after `$context.`. */
export type AccessFacts = Readonly<Record<string, string | number | undefined>>;

/** Fills in an access log format. As on AWS, a variable without a value becomes `-`. */
export function formatAccessLog(format: string, facts: AccessFacts): string {
  return format.replace(/\$context\.([\w.]*\w)/g, (_, name: string) => String(facts[name] ?? '-'));
}
