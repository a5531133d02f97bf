import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { LockedProvider } from './lock-file.ts';

/** Where a build lays out packages for its `init`. */
export const mirrorIn = (workDirectory: string): string => join(workDirectory, 'providers');

/** Where a filesystem mirror has a package, packed. The layout is the engine's. */
export const packedPath = (
  mirror: string,
  { host, namespace, type, version }: Pick<LockedProvider, 'host' | 'namespace' | 'type' | 'version'>,
  platform: string,
): string => join(mirror, host, namespace, type, `terraform-provider-${type}_${version}_${platform}.zip`);

/**
 * Arguments with which the engine downloads what a directory requires into a packed mirror. It asks the registries,
 * whatever its CLI configuration says.
 */
export const mirrorArguments = (platform: string, mirror: string): string[] => [
  'providers',
  'mirror',
  `-platform=${platform}`,
  mirror,
];

/** Writes a CLI configuration for the mirror of a work directory; answers the variable by which the engine finds it. */
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
 * CLI configuration with which the engine takes these providers from the mirror and all others from their registries.
 * It may not ask the registry for those of the mirror, too: it would always ask it, and fail where it cannot be
 * reached.
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
