import type { Application, ConfigRepository } from '../model/application.ts';
import { repositoryName } from '../model/repository.ts';

/** A public repository that is asked for its heads, and the branches that applications are deployed from. */
export interface LookedAt {
  readonly url: string;
  /** As `repositoryName` returns it. */
  readonly repository: string;
  readonly host: string;
  readonly branches: ReadonlySet<string>;
}

/**
 * Returns the repositories in these parts of git hosts (`git.example`, `github.com/acme`) that can be read without a
 * credential, each once, however many applications are deployed from it.
 */
export function lookedAt(applications: readonly Application[], parts: readonly string[]): LookedAt[] {
  const found = new Map<string, { readonly url: URL; readonly branches: Set<string> }>();
  for (const { configRepository } of applications) {
    const url = publicAddress(configRepository);
    if (!url || !parts.some((part) => isIn(part, url))) continue;
    const name = repositoryName(configRepository.url);
    const known = found.get(name) ?? { url, branches: new Set() };
    known.branches.add(configRepository.branch);
    found.set(name, known);
  }
  return [...found].map(([repository, { url, branches }]) => ({
    repository,
    url: url.href.replace(/\/+$/, ''),
    host: url.hostname,
    branches,
  }));
}

/** Returns the address of a repository that no credential is registered for, if nothing in it is unusual. */
function publicAddress({ url: text, connectionArn, secretArn }: ConfigRepository): URL | undefined {
  if (connectionArn !== undefined || secretArn !== undefined || !URL.canParse(text)) return undefined;
  const url = new URL(text);
  const isPlain = url.protocol === 'https:' && url.port === '' && url.username === '' && url.password === '';
  // An encoded slash or dot may lead out of a part of the host.
  return isPlain && url.search === '' && url.hash === '' && !url.pathname.includes('%') ? url : undefined;
}

const isIn = (part: string, { hostname, pathname }: URL): boolean =>
  `${hostname}${pathname}/`.toLowerCase().startsWith(`${part}/`);
