import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';

/** A git repository for one test. */
export interface GitRepository {
  readonly directory: string;
  /** Writes the files (a text, or a link's target as `{ link }`) and commits everything; returns the commit. */
  commit(files: Readonly<Record<string, string | { link: string }>>, message?: string): string;
  git(...parameters: string[]): string;
  remove(): void;
}

export function createGitRepository(): GitRepository {
  const directory = mkdtempSync(join(tmpdir(), 'stagegate-repository-'));
  const git = (...parameters: string[]) =>
    execFileSync(
      'git',
      [
        '-C',
        directory,
        '-c',
        'user.name=Ada',
        '-c',
        'user.email=ada@example.com',
        '-c',
        'commit.gpgsign=false',
        ...parameters,
      ],
      { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] },
    ).trim();
  git('init', '--quiet', '--initial-branch=main');
  return {
    directory,
    git,
    commit(files, message = 'change') {
      for (const [name, content] of Object.entries(files)) {
        const file = join(directory, name);
        mkdirSync(dirname(file), { recursive: true });
        rmSync(file, { force: true });
        if (typeof content === 'string') writeFileSync(file, content);
        else symlinkSync(content.link, file);
      }
      git('add', '--all', '--force');
      git('commit', '--quiet', '--allow-empty', '-m', message);
      return git('rev-parse', 'HEAD');
    },
    remove: () => rmSync(directory, { recursive: true, force: true }),
  };
}
