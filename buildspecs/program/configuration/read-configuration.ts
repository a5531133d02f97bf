import { join } from 'node:path';
import { BLOCK_TYPES } from './block-types.ts';
import { listConfigurationFiles } from './files.ts';
import { type HclFile, parseHcl } from './hcl.ts';
import { readText } from './read-text.ts';

/** One file of a directory's configuration. */
export interface ConfigurationFile extends HclFile {
  /** Path in the repository, for messages. */
  readonly file: string;
}

/** The files that the engine would read in a directory, parsed once for all checks. */
export interface Configuration {
  /** Path of the directory in the repository. */
  readonly name: string;
  /** In the order in which the engine merges them. */
  readonly files: readonly ConfigurationFile[];
}

/** Reads a directory's configuration. Messages call it `name`. A file that cannot be parsed has an `errorLine` or `oddLine`. */
export async function readConfiguration(
  directory: string,
  engine: 'terraform' | 'tofu',
  name: string,
): Promise<Configuration> {
  const files: ConfigurationFile[] = [];
  for (const fileName of listConfigurationFiles(directory, engine)) {
    const file = join(name, fileName);
    files.push({ file, ...(await parseFile(fileName, readText(join(directory, fileName), file))) });
  }
  return { name, files };
}

/** A file of a configuration with text that we cannot parse. */
export interface UnreadableFile {
  /** Path in the repository. */
  readonly file: string;
  /** Line of the first such text. */
  readonly line: number;
  /** Whether the text lies in a block that is not needed, and it is certain where this block ends. */
  readonly isContained: boolean;
}

/** Returns the files with text that we cannot parse, those first of which not all is known that is needed. */
export const unreadableFiles = ({ files }: Configuration): readonly UnreadableFile[] => [
  ...files.flatMap(({ file, errorLine }) =>
    errorLine === undefined ? [] : { file, line: errorLine, isContained: false },
  ),
  ...files.flatMap(({ file, errorLine, oddLine }) =>
    errorLine !== undefined || oddLine === undefined ? [] : { file, line: oddLine, isContained: true },
  ),
];

/** The NUL byte. No text contains it, and parsers stop at it. */
export const NUL = '\0';

async function parseFile(name: string, text: string): Promise<HclFile> {
  const [before = ''] = text.split(NUL, 1);
  if (before !== text) return { attributes: [], blocks: [], errorLine: before.split('\n').length };
  if (!name.endsWith('.json')) return parseHcl(text, (type) => Object.hasOwn(BLOCK_TYPES, type));
  // Loaded only here, because few directories have JSON files.
  const { parseJsonFile } = await import('./json-file.ts');
  return parseJsonFile(text);
}
