import * as z from 'zod';
import { type AllowedCredential, PROVIDERS, ProviderSchema } from '../lambdas/domain/contract/build-source.ts';

/** Refuses wildcards: each credential has build projects of its own, so every one must be named. */
export const noWildcard = (text: string): boolean => !/[*?]/.test(text);
export const NO_WILDCARD = 'name each one in full: a wildcard is not possible here';

/** Parses `<provider>=<ARN>`. The provider is stated, because an ARN does not show for which git host it is. */
const credential = (kind: AllowedCredential['kind'], arn: RegExp, example: string) =>
  z
    .string()
    .refine(noWildcard, { error: NO_WILDCARD, abort: true })
    .transform((text, context): AllowedCredential => {
      const [, stated = '', given = ''] = /^(?:([^=:]*)=)?(.*)$/.exec(text) ?? [];
      const provider = ProviderSchema.safeParse(stated);
      const able = ProviderSchema.options.filter((option) => PROVIDERS[option].credentials.includes(kind));
      if (provider.success && able.includes(provider.data) && arn.test(given))
        return { kind, provider: provider.data, arn: given };
      const message = `a ${kind} and what it is for, such as ${example}; it may be for ${able.join(', ')}`;
      context.addIssue({ code: 'custom', message });
      return z.NEVER;
    });
export const ConnectionSchema = credential(
  'connection',
  /^arn:aws[a-z-]*:(?:codeconnections|codestar-connections):[a-z0-9-]+:\d{12}:connection\/[\w-]+$/,
  'github=arn:aws:codeconnections:eu-west-1:111111111111:connection/1234',
);
export const SecretSchema = credential(
  'secret',
  /^arn:aws[a-z-]*:secretsmanager:[a-z0-9-]+:\d{12}:secret:[\w/+=.@-]+$/,
  'github=arn:aws:secretsmanager:eu-west-1:111111111111:secret:git-AbCdEf',
);
export const RepositoryArnSchema = z
  .string()
  .refine(noWildcard, { error: NO_WILDCARD, abort: true })
  .regex(/^arn:aws[a-z-]*:codecommit:[a-z0-9-]+:\d{12}:[\w.-]+$/, 'a CodeCommit repository ARN');

/** Hosts on which anybody can get any free name. A repository there counts only in the part of a known owner. */
const HOSTS_OF_EVERYBODY = ['github.com', 'gitlab.com', 'bitbucket.org'];
export const HeadHostSchema = z
  .string()
  .max(300)
  .regex(
    /^(?=[^/]{1,253}(?:\/|$))(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z]{2,63}(?:\/(?!\.\.?(?:\/|$))[a-z0-9._-]+)*$/,
    'a host, or a part of one, in lower case: git.acme.example or github.com/acme',
  )
  .refine((host) => !HOSTS_OF_EVERYBODY.includes(host), {
    error: 'name the owner as well, such as github.com/acme: anybody can get a name there',
  });
