import { copyFile, mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { LOCK_FILE } from '../configuration/engine-files.ts';
import type { LockedProvider } from './lock-file.ts';

/** Writes a directory that requires only these providers, each in exactly its version, and copies their lock file. */
export async function requireProviders(
  directory: string,
  providers: readonly LockedProvider[],
  lockFile: string,
): Promise<void> {
  const required = providers.map(({ address, version }, index) => [
    `p${index}`,
    { source: address, version: `= ${version}` },
  ]);
  const configuration = { terraform: [{ required_providers: [Object.fromEntries(required)] }] };
  await mkdir(directory, { recursive: true });
  await writeFile(join(directory, 'providers.tf.json'), JSON.stringify(configuration));
  await copyFile(lockFile, join(directory, LOCK_FILE));
}
