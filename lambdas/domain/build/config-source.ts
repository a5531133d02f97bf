import {
  type BuildSource,
  type CodeCommitRepository,
  type Credential,
  nameOfCredential,
  nameOfRepository,
  PROVIDERS,
  type Provider,
  ProviderSchema,
  providerAllowedFor,
  sourceName,
} from '../contract/build-source.ts';
import { type InputIssue, InvalidInputError } from '../errors.ts';
import type { ConfigRepository } from '../model/application.ts';
import { type RepositoryPlace, repositoryPlace } from '../model/repository.ts';

/** How builds fetch a config repository. */
export interface ConfigSource {
  readonly source: BuildSource;
  readonly provider: Provider;
  /** The HTTPS clone URL: CodeBuild takes no other. */
  readonly location: string;
  /** Where it is in CodeCommit. */
  readonly codeCommit?: CodeCommitRepository;
}

/**
 * From where and with what builds fetch a config repository. Throws InvalidInputError, naming the field, for what
 * CodeBuild cannot fetch; a repository that was registered before that was checked is refused when it is to be built.
 */
export function sourceOf(repository: ConfigRepository, subject = 'request'): ConfigSource {
  const refuse: Refuse = (field, message) => {
    throw new InvalidInputError(subject, [issueOf(repository, field, message)]);
  };
  const place = repositoryPlace(repository.url);
  if (!place) return refuse('url', 'an https or ssh git URL');
  const codeCommit = codeCommitOf(place, refuse);
  const provider = providerOf(repository, place, codeCommit !== undefined, refuse);
  const location = cloneUrl(repository.url, place, provider, refuse);
  const source = credentialOf(repository, provider, refuse);
  return { source, provider, location, ...(codeCommit && { codeCommit }) };
}

/** The same for a repository that may not be fetchable at all. */
export function findSource(repository: ConfigRepository): ConfigSource | undefined {
  try {
    return sourceOf(repository);
  } catch (error) {
    if (error instanceof InvalidInputError) return undefined;
    throw error;
  }
}

/** Whether builds of both fetch the same, from the same project. */
export const isSameSource = (one: ConfigSource, other: ConfigSource | undefined): boolean =>
  one.provider === other?.provider &&
  one.location === other.location &&
  sourceName(one.source) === sourceName(other.source);

/** Throws InvalidInputError, naming the field, for a repository that the builds of this installation may not fetch. */
export function requireAllowed(repository: ConfigRepository, allowed: readonly string[]): void {
  const { source, provider, codeCommit } = sourceOf(repository);
  const refuse: Refuse = (field, message) => {
    throw new InvalidInputError('request', [issueOf(repository, field, message)]);
  };
  if (codeCommit && !allowed.includes(nameOfRepository(codeCommit)))
    refuse('url', `no repository that the configuration of this installation allows (${KEYS.codecommit})`);
  if (source.kind !== 'connection' && source.kind !== 'secret') return;
  if (allowed.includes(nameOfCredential(source))) return;
  const other = providerAllowedFor(allowed, source.arn);
  refuse(
    `${source.kind}Arn`,
    other
      ? `allowed for repositories of ${other}, and this one is of ${provider}`
      : `no ${source.kind} that the configuration of this installation allows (${KEYS[source.kind]})`,
  );
}

/** Where the configuration of an installation says what builds may use. */
const KEYS = {
  codecommit: 'stagegate:allowedCodeCommitArns',
  connection: 'stagegate:allowedConnectionArns',
  secret: 'stagegate:allowedSecretArns',
} as const;

type Field = keyof ConfigRepository;
type Refuse = (field: Field, message: string) => never;

const issueOf = (repository: ConfigRepository, field: Field, message: string): InputIssue => ({
  field: `configRepository.${field}`,
  message,
  value: JSON.stringify(repository[field]) ?? 'nothing',
});

/** Providers whose host has no name of its own, so that somebody has to say what it is. */
const STATED_PROVIDERS: readonly Provider[] = ['github-enterprise', 'gitlab-self-managed'];

function providerOf(
  { provider: stated }: ConfigRepository,
  { server }: RepositoryPlace,
  isCodeCommit: boolean,
  refuse: Refuse,
): Provider {
  const known = isCodeCommit
    ? 'codecommit'
    : ProviderSchema.options.find((provider) => PROVIDERS[provider].host === server);
  if (known && stated && stated !== known) refuse('provider', `${server} is ${known}`);
  if (known) return known;
  const choice = STATED_PROVIDERS.join(' or ');
  if (!stated) return refuse('provider', `nobody knows what ${server} is: ${choice}; builds fetch from no other host`);
  if (!STATED_PROVIDERS.includes(stated)) refuse('provider', `${server} is not ${stated}; ${choice}`);
  return stated;
}

const CODECOMMIT_HOST = /^git-codecommit\.([a-z0-9-]+)\.amazonaws\.com(?:\.cn)?$/;

function codeCommitOf({ server, path }: RepositoryPlace, refuse: Refuse): CodeCommitRepository | undefined {
  const [, region] = CODECOMMIT_HOST.exec(server) ?? [];
  if (!region) return undefined;
  const [version, collection, name, ...more] = path;
  if (version !== 'v1' || collection !== 'repos' || !name || more.length > 0)
    return refuse('url', `a repository of CodeCommit is at ${server}/v1/repos/<name>`);
  return { region, name };
}

/** An HTTPS URL of the host itself stays as it is written; every other spelling of a known host is rewritten to one. */
function cloneUrl(url: string, { scheme, server, path }: RepositoryPlace, provider: Provider, refuse: Refuse): string {
  if (scheme === 'https' && url.startsWith(`https://${server}/`)) return url;
  if (scheme === 'https' && STATED_PROVIDERS.includes(provider)) return url;
  if (STATED_PROVIDERS.includes(provider))
    return refuse('url', `builds fetch over HTTPS, and nobody knows the HTTPS clone URL of ${server}: give that one`);
  return `https://${[server, ...path].join('/')}${provider === 'codecommit' ? '' : '.git'}`;
}

function credentialOf({ connectionArn, secretArn }: ConfigRepository, provider: Provider, refuse: Refuse): BuildSource {
  const { credentials } = PROVIDERS[provider];
  const given = connectionArn
    ? ({ field: 'connectionArn', kind: 'connection', arn: connectionArn } as const)
    : secretArn
      ? ({ field: 'secretArn', kind: 'secret', arn: secretArn } as const)
      : undefined;
  if (given) {
    if (!credentials.includes(given.kind))
      refuse(given.field, `CodeBuild fetches from ${provider} ${WAYS[credentials[0] ?? 'none']}`);
    return { kind: given.kind, provider, arn: given.arn };
  }
  if (credentials.includes('role')) return { kind: 'codecommit' };
  if (!credentials.includes('none'))
    refuse('connectionArn', `needed: CodeBuild fetches from ${provider} ${WAYS.connection}`);
  return { kind: 'public' };
}

const WAYS: Readonly<Record<Credential, string>> = {
  none: 'without credentials',
  role: "with the build's own role",
  connection: 'through a connection only',
  secret: 'with a secret',
};
