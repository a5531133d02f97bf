import { describe, expect, test } from '@jest/globals';
import { isRepositoryIn, isSameRepository, repositoryName } from '../../../lambdas/domain/model/repository.ts';

describe('one repository has one name', () => {
  test.each([
    'https://github.com/acme/config.git',
    'https://github.com/acme/config',
    'https://github.com/acme/config/',
    'https://github.com/acme/config.git/',
    'https://GitHub.com/Acme/Config.git',
    'HTTPS://github.com/acme/config',
    'https://github.com:443/acme/config.git',
    'https://www.github.com/acme/config',
    'https://github.com//acme//config.git',
    'git@github.com:acme/config.git',
    'git@github.com:acme/config',
    'git@github.com:/acme/config.git',
    'github.com:acme/config.git',
    'ssh://git@github.com/acme/config.git',
    'ssh://github.com/acme/config',
    'ssh://git@github.com:22/acme/config.git',
    'ssh://git@ssh.github.com:443/acme/config.git',
  ])('%s', (url) => {
    expect(repositoryName(url)).toBe('github.com/acme/config');
  });

  test.each([
    ['https://git.example:8443/acme/config.git', 'git.example:8443/acme/config'],
    ['ssh://git@git.example:2222/acme/config.git', 'git.example/acme/config'],
    ['https://gitlab.example/group/sub/group/config.git', 'gitlab.example/group/sub/group/config'],
    ['git@altssh.gitlab.com:group/config.git', 'gitlab.com/group/config'],
    ['https://github.com/acme/config.github', 'github.com/acme/config.github'],
    ['https://github.com/acme/.git', 'github.com/acme/'],
    ['something else', 'something else'],
    ['', ''],
  ])('%s is %s', (url, name) => {
    expect(repositoryName(url)).toBe(name);
  });
});

describe('two repositories', () => {
  test.each([
    ['of different owners', 'https://github.com/acme/config', 'https://github.com/acme2/config'],
    ['of different names', 'https://github.com/acme/config', 'git@github.com:acme/config-2.git'],
    ['on different hosts', 'https://github.com/acme/config', 'https://gitlab.com/acme/config'],
    ['on different servers of one host', 'https://git.example:8443/acme/config', 'https://git.example/acme/config'],
    ['one inside the other', 'https://github.com/acme/config', 'https://github.com/acme/config/sub'],
  ])('%s are not the same', (_, one, other) => {
    expect(isSameRepository(one, other)).toBe(false);
    expect(isSameRepository(other, one)).toBe(false);
  });
});

test.each([
  ['github.com/acme', 'https://github.com/Acme/config.git', true],
  ['github.com/acme', 'git@github.com:acme/config', true],
  ['github.com/acme/config', 'https://github.com/acme/config.git', true],
  ['github.com/acme', 'https://github.com/acme-2/config', false],
  ['github.com/acme/config', 'https://github.com/acme/config-2', false],
  ['github.com/acme/config', 'https://github.com/acme', false],
  ['github.com/acme', 'https://evil.example/github.com/acme/config', false],
])('%s contains %s: %s', (part, url, isInside) => {
  expect(isRepositoryIn(part, url)).toBe(isInside);
});
