import { readBackend } from './configuration/backend.ts';
import { readConfiguration } from './configuration/read-configuration.ts';

/** An object in S3. */
interface Address {
  readonly bucket: string;
  readonly key: string;
}

/**
 * Returns where the state of a directory will be: what its own backend block says, completed by our convention. The
 * local cloud loads this function from the asset, to find the objects that the roles of an environment must reach.
 */
export async function findStateAddress(
  directory: string,
  engine: 'terraform' | 'tofu',
  convention: Address,
): Promise<Address> {
  const declared = readBackend(await readConfiguration(directory, engine, directory));
  const own = (name: string) =>
    declared?.type === 's3' ? declared.attributes.find((attribute) => attribute.name === name)?.literal : undefined;
  return { bucket: String(own('bucket') ?? convention.bucket), key: String(own('key') ?? convention.key) };
}
