/** Returns whether a source is a local path: `./modules/web`, `../logs`, or an absolute path. */
export const isLocal = (source: string): boolean => /^(?:\.{1,2}(?:[/\\]|$)|\/|[a-z]:[/\\])/i.test(source);

/**
 * Removes credentials from a source: `https://user:token@host/…` becomes `https://host/…`. Signed query values are
 * removed too. An `@` in a query stays: in `https://host?@other/…` the other host is not the one that is asked.
 */
export const withoutCredentials = (source: string): string =>
  source
    .replace(/(:\/\/)[^/?#@\s]*@/g, (text, slashes: string) => (text === `${slashes}git@` ? text : slashes))
    .replace(
      /([?&](?:sshkey|aws_access_key_\w+|aws_access_token|token|password|sig|signature)=)[^&]*/gi,
      '$1(sensitive)',
    );

/** Returns a source in the form in which sources are compared: without query, closing slashes and Terraform's own host. */
export const normalizedSource = (source: string): string =>
  (source.split('?')[0] ?? source).replace(/\/+$/, '').replace(/^registry\.terraform\.io\//, '');

/** Returns the name of a module: the last part of its source. */
export const moduleName = (source: string): string =>
  normalizedSource(source)
    .split('/')
    .filter((part) => part !== '')
    .at(-1)
    ?.replace(/\.git$/, '') ?? source;
