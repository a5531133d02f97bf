import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

const root = join(import.meta.dirname, '..', '..');
/** Only matters for a command that hangs: the end of a command is noticed at once. */
const PATIENCE_MS = 5 * 60_000;

/** Runs a command of the repository in its own process, with temporary files below `directory`. */
export class Command {
  stdout = '';
  stderr = '';
  readonly #child: ChildProcess;
  readonly #directory: string;
  readonly #ended: Promise<number | null>;
  #hasEnded = false;
  /** Called when the command has printed something or has ended. */
  readonly #watchers = new Set<() => void>();

  constructor(directory: string, args: readonly string[], environment: Readonly<Record<string, string>> = {}) {
    this.#directory = directory;
    const env = {
      ...process.env,
      ...environment,
      TMPDIR: directory,
      NODE_OPTIONS: '',
      // Commands of other tests use the same, as those of a user do.
      NODE_COMPILE_CACHE: join(tmpdir(), 'compile-cache'),
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

  /** Waits until a text is printed. If the command ends before, throws an error that shows its output. */
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

  /** Resolves to the exit code, or to null when a signal ended the command. */
  end(): Promise<number | null> {
    return this.#ended;
  }

  /**
   * Returns the command lines of the processes that use the directory of this command, including the command itself.
   */
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
          // The process has ended in the meantime.
          return [];
        }
      });
  }

  /** Waits until no process is left: the system needs some time to remove killed processes. */
  async leavesNoProcess(): Promise<void> {
    const deadline = performance.now() + PATIENCE_MS;
    for (let left = this.processes(); left.length > 0; left = this.processes()) {
      if (performance.now() > deadline) throw new Error(`the command has left:\n${left.join('\n')}`);
      await sleep(20);
    }
  }

  /** Ends the command if a failed test left it running. */
  async kill(): Promise<void> {
    if (this.#child.exitCode === null && this.#child.signalCode === null) this.send('SIGINT');
    await this.#ended;
  }
}
