/** What was looked at, and what came of it. */
export interface Check {
  /** What is checked: `CodeBuild quota`, `roles of dev1`. */
  readonly name: string;
  /** `unknown`: it cannot be checked from here, or not yet. */
  readonly result: 'ok' | 'problem' | 'unknown';
  /** What was found, or why nothing could be. */
  readonly text: string;
  /** What to do next; absent where nothing has to be done. */
  readonly next?: string;
}

export const ok = (name: string, text: string): Check => ({ name, result: 'ok', text });
export const problem = (name: string, text: string, next: string): Check => ({ name, result: 'problem', text, next });
export const unknown = (name: string, text: string, next?: string): Check => ({
  name,
  result: 'unknown',
  text,
  ...(next !== undefined && { next }),
});
