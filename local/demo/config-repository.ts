import { execFile } from 'node:child_process';
import { cp, mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { MODULE } from './cast.ts';

const run = promisify(execFile);

/** The address of the example's configuration and of its modules. */
export const REPOSITORY_URL = 'https://git.example.com/acme-config.git';

/** A git repository made from `examples/config-repo`, like the one of a team. */
export class ConfigRepository {
  readonly directory: string;

  private constructor(directory: string) {
    this.directory = directory;
  }

  /** Copies the example, commits it and tags the module version that staging and production use. */
  static async create(example: string, directory: string): Promise<ConfigRepository> {
    await mkdir(directory, { recursive: true });
    await cp(example, directory, { recursive: true });
    const repository = new ConfigRepository(directory);
    await repository.#git('init', '--quiet', '--initial-branch', 'main');
    await repository.#git('config', 'user.name', 'Stagegate demo');
    await repository.#git('config', 'user.email', 'demo@example.com');
    await repository.#git('config', 'commit.gpgsign', 'false');
    await repository.#commitAll('Web service module and three environments');
    await repository.#git('tag', MODULE.tag);
    return repository;
  }

  /** Writes a file and commits it; returns the commit id. */
  async commit(message: string, path: string, content: string): Promise<string> {
    await writeFile(join(this.directory, path), content);
    return this.#commitAll(message);
  }

  /** Adds to the module, tags that as its next version, and lets one directory use this version. */
  async nextModuleVersion(message: string, directory: string, addition: string): Promise<string> {
    const module = join(this.directory, MODULE.file);
    await writeFile(module, `${await readFile(module, 'utf8')}\n${addition}`);
    const commit = await this.edit(message, `${directory}/main.tf`, MODULE.tag, MODULE.nextTag);
    await this.#git('tag', MODULE.nextTag);
    return commit;
  }

  /** Makes a branch from `main`, with one changed file; returns its commit id. */
  async branch(name: string, message: string, path: string, content: string): Promise<string> {
    await this.#git('switch', '--quiet', '--create', name, 'main');
    const commit = await this.commit(message, path, content);
    await this.#git('switch', '--quiet', 'main');
    return commit;
  }

  /** Replaces a text in the file and commits; throws when the file does not contain the text. */
  async edit(message: string, path: string, from: string, to: string): Promise<string> {
    const content = await readFile(join(this.directory, path), 'utf8');
    if (!content.includes(from)) throw new Error(`editing ${path}: the file does not contain "${from}"`);
    return this.commit(message, path, content.replaceAll(from, to));
  }

  async #commitAll(message: string): Promise<string> {
    await this.#git('add', '--all');
    await this.#git('commit', '--quiet', '--message', message);
    return (await this.#git('rev-parse', 'HEAD')).trim();
  }

  async #git(...args: string[]): Promise<string> {
    const { stdout } = await run('git', args, { cwd: this.directory });
    return stdout;
  }
}
