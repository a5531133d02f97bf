import type { Log } from '../../lambdas/runtime/logger.ts';

/** Keeps every line as it would be written, to prove what is never in one. */
export class RecordingLog implements Log {
  readonly lines: string[] = [];
  #keys: object = {};

  appendKeys(keys: object): void {
    this.#keys = { ...this.#keys, ...keys };
  }

  info(...input: unknown[]): void {
    this.#write('INFO', input);
  }

  error(...input: unknown[]): void {
    this.#write('ERROR', input);
  }

  get text(): string {
    return this.lines.join('\n');
  }

  #write(level: string, input: readonly unknown[]): void {
    const withErrors = (_key: string, value: unknown) =>
      value instanceof Error
        ? { name: value.name, message: value.message, stack: value.stack, cause: value.cause }
        : value;
    this.lines.push(JSON.stringify({ level, ...this.#keys, input }, withErrors));
  }
}
