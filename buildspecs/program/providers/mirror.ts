import { join } from 'node:path';
import type { LockedProvider } from './lock-file.ts';

/** Where a filesystem mirror has a package, packed. The layout is the engine's. */
export const packedPath = (
  mirror: string,
  { host, namespace, type, version }: Pick<LockedProvider, 'host' | 'namespace' | 'type' | 'version'>,
  platform: string,
): string => join(mirror, host, namespace, type, `terraform-provider-${type}_${version}_${platform}.zip`);

/**
 * CLI configuration with which the engine takes these providers from the mirror and all others from their registries.
 * It may not ask the registry for those of the mirror, too: it would always ask it, and fail where it cannot be reached.
 */
export function mirrorConfiguration(mirror: string, addresses: readonly string[]): string {
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
