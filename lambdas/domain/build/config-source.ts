import {
  type BuildSource,
  type CodeCommitRepository,
  type Credential,
  KEPT_SOURCE,
  nameOfCredential,
  nameOfRepository,
  PROVIDERS,
  type Provider,
  ProviderSchema,
  providerAllowedFor,
  sourceName,
} from '../contract/build-source.ts';
import { InvalidInputError } from '../errors.ts';
import type { Application, ConfigRepository } from '../model/application.ts';
import type { Deployment } from '../model/deployment.ts';
import { type RepositoryPlace, repositoryPlace } from '../model/repository.ts';

/** How builds fetch a config repository. */
export interface ConfigSource {
  readonly source: BuildSource;
  readonly provider: Provider;
  /** The HTTPS clone URL; CodeBuild accepts no other URL. */
  readonly location: string;
  /** The repository's place in CodeCommit; absent for repositories elsewhere. */
  readonly codeCommit?: CodeCommitRepository;
}

/**
 * Returns where builds fetch a config repository from, and with which credentials. Throws InvalidInputError, naming the
 * field, when CodeBuild cannot fetch the repository. A repository that was registered before this check existed is
 * refused when it is to be built.
 */
export function sourceOf(repository: ConfigRepository, subject = 'request'): ConfigSource {
  const found = sourceOrObjection(repository);
  if (found instanceof Objection) throw invalid(repository, found, subject);
  return found;
}

/** Returns where the builds of an application fetch its repository from. */
export const repositoryOf = ({
  configRepository,
  name,
}: Pick<Application, 'configRepository' | 'name'>): ConfigSource => sourceOf(configRepository, `application "${name}"`);

/** Returns where the plan and the apply build of a deployment get what they work on. */
export const buildSourceOf = (application: Application, { treeOf }: Pick<Deployment, 'treeOf'>): BuildSource =>
  treeOf ? KEPT_SOURCE : repositoryOf(application).source;

/** Returns what `sourceOf` returns, or undefined when CodeBuild cannot fetch the repository at all. */
export function findSource(repository: ConfigRepository): ConfigSource | undefined {
  const found = sourceOrObjection(repository);
  return found instanceof Objection ? undefined : found;
}

/** What is wrong with a field of a repository. */
class Objection {
  readonly field: Field;
  readonly message: string;
  constructor(field: Field, message: string) {
    this.field = field;
    this.message = message;
  }
}

const invalid = (repository: ConfigRepository, { field, message }: Objection, subject: string): InvalidInputError =>
  new InvalidInputError(subject, [
    { field: `configRepository.${field}`, message, value: JSON.stringify(repository[field]) ?? 'nothing' },
  ]);

function sourceOrObjection(repository: ConfigRepository): ConfigSource | Objection {
  const place = repositoryPlace(repository.url);
  if (!place) return new Objection('url', 'an https or ssh git URL');
  const codeCommit = codeCommitOf(place);
  if (codeCommit instanceof Objection) return codeCommit;
  const provider = providerOf(repository, place, codeCommit !== undefined);
  if (provider instanceof Objection) return provider;
  const location = cloneUrl(repository.url, place, provider);
  if (location instanceof Objection) return location;
  const source = credentialOf(repository, provider);
  if (source instanceof Objection) return source;
  return { source, provider, location, ...(codeCommit && { codeCommit }) };
}

/** Returns whether builds of both fetch the same repository, with the same project. */
export const isSameSource = (one: ConfigSource, other: ConfigSource | undefined): boolean =>
  one.provider === other?.provider &&
  one.location === other.location &&
  sourceName(one.source) === sourceName(other.source);

/** Throws InvalidInputError, naming the field, for a repository that the builds of this installation may not fetch. */
export function requireAllowed(repository: ConfigRepository, allowed: readonly string[]): void {
  const objection = objectionToUse(sourceOf(repository), allowed);
  if (objection) throw invalid(repository, objection, 'request');
}

