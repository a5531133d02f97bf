import * as z from 'zod';

/** A type of primary source in CodeBuild: the hosts and the credentials that it allows. */
interface SourceTypeFacts {
  /** Pattern of the host in clone URLs of this type; absent if any host is allowed. */
  readonly host?: RegExp;
  readonly auth: readonly ('CODECONNECTIONS' | 'SECRETS_MANAGER')[];
}

const SOURCE_TYPES: Readonly<Record<string, SourceTypeFacts>> = {
  GITHUB: { host: /^github\.com$/, auth: ['CODECONNECTIONS', 'SECRETS_MANAGER'] },
  GITHUB_ENTERPRISE: { auth: ['CODECONNECTIONS', 'SECRETS_MANAGER'] },
  GITLAB: { host: /^gitlab\.com$/, auth: ['CODECONNECTIONS'] },
  GITLAB_SELF_MANAGED: { auth: ['CODECONNECTIONS'] },
  BITBUCKET: { host: /^bitbucket\.org$/, auth: ['CODECONNECTIONS', 'SECRETS_MANAGER'] },
  CODECOMMIT: { host: /^git-codecommit\.[a-z0-9-]+\.amazonaws\.com(?:\.cn)?$/, auth: [] },
};

export const NO_SOURCE = 'NO_SOURCE';
/** The type for an S3 object instead of a repository; its location is bucket and key. */
export const S3_SOURCE = 'S3';

export const SourceAuthSchema = z.strictObject({
  Type: z.enum(['CODECONNECTIONS', 'SECRETS_MANAGER']),
  Resource: z.string().startsWith('arn:'),
});

/** The credential with which a project fetches its primary source. */
export interface SourceAuth {
  readonly type: 'CODECONNECTIONS' | 'SECRETS_MANAGER';
  readonly resource: string;
}

export interface PrimarySource {
  readonly type: string;
  readonly location?: string;
  readonly auth?: SourceAuth;
}

/** Returns why CodeBuild would refuse a source, or undefined. */
export function objectionToSource({ type, location, auth }: PrimarySource): string | undefined {
  if (type === NO_SOURCE)
    return location || auth ? `a source of type ${NO_SOURCE} has neither location nor credentials here` : undefined;
  if (type === S3_SOURCE) {
    if (auth) return `a source of type ${S3_SOURCE} is fetched with the role of its project`;
    const place = `the location of a source of type ${S3_SOURCE} is bucket/key`;
    return /^[^/:]+\/./.test(location ?? '') ? undefined : `${place}, which "${location ?? ''}" is not`;
  }
  const facts = SOURCE_TYPES[type];
  if (!facts) return `the local cloud knows no source of type ${type}`;
  if (auth && !facts.auth.includes(auth.type)) return `a source of type ${type} is not fetched with ${auth.type}`;
  if (!location) return `a source of type ${type} needs a location`;
  const [, host] = /^https:\/\/([^/@]+)\/./.exec(location) ?? [];
  if (!host) return `the location of a source is an HTTPS clone URL, which "${location}" is not`;
  return facts.host && !facts.host.test(host) ? `"${location}" is no location of a source of type ${type}` : undefined;
}

/**
 * Returns the permissions that the service role needs so that CodeBuild can fetch a source with it: actions and their
 * resource.
 */
export function permissionsToFetch(
  { type, location = '', auth }: PrimarySource,
  accountId: string,
): { readonly actions: readonly string[]; readonly resource: string } | undefined {
  if (auth?.type === 'SECRETS_MANAGER') return { actions: ['secretsmanager:GetSecretValue'], resource: auth.resource };
  if (auth) {
    const service = auth.resource.split(':')[2] ?? '';
    return { actions: [`${service}:GetConnection`, `${service}:GetConnectionToken`], resource: auth.resource };
  }
  if (type === S3_SOURCE) return { actions: ['s3:GetObject'], resource: `arn:aws:s3:::${location}` };
  const [, region, name] = /^https:\/\/git-codecommit\.([a-z0-9-]+)\.[^/]+\/v1\/repos\/([^/]+)$/.exec(location) ?? [];
  if (type !== 'CODECOMMIT' || !region || !name) return undefined;
  return { actions: ['codecommit:GitPull'], resource: `arn:aws:codecommit:${region}:${accountId}:${name}` };
}
