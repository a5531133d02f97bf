import { join } from 'node:path';
import { readBackendConfigFile } from './backend/config-file.ts';
import { effectiveSettings } from './backend/effective-settings.ts';
import { readBackend } from './backend/read-backend.ts';
import { readConfiguration } from './configuration/read-configuration.ts';

/** An object in S3. */
interface Address {
  readonly bucket: string;
  readonly key: string;
}

/**
 * Returns where the state of a directory will be: what its own backend block and the environment's file of settings
 * say, completed by our convention. The local cloud loads this function from the asset, to find the objects that the
 * roles of an environment must reach.
 */
export async function findStateAddress(
  {
    root,
    name,
    configFile,
    lockTable,
  }: {
    readonly root: string;
    readonly name: string;
    readonly configFile: string | undefined;
    readonly lockTable: string;
  },
  engine: 'terraform' | 'tofu',
  convention: Address,
): Promise<Address> {
  const declared = readBackend(await readConfiguration(join(root, name), engine, name), lockTable);
  const file =
    configFile === undefined ? undefined : await readBackendConfigFile(configFile, { root, name, lockTable });
  const settings = effectiveSettings(declared, file);
  const own = (setting: string) => settings.get(setting)?.literal;
  return { bucket: String(own('bucket') ?? convention.bucket), key: String(own('key') ?? convention.key) };
}
