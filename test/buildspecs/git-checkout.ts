import { execFileSync } from 'node:child_process';
import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { listNotCheckedOut } from '../../buildspecs/program/source/not-checked-out.ts';
import { ProgramRun } from './program-runs.ts';

const IDENTITY = ['-c', 'user.name=Ada', '-c', 'user.email=ada@example.com', '-c', 'commit.gpgsign=false'];

/** Names are text, or bytes for names that no text has. */
type Name = string | Buffer;

/** A run whose checkout is a git repository, whose commits the program lists with git itself. */
export class GitCheckout extends ProgramRun {
  override notCheckedOut = listNotCheckedOut;

  constructor(files: ConstructorParameters<typeof ProgramRun>[0] = {}) {
    super(files);
    this.git('init', '--quiet');
  }

  git(...parameters: readonly string[]): string {
    return execFileSync('git', ['-C', this.checkout, ...IDENTITY, ...parameters], {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'pipe'],
    }).trim();
  }

  /** Writes a file, or a link, under any name that the operating system takes. */
  writeBytes(name: Name, content: string | { readonly link: Name } = 'x'): void {
    const file = Buffer.concat([Buffer.from(`${this.checkout}/`), Buffer.from(name)]);
    mkdirSync(file.subarray(0, file.lastIndexOf('/')), { recursive: true });
    if (typeof content === 'string') writeFileSync(file, content);
    else symlinkSync(content.link, file);
  }

  /** Makes a submodule as a checkout has it: a commit in the index, and an empty directory. */
  submodule(path: Name): void {
    const entry = Buffer.concat([Buffer.from(`160000 ${'1'.repeat(40)}\t`), Buffer.from(path), Buffer.from('\0')]);
    execFileSync('git', ['-C', this.checkout, 'update-index', '-z', '--index-info'], { input: entry });
    mkdirSync(Buffer.concat([Buffer.from(`${this.checkout}/`), Buffer.from(path)]), { recursive: true });
  }

  /** Commits all files and submodules, and returns the commit. */
  commit(): string {
    this.git('add', '--all', '--ignore-errors', ':/');
    this.git('commit', '--quiet', '--allow-empty', '-m', 'A commit');
    return this.git('rev-parse', 'HEAD');
  }

  /** Commits, and plans the commit. Objects of a run are written once, so each plan is the first of its run. */
  async planCommit(more: Readonly<Record<string, string>> = {}) {
    this.artifacts.objects.clear();
    return this.plan({ STAGEGATE_COMMIT: this.commit(), ...more });
  }
}
