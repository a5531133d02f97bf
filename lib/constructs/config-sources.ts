import { Aws } from 'aws-cdk-lib';
import { type CfnProject, Source, type SourceConfig } from 'aws-cdk-lib/aws-codebuild';
import { type BuildSource, type CodeCommitRepository, PROVIDERS } from '../../lambdas/domain/contract/build-source.ts';
import type { Config } from '../config.ts';
import type { Permission } from './permissions.ts';

/** Returns every source that builds of this installation may have. */
export const sourcesOf = (config: Config): BuildSource[] => [
  { kind: 'public' },
  ...(config.allowedCodeCommitArns.length > 0 ? [{ kind: 'codecommit' } as const] : []),
  ...config.allowedConnectionArns,
  ...config.allowedSecretArns,
];

export function describeSource(source: BuildSource): string {
  if (source.kind === 'public') return 'of public sources';
  if (source.kind === 'kept') return 'from trees that are kept with environments';
  return source.kind === 'codecommit' ? 'of CodeCommit' : `with one ${source.kind} for ${source.provider}`;
}

/**
 * Type and credential of a project's primary source, because the sources of CDK do not support credentials.
 * CloudFormation demands a location with a type. Each build replaces that location, so it does not exist.
 */
export class PrivateSource extends Source {
  override readonly type: string;
  override readonly badgeSupported = false;
  private readonly property: CfnProject.SourceProperty;

  constructor(source: Exclude<BuildSource, { kind: 'public' | 'kept' }>, { allowedCodeCommitArns }: Config) {
    super({});
    if (source.kind === 'codecommit') {
      const [first] = allowedCodeCommitArns.map(codeCommitRepository);
      this.type = PROVIDERS.codecommit.sourceType;
      const location = `https://git-codecommit.${first?.region}.${Aws.URL_SUFFIX}/v1/repos/${first?.name}`;
      this.property = { type: this.type, location };
    } else {
      const { sourceType, host = UNKNOWN_HOST } = PROVIDERS[source.provider];
      this.type = sourceType;
      this.property = {
        type: this.type,
        location: `https://${host}/stagegate-placeholder/named-by-each-build.git`,
        auth: { type: source.kind === 'connection' ? 'CODECONNECTIONS' : 'SECRETS_MANAGER', resource: source.arn },
      };
    }
  }

  override bind(): SourceConfig {
    return { sourceProperty: this.property };
  }
}

/** A host that can never exist: nobody can own a name below `invalid` (RFC 2606). */
const UNKNOWN_HOST = 'git.invalid';

export function codeCommitRepository(arn: string): CodeCommitRepository {
  const [, , , region = '', , name = ''] = arn.split(':');
  return { region, name };
}

/** Lets builds fetch a source: with its one credential, or from the repositories that the configuration names. */
export function sourcePermissions(source: BuildSource, { allowedCodeCommitArns }: Config): Permission[] {
  switch (source.kind) {
    case 'public':
    case 'kept':
      return [];
    case 'codecommit':
      return [{ actions: ['codecommit:GitPull'], resources: allowedCodeCommitArns }];
    case 'secret':
      return [{ actions: ['secretsmanager:GetSecretValue'], resources: [source.arn] }];
    case 'connection': {
      // A connection keeps the service prefix that it was made with, and IAM expects actions with the same prefix.
      const service = source.arn.split(':')[2];
      const actions = ['GetConnection', 'GetConnectionToken', 'UseConnection'].map((action) => `${service}:${action}`);
      return [{ actions, resources: [source.arn] }];
    }
  }
}
