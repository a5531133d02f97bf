import { execFile } from 'node:child_process';
import { CommandError } from '../output/command-error.ts';

/** Milliseconds after which a repository that does not answer is given up. */
const LONGEST_MS = 5 * 60_000;
const MOST_BYTES = 64 * 1024 * 1024;

/** Protocols by which modules are fetched. Git also knows some that run commands. */
const PROTOCOLS = 'https:http:ssh:git:file';

interface GitRun {
  readonly cwd?: string;
  readonly variables?: NodeJS.ProcessEnv;
  /** Bytes for the standard input. */
  readonly input?: Buffer;
}

export interface GitResult {
  /** 0: done. Any other number is a "no", or a failure that `stderr` names. */
  readonly code: number;
  readonly stdout: Buffer;
  readonly stderr: string;
}

/** Runs git without asking anybody for a password. Throws CommandError if there is no git. */
export function runGit(args: readonly string[], { cwd, variables = {}, input }: GitRun = {}): Promise<GitResult> {
  const env = { ...process.env, GIT_TERMINAL_PROMPT: '0', GIT_ALLOW_PROTOCOL: PROTOCOLS, ...variables };
  const options = { cwd, env, timeout: LONGEST_MS, maxBuffer: MOST_BYTES, encoding: 'buffer' as const };
  return new Promise((resolve, reject) => {
    const child = execFile('git', [...args], options, (error, stdout, stderr) => {
      if (error?.code === 'ENOENT')
        reject(new CommandError('failed', 'git cannot be run', { nextStep: 'Install git, and try again.' }));
      else resolve({ code: error ? codeOf(error.code) : 0, stdout, stderr: stderr.toString() });
    });
    if (input !== undefined) child.stdin?.end(input);
  });
}

/** A program that was ended has no code of its own. */
const codeOf = (code: unknown): number => (typeof code === 'number' && code !== 0 ? code : 1);

/** Returns what git says on its standard output, or undefined if it says no. */
export async function askGit(args: readonly string[], run: GitRun = {}): Promise<string | undefined> {
  const { code, stdout } = await runGit(args, run);
  return code === 0 ? stdout.toString().trimEnd() : undefined;
}
