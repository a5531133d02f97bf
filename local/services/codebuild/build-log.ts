import { createWriteStream } from 'node:fs';
import { finished } from 'node:stream/promises';

/** Larger than the log of any build that prints only addresses and actions. */
const largestLogBytes = 5 * 1024 * 1024;

/** The log of one build: everything that its commands print, up to a limit. */
export interface BuildLog {
  write(text: Uint8Array | string): void;
  /** Writes a line of CodeBuild's own. */
  note(text: string): void;
  close(): Promise<void>;
}

/** Opens the log file of a build. */
export function openBuildLog(file: string): BuildLog {
  const stream = createWriteStream(file, { flags: 'a', mode: 0o600 });
  const ended = finished(stream);
  // `close` reports this error. Until then, a log that cannot be written (because the disk is full) must not end
  // anything else.
  ended.catch(() => {});
  let written = 0;
  const write = (text: Uint8Array | string) => {
    if (written >= largestLogBytes) return;
    const bytes = typeof text === 'string' ? Buffer.from(text) : text;
    written += bytes.length;
    stream.write(bytes);
    if (written >= largestLogBytes)
      stream.write(`\n[Container] the log ends here: it is longer than ${largestLogBytes} bytes\n`);
  };
  return {
    write,
    note: (text) => write(`[Container] ${new Date().toISOString()} ${text}\n`),
    async close() {
      stream.end();
      await ended;
    },
  };
}
