import { createHash } from 'node:crypto';
import * as z from 'zod';

/**
 * From where builds fetch config repositories, and with which credentials. CodeBuild takes credentials from the project
 * and not from the call that starts a build, so each credential has a plan and an apply project of its own (ADR 54).
 * Both ends read their names here: `lib` makes the projects, the functions name one of them.
 */

/** How CodeBuild may fetch: anybody may read it, the build's own role may, or a connection or secret does. */
export type Credential = 'none' | 'role' | 'connection' | 'secret';

interface ProviderFacts {
  /** CodeBuild's word for it. */
  readonly sourceType: string;
  /** The one host it is, where it is one. */
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

/** The git hosts that CodeBuild fetches from, and with what. GitLab is reached through connections only. */
export const PROVIDERS: Readonly<Record<Provider, ProviderFacts>> = {
  github: { sourceType: 'GITHUB', host: 'github.com', credentials: ['none', 'connection', 'secret'] },
  'github-enterprise': { sourceType: 'GITHUB_ENTERPRISE', credentials: ['none', 'connection', 'secret'] },
  gitlab: { sourceType: 'GITLAB', host: 'gitlab.com', credentials: ['connection'] },
  'gitlab-self-managed': { sourceType: 'GITLAB_SELF_MANAGED', credentials: ['connection'] },
  bitbucket: { sourceType: 'BITBUCKET', host: 'bitbucket.org', credentials: ['none', 'connection', 'secret'] },
  codecommit: { sourceType: 'CODECOMMIT', credentials: ['role'] },
};

/** A credential that an installation allows, and the kind of host it is for: its ARN does not tell. */
export interface AllowedCredential {
  readonly kind: 'connection' | 'secret';
  readonly provider: Provider;
  readonly arn: string;
}

/** What a pair of build projects fetches with. */
export type BuildSource = { readonly kind: 'public' } | { readonly kind: 'codecommit' } | AllowedCredential;

export const PURPOSES = ['plan', 'apply'] as const;
export type Purpose = (typeof PURPOSES)[number];

/** Short and the same everywhere: names of projects and roles have little room, and an ARN has characters they lack. */
const fingerprint = (text: string): string => createHash('sha256').update(text).digest('hex').slice(0, 12);

/** Names a source in names of projects, roles and log groups; nothing for public ones. */
export function sourceName(source: BuildSource): string | undefined {
  if (source.kind === 'public') return undefined;
  return source.kind === 'codecommit' ? 'codecommit' : `${source.provider}-${fingerprint(source.arn)}`;
}

/** Of CodeBuild, such as `stagegate-plan` and `stagegate-plan-github-0123456789ab`. */
export const projectName = (purpose: Purpose, source: BuildSource): string =>
  ['stagegate', purpose, sourceName(source)].filter(Boolean).join('-');

/** Of a project's own role. The dot keeps these names apart from those of environments' roles, which have none. */
export const buildRoleName = (purpose: Purpose, source: BuildSource): string =>
  [buildRoleOf(purpose), sourceName(source)].filter(Boolean).join('.');

/** The project that reads plans for people. It fetches no source, so there is one of it. */
export const INSPECT_PROJECT = 'stagegate-inspect';
export const INSPECT_ROLE = 'stagegate-inspect-build';

/** Is it the name of a role of builds for this purpose? */
export const isBuildRole = (purpose: Purpose, name: string): boolean =>
  name === buildRoleOf(purpose) || name.startsWith(`${buildRoleOf(purpose)}.`);

const buildRoleOf = (purpose: Purpose): string => `stagegate-${purpose}-build`;

/** A repository of CodeCommit as its clone URL tells it apart: no account stands there. */
export interface CodeCommitRepository {
  readonly region: string;
  readonly name: string;
}

/** Text of the variable from which functions learn what is allowed. Fingerprints, because ARNs would soon fill it. */
export const allowedSourceNames = (
  credentials: readonly AllowedCredential[],
  repositories: readonly CodeCommitRepository[],
): string[] => [...credentials.map(nameOfCredential), ...repositories.map(nameOfRepository)];

export const nameOfCredential = ({ provider, arn }: Pick<AllowedCredential, 'provider' | 'arn'>): string =>
  `${provider}-${fingerprint(arn)}`;

export const nameOfRepository = ({ region, name }: CodeCommitRepository): string =>
  `codecommit-${fingerprint(`${region}/${name}`)}`;

/** The provider for which a credential is allowed, if it is. */
export const providerAllowedFor = (allowed: readonly string[], arn: string): Provider | undefined =>
  ProviderSchema.options.find((provider) => allowed.includes(nameOfCredential({ provider, arn })));
