import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/** The documents of the repository, as the tests of this folder read them. */

export const ROOT = join(import.meta.dirname, '..', '..');

export const readDocument = (path: string): string => readFileSync(join(ROOT, path), 'utf8');

/** Every page that people read, by its path in the repository. */
export const DOCUMENTS: readonly string[] = [
  'README.md',
  'CONTRIBUTING.md',
  'CHANGELOG.md',
  ...readdirSync(join(ROOT, 'docs'), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.md'))
    .map((name) => join('docs', name))
    .sort(),
];
