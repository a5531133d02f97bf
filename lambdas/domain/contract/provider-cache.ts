const PREFIX = 'providers/';

/** All packages in the artifact bucket, as IAM and lifecycle rules name them. */
export const PROVIDER_PACKAGES = { prefix: PREFIX, pattern: `${PREFIX}*` };

/**
 * Returns the key of a provider's package. The key says what the object must contain, so nobody has to list the bucket
 * or to trust its contents.
 */
export const providerPackageKey = (platform: string, sha256: string): string => `${PREFIX}${platform}/${sha256}.zip`;
