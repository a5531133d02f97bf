import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

const root = join(import.meta.dirname, '..', '..');
/** Of interest only where a command hangs: one that ends is told at once. */
const PATIENCE_MS = 5 * 60_000;

/** A command of the repository in a process of its own, with temporary files below `directory`. */
export class Command {
  stdout = '';
  stderr = '';
  readonly #child: ChildProcess;
  readonly #directory: string;
  readonly #ended: Promise<number | null>;
  #hasEnded = false;
  /** Called when it has printed something more, or ended. */
  readonly #watchers = new Set<() => void>();

  constructor(directory: string, args: readonly string[], environment: Readonly<Record<string, string>> = {}) {
    this.#directory = directory;
    const env = {
      ...process.env,
      ...environment,
      TMPDIR: directory,
      NODE_OPTIONS: '',
      NODE_DISABLE_COMPILE_CACHE: '1',
    };
    this.#child = spawn(process.execPath, args, { cwd: root, env, stdio: ['ignore', 'pipe', 'pipe'] });
    this.#child.stdout?.on('data', (chunk) => {
      this.stdout += chunk;
      this.#tell();
    });
    this.#child.stderr?.on('data', (chunk) => {
      this.stderr += chunk;
      this.#tell();
    });
    this.#ended = once(this.#child, 'close').then(([code]) => {
      this.#hasEnded = true;
      this.#tell();
      return code;
    });
  }

  #tell(): void {
    for (const watch of this.#watchers) watch();
  }

  /** Waits until a text was printed; an end without it is an error that shows what was printed. */
  async prints(wanted: RegExp): Promise<RegExpExecArray> {
    const printed = Promise.withResolvers<RegExpExecArray>();
    const giveUp = () =>
      printed.reject(new Error(`the command never printed ${wanted}:\n${this.stdout}\n${this.stderr}`));
    const look = () => {
      const found = wanted.exec(this.stdout + this.stderr);
      if (found) printed.resolve(found);
      else if (this.#hasEnded) giveUp();
    };
    const timer = setTimeout(giveUp, PATIENCE_MS);
    this.#watchers.add(look);
    look();
    return printed.promise.finally(() => {
      clearTimeout(timer);
      this.#watchers.delete(look);
    });
  }

  send(signal: 'SIGINT' | 'SIGKILL'): void {
    this.#child.kill(signal);
  }

  /** The exit code, or null when a signal ended it. */
  end(): Promise<number | null> {
    return this.#ended;
  }

  /** Command lines of the processes that work below the directory of this command, its own included. */
  processes(): string[] {
    return readdirSync('/proc')
      .filter((name) => /^\d+$/.test(name))
      .flatMap((id) => {
        try {
          const line = readFileSync(`/proc/${id}/cmdline`, 'utf8').replaceAll('\0', ' ').trim();
          const isOurs =
            line.includes(this.#directory) ||
            readlinkSync(`/proc/${id}/cwd`).startsWith(this.#directory) ||
            readFileSync(`/proc/${id}/environ`, 'utf8').includes(this.#directory);
          return isOurs && line !== '' ? [line] : [];
        } catch {
          // It has ended meanwhile.
          return [];
        }
      });
  }

  /** Waits until none is left: what was killed at the end is gone when the system gets to it. */
  async leavesNoProcess(): Promise<void> {
    const deadline = performance.now() + PATIENCE_MS;
    for (let left = this.processes(); left.length > 0; left = this.processes()) {
      if (performance.now() > deadline) throw new Error(`the command has left:\n${left.join('\n')}`);
      await sleep(20);
    }
  }

  /** Ends whatever a failed test left behind. */
  async kill(): Promise<void> {
    if (this.#child.exitCode === null && this.#child.signalCode === null) this.send('SIGINT');
    await this.#ended;
  }
}
