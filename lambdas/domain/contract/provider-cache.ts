const PREFIX = 'providers/';

/** Every package in the artifact bucket, as IAM and lifecycle rules write it. */
export const PROVIDER_PACKAGES = { prefix: PREFIX, pattern: `${PREFIX}*` };

/**
 * The key of a provider's package: it says what the object must hold, so that nobody has to list the bucket or to
 * believe it.
 */
export const providerPackageKey = (platform: string, sha256: string): string => `${PREFIX}${platform}/${sha256}.zip`;
