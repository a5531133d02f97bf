import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';

/** A config repository for a test: files in, commits out. */
export class GitRepository {
  readonly directory = mkdtempSync(join(tmpdir(), 'stagegate-config-'));

  constructor(files: Readonly<Record<string, string>>) {
    this.git('init', '--quiet', '--initial-branch', 'main');
    this.git('config', 'user.name', 'Stagegate test');
    this.git('config', 'user.email', 'test@example.com');
    this.git('config', 'commit.gpgsign', 'false');
    this.commit('initial', files);
  }

  /** Writes files (null deletes one) and commits them; answers the commit id. */
  commit(message: string, files: Readonly<Record<string, string | null>>): string {
    for (const [path, content] of Object.entries(files)) {
      const target = join(this.directory, path);
      if (content === null) {
        rmSync(target);
        continue;
      }
      mkdirSync(dirname(target), { recursive: true });
      writeFileSync(target, content);
    }
    const script = 'git add --all && git commit --quiet --allow-empty --message "$1" && git rev-parse HEAD';
    return execFileSync('bash', ['-c', script, 'commit', message], { cwd: this.directory, encoding: 'utf8' }).trim();
  }

  /** The same on a branch, made from main where it is not there yet. */
  commitTo(branch: string, message: string, files: Readonly<Record<string, string | null>>): string {
    const isThere = this.git('branch', '--list', branch).trim() !== '';
    this.git('switch', '--quiet', ...(isThere ? [branch] : ['--create', branch, 'main']));
    const commit = this.commit(message, files);
    this.git('switch', '--quiet', 'main');
    return commit;
  }

  head(): string {
    return this.git('rev-parse', 'HEAD').trim();
  }

  git(...args: string[]): string {
    return execFileSync('git', args, { cwd: this.directory, encoding: 'utf8' });
  }

  remove(): void {
    rmSync(this.directory, { recursive: true, force: true });
  }
}

/** One environment's directory on the builtin provider: an input that makes a change, and outputs. */
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
