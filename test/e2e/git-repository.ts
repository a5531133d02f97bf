import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** What a commit puts at a path: a text, a link with its target, or a submodule at a commit; null deletes the path. */
export type Entry = string | null | { readonly link: string } | { readonly submodule: string };

/** A config repository for a test: takes files, returns commits. It has only a history, no checked out files. */
export class GitRepository {
  readonly directory = mkdtempSync(join(tmpdir(), 'stagegate-config-'));

  constructor(files: Readonly<Record<string, string>>) {
    this.git('init', '--quiet', '--initial-branch', 'main');
    this.commit('initial', files);
  }

  /** Commits files to main (null deletes one); returns the commit id. */
  commit(message: string, files: Readonly<Record<string, string | null>>): string {
    return this.commitTo('main', message, files);
  }

  /**
   * Commits files to a branch, which is made from main if it does not exist. It uses only one process, because suites
   * make many commits.
   */
  commitTo(branch: string, message: string, files: Readonly<Record<string, Entry>>): string {
    return this.#commit(branch, message, files, [branch, 'main']);
  }

  /** Commits to a branch whose history has nothing in common with other branches. */
  commitApart(branch: string, message: string, files: Readonly<Record<string, Entry>>): string {
    return this.#commit(branch, message, files, [branch]);
  }

  #commit(branch: string, message: string, files: Readonly<Record<string, Entry>>, parents: readonly string[]): string {
    const parent = parents.find((name) => existsSync(join(this.directory, '.git', 'refs', 'heads', name)));
    const commands = [
      `commit refs/heads/${branch}`,
      'mark :1',
      'committer Stagegate test <test@example.com> now',
      data(message),
      ...(parent === undefined ? [] : [`from refs/heads/${parent}^0`]),
      ...Object.entries(files).map(([path, entry]) => change(quoted(path), entry)),
      'get-mark :1',
    ];
    const args = ['fast-import', '--quiet', '--date-format=now', '--done'];
    const input = `${[...commands, 'done'].join('\n')}\n`;
    return execFileSync('git', args, { cwd: this.directory, input, encoding: 'utf8' }).trim();
  }

  head(): string {
    return this.git('rev-parse', 'main').trim();
  }

  git(...args: string[]): string {
    return execFileSync('git', args, { cwd: this.directory, encoding: 'utf8' });
  }

  remove(): void {
    rmSync(this.directory, { recursive: true, force: true });
  }
}

function change(path: string, entry: Entry): string {
  if (entry === null) return `D ${path}`;
  if (typeof entry === 'string') return `M 100644 inline ${path}\n${data(entry)}`;
  return 'link' in entry ? `M 120000 inline ${path}\n${data(entry.link)}` : `M 160000 ${entry.submodule} ${path}`;
}

/** Names with a quote, a backslash or a line break have to be quoted. */
const quoted = (path: string): string => (/["\\\n]/.test(path) ? JSON.stringify(path) : path);

const data = (text: string): string => `data ${Buffer.byteLength(text)}\n${text}`;

/** Makes the directory of one environment with the builtin provider: an input that causes a change, and outputs. */
export const terraformDirectory = (value: string): string => `
terraform {
  required_version = ">= 1.10"
}
resource "terraform_data" "service" {
  input = "${value}"
}
output "service" {
  value = terraform_data.service.output
}
output "password" {
  value     = "s3cr3t-${value}"
  sensitive = true
}
`;

/** A directory whose plan succeeds; its apply makes one resource and fails at the next. */
export const FAILING_APPLY = `
resource "terraform_data" "first" {
  input = "made"
}
resource "terraform_data" "second" {
  depends_on = [terraform_data.first]
  provisioner "local-exec" {
    command = "exit 3"
  }
}
`;