function objectionToUse(
  { source, provider, codeCommit }: ConfigSource,
  allowed: readonly string[],
): Objection | undefined {
  if (codeCommit && !allowed.includes(nameOfRepository(codeCommit)))
    return new Objection(
      'url',
      `no repository that the configuration of this installation allows (${KEYS.codecommit})`,
    );
  if (source.kind !== 'connection' && source.kind !== 'secret') return undefined;
  if (allowed.includes(nameOfCredential(source))) return undefined;
  const other = providerAllowedFor(allowed, source.arn);
  return new Objection(
    `${source.kind}Arn`,
    other
      ? `allowed for repositories of ${other}, and this one is of ${provider}`
      : `no ${source.kind} that the configuration of this installation allows (${KEYS[source.kind]})`,
  );
}

/** The keys of an installation's configuration that say what builds may use. */
const KEYS = {
  codecommit: 'stagegate:allowedCodeCommitArns',
  connection: 'stagegate:allowedConnectionArns',
  secret: 'stagegate:allowedSecretArns',
} as const;

type Field = keyof ConfigRepository;

/** Providers whose host can have any name, so that the request has to say which provider it is. */
const STATED_PROVIDERS: readonly Provider[] = ['github-enterprise', 'gitlab-self-managed'];

function providerOf(
  { provider: stated }: ConfigRepository,
  { server }: RepositoryPlace,
  isCodeCommit: boolean,
): Provider | Objection {
  const known = isCodeCommit
    ? 'codecommit'
    : ProviderSchema.options.find((provider) => PROVIDERS[provider].host === server);
  if (known && stated && stated !== known) return new Objection('provider', `${server} is ${known}`);
  if (known) return known;
  const choice = STATED_PROVIDERS.join(' or ');
  if (!stated)
    return new Objection('provider', `nobody knows what ${server} is: ${choice}; builds fetch from no other host`);
  if (!STATED_PROVIDERS.includes(stated)) return new Objection('provider', `${server} is not ${stated}; ${choice}`);
  return stated;
}

const CODECOMMIT_HOST = /^git-codecommit\.([a-z0-9-]+)\.amazonaws\.com(?:\.cn)?$/;

function codeCommitOf({ server, path }: RepositoryPlace): CodeCommitRepository | Objection | undefined {
  const [, region] = CODECOMMIT_HOST.exec(server) ?? [];
  if (!region) return undefined;
  const [version, collection, name, ...more] = path;
  if (version !== 'v1' || collection !== 'repos' || !name || more.length > 0)
    return new Objection('url', `a repository of CodeCommit is at ${server}/v1/repos/<name>`);
  return { region, name };
}

/**
 * Returns the HTTPS clone URL. An HTTPS URL of the host itself stays as it is written; every other spelling for a known
 * host is rewritten to such a URL.
 */
function cloneUrl(url: string, { scheme, server, path }: RepositoryPlace, provider: Provider): string | Objection {
  if (scheme === 'https' && url.startsWith(`https://${server}/`)) return url;
  if (scheme === 'https' && STATED_PROVIDERS.includes(provider)) return url;
  if (STATED_PROVIDERS.includes(provider))
    return new Objection(
      'url',
      `builds fetch over HTTPS, and nobody knows the HTTPS clone URL of ${server}: give that one`,
    );
  return `https://${[server, ...path].join('/')}${provider === 'codecommit' ? '' : '.git'}`;
}

function credentialOf({ connectionArn, secretArn }: ConfigRepository, provider: Provider): BuildSource | Objection {
  const { credentials } = PROVIDERS[provider];
  const given = connectionArn
    ? ({ field: 'connectionArn', kind: 'connection', arn: connectionArn } as const)
    : secretArn
      ? ({ field: 'secretArn', kind: 'secret', arn: secretArn } as const)
      : undefined;
  if (given) {
    if (!credentials.includes(given.kind))
      return new Objection(given.field, `CodeBuild fetches from ${provider} ${WAYS[credentials[0] ?? 'none']}`);
    return { kind: given.kind, provider, arn: given.arn };
  }
  if (credentials.includes('role')) return { kind: 'codecommit' };
  if (!credentials.includes('none'))
    return new Objection('connectionArn', `needed: CodeBuild fetches from ${provider} ${WAYS.connection}`);
  return { kind: 'public' };
}

const WAYS: Readonly<Record<Credential, string>> = {
  none: 'without credentials',
  role: "with the build's own role",
  connection: 'through a connection only',
  secret: 'with a secret',
};
