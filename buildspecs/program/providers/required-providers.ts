import { copyFile, mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { LockedProvider } from './lock-file.ts';

export const LOCK_FILE = '.terraform.lock.hcl';

/** Makes a directory whose configuration is nothing but these providers, each in exactly its version, with their lock file. */
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
