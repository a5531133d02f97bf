import { createHash } from 'node:crypto';
import * as z from 'zod';
import { nameIn } from './installation.ts';

/**
 * Where builds fetch config repositories from, and with which credentials. CodeBuild takes credentials from the project
 * and not from the call that starts a build. Therefore each credential has its own plan project and its own apply
 * project (ADR 54). Both sides get the names from this file: `lib` creates the projects, and the functions name one of
 * them.
 */

/**
 * How CodeBuild may fetch a repository: without credentials because anybody may read it, with the build's own role, or
 * with a connection or a secret.
 */
export type Credential = 'none' | 'role' | 'connection' | 'secret';

interface ProviderFacts {
  /** CodeBuild's name for the provider. */
  readonly sourceType: string;
  /** The provider's host; absent for a provider with many hosts. */
  readonly host?: string;
  readonly credentials: readonly Credential[];
}

export const ProviderSchema = z.enum([
  'github',
  'github-enterprise',
  'gitlab',
  'gitlab-self-managed',
  'bitbucket',
  'codecommit',
]);
export type Provider = z.infer<typeof ProviderSchema>;

/**
 * The git hosts that CodeBuild fetches from, and the credentials it can use there. GitLab is reached only through
 * connections.
 */
export const PROVIDERS: Readonly<Record<Provider, ProviderFacts>> = {
  github: { sourceType: 'GITHUB', host: 'github.com', credentials: ['none', 'connection', 'secret'] },
  'github-enterprise': { sourceType: 'GITHUB_ENTERPRISE', credentials: ['none', 'connection', 'secret'] },
  gitlab: { sourceType: 'GITLAB', host: 'gitlab.com', credentials: ['connection'] },
  'gitlab-self-managed': { sourceType: 'GITLAB_SELF_MANAGED', credentials: ['connection'] },
  bitbucket: { sourceType: 'BITBUCKET', host: 'bitbucket.org', credentials: ['none', 'connection', 'secret'] },
  codecommit: { sourceType: 'CODECOMMIT', credentials: ['role'] },
};

/** A credential that an installation allows, and the provider that it is for, which the ARN does not show. */
export interface AllowedCredential {
  readonly kind: 'connection' | 'secret';
  readonly provider: Provider;
  readonly arn: string;
}

/** How a pair of build projects gets access to its source. */
export type BuildSource =
  | { readonly kind: 'public' }
  | { readonly kind: 'codecommit' }
  | AllowedCredential
  | KeptSource;

/** A tree that is kept with its environment, instead of a repository. Such builds have no credential of any source. */
interface KeptSource {
  readonly kind: 'kept';
}
export const KEPT_SOURCE: KeptSource = { kind: 'kept' };

export const PURPOSES = ['plan', 'apply'] as const;
export type Purpose = (typeof PURPOSES)[number];

/**
 * Returns a short text that is the same everywhere. Names of projects and roles have little room, and an ARN has
 * characters that such names cannot have.
 */
const fingerprint = (text: string): string => createHash('sha256').update(text).digest('hex').slice(0, 12);

/** Returns how names of projects, roles and log groups refer to a source; undefined for public sources. */
export function sourceName(source: BuildSource): string | undefined {
  if (source.kind === 'public') return undefined;
  if (source.kind === 'codecommit' || source.kind === 'kept') return source.kind;
  return `${source.provider}-${fingerprint(source.arn)}`;
}

/** Returns the name of a CodeBuild project, such as `stagegate-plan` and `stagegate-plan-github-0123456789ab`. */
export const projectName = (installation: string, purpose: Purpose, source: BuildSource): string =>
  nameIn(installation, [purpose, sourceName(source)].filter(Boolean).join('-'));

/**
 * Returns the name of a project's own role. The dot keeps these names apart from those of environments' roles, which
 * have no dot.
 */
export const buildRoleName = (installation: string, purpose: Purpose, source: BuildSource): string =>
  [buildRoleOf(installation, purpose), sourceName(source)].filter(Boolean).join('.');

/** The project that reads plans for people. It fetches no source, so there is only one. */
export const inspectProject = (installation: string): string => nameIn(installation, 'inspect');
export const inspectRole = (installation: string): string => nameIn(installation, 'inspect-build');

/** Returns whether the name is that of a role of builds for this purpose. */
export function isBuildRole(installation: string, purpose: Purpose, name: string): boolean {
  const role = buildRoleOf(installation, purpose);
  return name === role || name.startsWith(`${role}.`);
}

const buildRoleOf = (installation: string, purpose: Purpose): string => nameIn(installation, `${purpose}-build`);

/** A CodeCommit repository as its clone URL identifies it. The URL does not contain an account. */
export interface CodeCommitRepository {
  readonly region: string;
  readonly name: string;
}

/**
 * Returns the names of allowed sources, for the variable that tells functions what is allowed. The names are
 * fingerprints, because ARNs would soon fill the variable.
 */
export const allowedSourceNames = (
  credentials: readonly AllowedCredential[],
  repositories: readonly CodeCommitRepository[],
): string[] => [...credentials.map(nameOfCredential), ...repositories.map(nameOfRepository)];

export const nameOfCredential = ({ provider, arn }: Pick<AllowedCredential, 'provider' | 'arn'>): string =>
  `${provider}-${fingerprint(arn)}`;

export const nameOfRepository = ({ region, name }: CodeCommitRepository): string =>
  `codecommit-${fingerprint(`${region}/${name}`)}`;

/** Returns the provider for which a credential is allowed, or undefined when it is not allowed. */
export const providerAllowedFor = (allowed: readonly string[], arn: string): Provider | undefined =>
  ProviderSchema.options.find((provider) => allowed.includes(nameOfCredential({ provider, arn })));
