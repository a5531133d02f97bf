/** Other host names of git hosting services, for networks that let only HTTPS through. */
const OTHER_NAMES: Readonly<Record<string, string>> = {
  'www.github.com': 'github.com',
  'ssh.github.com': 'github.com',
  'altssh.gitlab.com': 'gitlab.com',
  'altssh.bitbucket.org': 'bitbucket.org',
};

const WITH_SCHEME = /^(https|ssh):\/\/(?:[^@/]*@)?([^:/]+)(?::(\d+))?\/(.*)$/i;
const WITHOUT_SCHEME = /^(?:[^@/:]+@)?([^/:]+):(?!\/\/)(.*)$/;

/** The place of a repository, however its URL is written. */
export interface RepositoryPlace {
  /** `https`, or `ssh` for both spellings of an SSH URL. */
  readonly scheme: string;
  /** The host in lower case and by its main name, with the port when that makes it another server. */
  readonly server: string;
  /** The parts of the path as they are written, without `.git` at the end. */
  readonly path: readonly string[];
}

/** Reads a repository's URL. Returns undefined for a text that is not such a URL. */
export function repositoryPlace(url: string): RepositoryPlace | undefined {
  const [, scheme = '', host = '', port, path = ''] = WITH_SCHEME.exec(url) ?? withoutScheme(url) ?? [];
  if (!host) return undefined;
  const name = host.toLowerCase();
  const server = `${OTHER_NAMES[name] ?? name}${isOtherServer(scheme, port) ? `:${port}` : ''}`;
  const segments = path.split('/').filter(Boolean);
  const last = segments.at(-1)?.replace(/\.git$/i, '');
  return { scheme: scheme.toLowerCase(), server, path: last === undefined ? [] : [...segments.slice(0, -1), last] };
}

/**
 * Returns the name of a repository, however its URL is written: `https://github.com/Acme/config.git`,
 * `git@github.com:acme/config` and `ssh://git@ssh.github.com:443/acme/config/` are all `github.com/acme/config`. An SSH
 * port says nothing about the repository; another HTTPS port means another server. No git host distinguishes
 * repositories by the case of their names.
 */
export function repositoryName(url: string): string {
  const place = repositoryPlace(url);
  if (!place) return url.toLowerCase();
  return [place.server, ...place.path.map((part) => part.toLowerCase())].join('/');
}

function withoutScheme(url: string): string[] | undefined {
  const [, host, path] = WITHOUT_SCHEME.exec(url) ?? [];
  return host && path ? [url, 'ssh', host, '', path] : undefined;
}

const isOtherServer = (scheme: string | undefined, port: string | undefined): boolean =>
  scheme?.toLowerCase() === 'https' && port !== undefined && port !== '' && port !== '443';

export const isSameRepository = (one: string, other: string): boolean => repositoryName(one) === repositoryName(other);

/** Returns whether two repositories are at the same git host. Ids of repositories are only unique there. */
export const isSameHost = (one: string, other: string): boolean =>
  repositoryPlace(one)?.server === repositoryPlace(other)?.server;

/** Returns whether a repository is in a part of a git host, such as `github.com/acme`, or is that repository itself. */
export function isRepositoryIn(part: string, url: string): boolean {
  const name = repositoryName(url);
  return name === part || name.startsWith(`${part}/`);
}
