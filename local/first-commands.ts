import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import * as z from 'zod';
import { USUAL_PORT } from './options.ts';

const ManifestSchema = z.object({ name: z.string(), version: z.string() });

/**
 * Returns the lines that say what somebody types next. The command line is not published: it is packed from this working
 * copy, into a file that is named after the package. A copy without it has nothing to pack.
 */
export function firstCommands(url: string, root = join(import.meta.dirname, '..')): string[] {
  const manifest = join(root, 'cli', 'package.json');
  if (!existsSync(manifest)) return [];
  const { name, version } = ManifestSchema.parse(JSON.parse(readFileSync(manifest, 'utf8')));
  const file = `${name.replace(/^@/, '').replace('/', '-')}-${version}.tgz`;
  const address = url === `http://127.0.0.1:${USUAL_PORT}` ? '' : ` --endpoint ${url}`;
  return [
    'What to type next, in another terminal:',
    '',
    `  cd ${root} && npm pack -w cli && npm install --global ./${file}`,
    `  cd <a clone of the config repository> && stagegate init${address}`,
    '',
  ];
}
