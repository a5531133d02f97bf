import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { LockedProvider } from './lock-file.ts';

/** Returns the directory in which a build puts packages for its `init`. */
export const mirrorIn = (workDirectory: string): string => join(workDirectory, 'providers');

/** Returns the path of a packed package in a filesystem mirror. The engine defines this layout. */
export const packedPath = (
  mirror: string,
  { host, namespace, type, version }: Pick<LockedProvider, 'host' | 'namespace' | 'type' | 'version'>,
  platform: string,
): string => join(mirror, host, namespace, type, `terraform-provider-${type}_${version}_${platform}.zip`);

/**
 * Returns the arguments with which the engine downloads the providers that a directory requires into a packed mirror.
 * The engine asks the registries, whatever its CLI configuration says.
 */
export const mirrorArguments = (platform: string, mirror: string): string[] => [
  'providers',
  'mirror',
  `-platform=${platform}`,
  mirror,
];

/** Writes a CLI configuration for the mirror, and returns the variable by which the engine finds this configuration. */
export async function useMirror(
  workDirectory: string,
  providers: readonly LockedProvider[],
): Promise<Record<string, string>> {
  const configuration = join(workDirectory, 'providers.tfrc');
  const addresses = providers.map(({ address }) => address);
  await writeFile(configuration, mirrorConfiguration(mirrorIn(workDirectory), addresses));
  return { TF_CLI_CONFIG_FILE: configuration };
}

/**
 * Returns a CLI configuration with which the engine takes these providers from the mirror and all others from their
 * registries. For providers in the mirror, registries are excluded: the engine would always ask the registry, too, and
 * fail if it could not reach it.
 */
function mirrorConfiguration(mirror: string, addresses: readonly string[]): string {
  const listed = JSON.stringify(addresses);
  return [
    'provider_installation {',
    '  filesystem_mirror {',
    `    path    = ${JSON.stringify(mirror)}`,
    `    include = ${listed}`,
    '  }',
    '  direct {',
    `    exclude = ${listed}`,
    '  }',
    '}',
    '',
  ].join('\n');
}
