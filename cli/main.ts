import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { createInterface } from 'node:readline/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import * as z from 'zod';
import { runCommandLine } from './frame/run-command-line.ts';
import type { Surroundings, Terminal } from './frame/surroundings.ts';
import { LiveText } from './output/live-text.ts';

/** The command `stagegate`: binds the command line to the process. */

const interruption = new AbortController();
process.on('SIGINT', () => {
  // The second Ctrl-C is for whatever did not stop with the first.
  if (interruption.signal.aborted) process.exit(130);
  interruption.abort();
});
// A reader that has seen enough, such as `head`, closes the pipe.
process.stdout.on('error', (error: NodeJS.ErrnoException) => process.exit(error.code === 'EPIPE' ? 0 : 1));

// Some terminals do not say how wide they are.
const columns = process.stdout.columns || 80;
const live = new LiveText(columns, (text) => process.stdout.write(text));

function terminalOf(): Terminal | undefined {
  if (!process.stdin.isTTY || !process.stdout.isTTY) return undefined;
  return {
    columns,
    hasColors: !process.env.NO_COLOR,
    async ask(question) {
      const reader = createInterface({ input: process.stdin, output: process.stderr });
      // At a prompt, Ctrl-C and the end of the input mean no.
      const closed = new Promise<string>((resolve) => reader.once('close', () => resolve('')));
      try {
        return await Promise.race([reader.question(question), closed]);
      } finally {
        reader.close();
      }
    },
    redraw: (text) => live.redraw(text),
  };
}

/** Starts the program that the system opens addresses with. */
async function openBrowser(url: string): Promise<boolean> {
  const [program, ...before] = process.platform === 'darwin' ? ['open'] : ['xdg-open'];
  if (process.platform !== 'darwin' && !process.env.DISPLAY && !process.env.WAYLAND_DISPLAY) return false;
  return new Promise((resolve) => {
    const child = spawn(program ?? '', [...before, url], { stdio: 'ignore', detached: true });
    child.once('error', () => resolve(false));
    child.once('spawn', () => {
      child.unref();
      resolve(true);
    });
  });
}

/** The version of the package, whose bundle is `dist/stagegate.js`. */
const { version } = z
  .object({ version: z.string() })
  .parse(JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')));

const surroundings: Surroundings = {
  version,
  environment: process.env,
  directory: process.cwd(),
  homeDirectory: homedir(),
  print(text) {
    live.leave();
    process.stdout.write(text);
  },
  complain(text) {
    live.leave();
    process.stderr.write(text);
  },
  terminal: terminalOf(),
  now: () => new Date(),
  sleep: (milliseconds) =>
    sleep(milliseconds, undefined, { signal: interruption.signal }).catch(() => {
      // Interrupted: whoever waits looks at the signal.
    }),
  interrupted: interruption.signal,
  openBrowser,
};

process.exitCode = await runCommandLine(process.argv.slice(2), surroundings);
