/** What access logs may say about a request, by the name behind `$context.`. */
export type AccessFacts = Readonly<Record<string, string | number | undefined>>;

/** Fills in an access log format; a variable without a value reads `-`, as on AWS. */
export function formatAccessLog(format: string, facts: AccessFacts): string {
  return format.replace(/\$context\.([\w.]*\w)/g, (_, name: string) => String(facts[name] ?? '-'));
}
