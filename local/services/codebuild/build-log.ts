import { createWriteStream } from 'node:fs';
import { finished } from 'node:stream/promises';

/** More than any build prints that shows addresses and actions only. */
const largestLogBytes = 5 * 1024 * 1024;

/** The log of one build: everything its commands print, up to a limit. */
export interface BuildLog {
  write(text: Uint8Array | string): void;
  /** A line of CodeBuild's own. */
  note(text: string): void;
  close(): Promise<void>;
}

/** Opens the log file of a build. */
export function openBuildLog(file: string): BuildLog {
  const stream = createWriteStream(file, { flags: 'a', mode: 0o600 });
  const ended = finished(stream);
  // Who closes the log is told of it; until then a log that cannot be written (its disk is full) ends nothing else.
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
