import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { BLOCK_TYPES } from './block-types.ts';
import { listConfigurationFiles } from './files.ts';
import { type HclFile, parseHcl } from './hcl.ts';

/** One file of a directory's configuration. */
export interface ConfigurationFile extends HclFile {
  /** As in the repository, for messages. */
  readonly file: string;
}

/** What the engine would read of a directory, parsed once for all that is asked of it. */
export interface Configuration {
  /** As in the repository. */
  readonly name: string;
  /** In the order in which the engine merges them. */
  readonly files: readonly ConfigurationFile[];
}

/** Reads the configuration of a directory, which is called `name` in messages. What cannot be parsed has its `errorLine`. */
export async function readConfiguration(
  directory: string,
  engine: 'terraform' | 'tofu',
  name: string,
): Promise<Configuration> {
  const files: ConfigurationFile[] = [];
  for (const fileName of listConfigurationFiles(directory, engine)) {
    const text = readFileSync(join(directory, fileName), 'utf8');
    files.push({ file: join(name, fileName), ...(await parseFile(fileName, text)) });
  }
  return { name, files };
}

/** A file of a configuration in which something stands that we cannot read: nothing is known of the whole file then. */
export interface UnreadableFile {
  /** As in the repository. */
  readonly file: string;
  readonly errorLine: number;
}

export const firstUnreadable = ({ files }: Configuration): UnreadableFile | undefined =>
  files.flatMap(({ file, errorLine }) => (errorLine === undefined ? [] : { file, errorLine })).at(0);

/** No text has one, and parsers end there. */
export const NUL = '\0';

async function parseFile(name: string, text: string): Promise<HclFile> {
  const [before = ''] = text.split(NUL, 1);
  if (before !== text) return { attributes: [], blocks: [], errorLine: before.split('\n').length };
  if (!name.endsWith('.json')) return parseHcl(text, (type) => Object.hasOwn(BLOCK_TYPES, type));
  // Few directories have any.
  const { parseJsonFile } = await import('./json-file.ts');
  return parseJsonFile(text);
}
