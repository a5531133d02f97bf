import { describe, expect, test } from '@jest/globals';
import { requireAllowed, sourceOf } from '../../../lambdas/domain/build/config-source.ts';
import { allowedSourceNames, type Provider } from '../../../lambdas/domain/contract/build-source.ts';
import { InvalidInputError } from '../../../lambdas/domain/errors.ts';
import type { ConfigRepository } from '../../../lambdas/domain/model/application.ts';
import { isSameRepository } from '../../../lambdas/domain/model/repository.ts';

const CONNECTION = 'arn:aws:codeconnections:eu-west-1:111111111111:connection/abc';
const SECRET = 'arn:aws:secretsmanager:eu-west-1:111111111111:secret:git-AbCdEf';
const CODECOMMIT = 'git-codecommit.eu-west-1.amazonaws.com/v1/repos/Config';

const repository = (url: string, more: Partial<ConfigRepository> = {}): ConfigRepository => ({
  url,
  branch: 'main',
  ...more,
});

/** Returns field, message and value of the refusal, or undefined. */
function refusal(act: () => unknown): string | undefined {
  try {
    act();
    return undefined;
  } catch (error) {
    if (!(error instanceof InvalidInputError)) throw error;
    return error.issues.map(({ field, message, value }) => `${field}: ${message} (got ${value})`).join();
  }
}

describe('the clone URL of a config repository', () => {
  test.each([
    ['https://github.com/Acme/config.git', 'https://github.com/Acme/config.git'],
    ['https://github.com/acme/config', 'https://github.com/acme/config'],
    ['https://www.github.com/acme/config', 'https://github.com/acme/config.git'],
    ['git@github.com:Acme/Config.git', 'https://github.com/Acme/Config.git'],
    ['git@github.com:acme/config', 'https://github.com/acme/config.git'],
    ['ssh://git@github.com/acme/config.git', 'https://github.com/acme/config.git'],
    ['ssh://git@github.com:22/acme/config.git/', 'https://github.com/acme/config.git'],
    ['ssh://git@ssh.github.com:443/acme/config.git', 'https://github.com/acme/config.git'],
    ['git@bitbucket.org:acme/config.git', 'https://bitbucket.org/acme/config.git'],
    ['ssh://git@altssh.bitbucket.org:443/acme/config.git', 'https://bitbucket.org/acme/config.git'],
    [`ssh://APKAEXAMPLE@${CODECOMMIT}`, `https://${CODECOMMIT}`],
    [`https://${CODECOMMIT}`, `https://${CODECOMMIT}`],
  ])('of %s is %s', (url, location) => {
    expect(sourceOf(repository(url)).location).toBe(location);
    expect(isSameRepository(url, location)).toBe(true);
  });

  test.each([
    ['git@gitlab.com:group/sub/config.git', 'https://gitlab.com/group/sub/config.git'],
    ['ssh://git@altssh.gitlab.com:443/group/config.git', 'https://gitlab.com/group/config.git'],
  ])('of %s is %s', (url, location) => {
    expect(sourceOf(repository(url, { connectionArn: CONNECTION })).location).toBe(location);
  });

  test('of another host is the one that is given', () => {
    const url = 'https://git.acme.example:8443/Acme/config';
    expect(sourceOf(repository(url, { provider: 'github-enterprise' }))).toMatchObject({ location: url });
  });
});

