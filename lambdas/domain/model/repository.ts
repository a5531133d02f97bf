/** Hosts that git hosting services answer on beside their own name, for networks that let only HTTPS through. */
const OTHER_NAMES: Readonly<Record<string, string>> = {
  'www.github.com': 'github.com',
  'ssh.github.com': 'github.com',
  'altssh.gitlab.com': 'gitlab.com',
  'altssh.bitbucket.org': 'bitbucket.org',
};

const WITH_SCHEME = /^(https|ssh):\/\/(?:[^@/]*@)?([^:/]+)(?::(\d+))?\/(.*)$/i;
const WITHOUT_SCHEME = /^(?:[^@/:]+@)?([^/:]+):(?!\/\/)(.*)$/;

/** Where a repository is, however its URL is written. */
export interface RepositoryPlace {
  /** `https`, or `ssh` for both spellings of it. */
  readonly scheme: string;
  /** In lower case and by its own name, with its port where that makes it another server. */
  readonly server: string;
  /** The parts of the path as they are written, without the ending `.git`. */
  readonly path: readonly string[];
}

/** Reads a repository's URL; undefined for what is none. */
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
 * What a repository is called, however its URL is written: `https://github.com/Acme/config.git`,
 * `git@github.com:acme/config` and `ssh://git@ssh.github.com:443/acme/config/` are all `github.com/acme/config`. A port
 * of SSH says nothing about the repository; another port of HTTPS is another server. No git host tells repositories
 * apart by the case of their names.
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

/** Does a repository lie in a part of a git host, such as `github.com/acme` or that repository itself? */
export function isRepositoryIn(part: string, url: string): boolean {
  const name = repositoryName(url);
  return name === part || name.startsWith(`${part}/`);
}