describe('what builds cannot fetch is refused, naming field and value', () => {
  test.each<[string, string, Partial<ConfigRepository>, string]>([
    [
      'a host nobody knows',
      'https://git.acme.example/config.git',
      {},
      'configRepository.provider: nobody knows what git.acme.example is: github-enterprise or gitlab-self-managed; builds fetch from no other host (got nothing)',
    ],
    [
      'a host that only looks like a known one',
      'https://github.com.evil.example/config.git',
      {},
      'configRepository.provider: nobody knows what github.com.evil.example is: github-enterprise or gitlab-self-managed; builds fetch from no other host (got nothing)',
    ],
    [
      'another port of a known host',
      'https://github.com:8443/acme/config.git',
      {},
      'configRepository.provider: nobody knows what github.com:8443 is: github-enterprise or gitlab-self-managed; builds fetch from no other host (got nothing)',
    ],
    [
      'a provider that the host is not',
      'https://github.com/acme/config.git',
      { provider: 'gitlab' },
      'configRepository.provider: github.com is github (got "gitlab")',
    ],
    [
      'a provider with a host of its own, for another host',
      'https://git.acme.example/config.git',
      { provider: 'bitbucket' },
      'configRepository.provider: git.acme.example is not bitbucket; github-enterprise or gitlab-self-managed (got "bitbucket")',
    ],
    [
      'SSH to a host whose HTTPS URL nobody knows',
      'ssh://git@git.acme.example:2222/acme/config.git',
      { provider: 'github-enterprise' },
      'configRepository.url: builds fetch over HTTPS, and nobody knows the HTTPS clone URL of git.acme.example: give that one (got "ssh://git@git.acme.example:2222/acme/config.git")',
    ],
    [
      'GitLab without a connection',
      'https://gitlab.com/acme/config.git',
      {},
      'configRepository.connectionArn: needed: CodeBuild fetches from gitlab through a connection only (got nothing)',
    ],
    [
      'GitLab with a secret',
      'https://gitlab.acme.example/acme/config.git',
      { provider: 'gitlab-self-managed', secretArn: SECRET },
      `configRepository.secretArn: CodeBuild fetches from gitlab-self-managed through a connection only (got "${SECRET}")`,
    ],
    [
      'CodeCommit with a credential',
      `https://${CODECOMMIT}`,
      { connectionArn: CONNECTION },
      `configRepository.connectionArn: CodeBuild fetches from codecommit with the build's own role (got "${CONNECTION}")`,
    ],
    [
      'no repository of CodeCommit',
      'https://git-codecommit.eu-west-1.amazonaws.com/config',
      {},
      'configRepository.url: a repository of CodeCommit is at git-codecommit.eu-west-1.amazonaws.com/v1/repos/<name> (got "https://git-codecommit.eu-west-1.amazonaws.com/config")',
    ],
  ])('%s', (_, url, more, message) => {
    expect(refusal(() => sourceOf(repository(url, more)))).toBe(message);
  });
});

describe('an installation', () => {
  const allowed = allowedSourceNames(
    [
      { kind: 'connection', provider: 'github', arn: CONNECTION },
      { kind: 'secret', provider: 'github-enterprise', arn: SECRET },
    ],
    [{ region: 'eu-west-1', name: 'Config' }],
  );
  const judge = (url: string, more: Partial<ConfigRepository> = {}) =>
    refusal(() => requireAllowed(repository(url, more), allowed));
  const ghe: { provider: Provider } = { provider: 'github-enterprise' };

  test('takes public repositories, and those of its connections, secrets and CodeCommit', () => {
    expect(judge('https://github.com/anybody/config.git')).toBeUndefined();
    expect(judge('git@github.com:acme/config.git', { connectionArn: CONNECTION })).toBeUndefined();
    expect(judge('https://git.acme.example/config.git', { ...ghe, secretArn: SECRET })).toBeUndefined();
    expect(judge(`https://${CODECOMMIT}`)).toBeUndefined();
  });

  test.each<[string, string, Partial<ConfigRepository>, string]>([
    [
      'another connection',
      'https://github.com/acme/config.git',
      { connectionArn: `${CONNECTION}2` },
      `configRepository.connectionArn: no connection that the configuration of this installation allows (stagegate:allowedConnectionArns) (got "${CONNECTION}2")`,
    ],
    [
      'another secret',
      'https://github.com/acme/config.git',
      { secretArn: `${SECRET}2` },
      `configRepository.secretArn: no secret that the configuration of this installation allows (stagegate:allowedSecretArns) (got "${SECRET}2")`,
    ],
    [
      'a connection for another kind of host',
      'https://gitlab.com/acme/config.git',
      { connectionArn: CONNECTION },
      `configRepository.connectionArn: allowed for repositories of github, and this one is of gitlab (got "${CONNECTION}")`,
    ],
    [
      'another repository of CodeCommit',
      `https://${CODECOMMIT}-2`,
      {},
      `configRepository.url: no repository that the configuration of this installation allows (stagegate:allowedCodeCommitArns) (got "https://${CODECOMMIT}-2")`,
    ],
    [
      'the same name in another region of CodeCommit',
      `https://${CODECOMMIT.replace('eu-west-1', 'us-east-1')}`,
      {},
      `configRepository.url: no repository that the configuration of this installation allows (stagegate:allowedCodeCommitArns) (got "https://${CODECOMMIT.replace('eu-west-1', 'us-east-1')}")`,
    ],
  ])('refuses %s', (_, url, more, message) => {
    expect(judge(url, more)).toBe(message);
  });
});
