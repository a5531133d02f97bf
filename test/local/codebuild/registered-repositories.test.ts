import { execFileSync } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { asGitVariables, gitConfigOf } from '../../../local/services/codebuild/registered-repositories.ts';
import { temporaryDirectory } from '../temporary-directory.ts';

/** Returns the address that git really asks, with these variables. */
const addressOf = (url: string, variables: Readonly<Record<string, string>>): string =>
  execFileSync('git', ['ls-remote', '--get-url', url], {
    encoding: 'utf8',
    env: { PATH: process.env.PATH ?? '', GIT_CONFIG_NOSYSTEM: '1', GIT_CONFIG_GLOBAL: '/dev/null', ...variables },
  }).trim();

describe('git of a build finds registered repositories in the directory', () => {
  const base = temporaryDirectory();
  const directory = join(base, 'a "quoted" one');
  mkdirSync(directory);

  test.each([
    ['https://git.example.com/acme/config.git', 'https://git.example.com/acme/config.git', true],
    ['https://git.example.com/acme/config.git', 'https://git.example.com/acme/config', true],
    ['https://git.example.com/acme/config', 'https://git.example.com/acme/config', true],
    ['https://git.example.com/acme/config', 'https://git.example.com/acme/config.git', true],
    ['https://git.example.com/acme/config', 'https://git.example.com/acme/config-modules.git', false],
    ['https://git.example.com/acme/config', 'https://git.example.com/acme/config2', false],
    ['https://git.example.com/acme/config', 'https://git.example.com/acme/config.wiki.git', false],
    ['https://git.example.com/acme/config', 'https://git.example.com/acme/config.github.io', false],
    ['https://git.example.com/acme/config', 'https://git.example.com/acme/config/modules.git', false],
    ['https://git.example.com/acme/config', 'https://git.example.com/acme/conf', false],
    ['https://git.example.com/acme/config', 'https://other.example.com/acme/config', false],
  ])('%s is registered, and a module names %s', async (registered, named, isFound) => {
    const variables = await asGitVariables(base, gitConfigOf(directory, [registered]), {});
    expect(addressOf(named, variables)).toBe(isFound ? directory : named);
  });

  test('two addresses of one directory, of which one begins like the other', async () => {
    const [one, other] = ['https://git.example.com/acme', 'https://git.example.com/acme-two.git'];
    const variables = await asGitVariables(base, gitConfigOf(directory, [one, other]), {});
    for (const url of [one, other]) expect(addressOf(url, variables)).toBe(directory);
    expect(addressOf('https://git.example.com/acme-three.git', variables)).toBe(
      'https://git.example.com/acme-three.git',
    );
  });

  test('beside the settings that the person has given', async () => {
    const own = {
      GIT_CONFIG_COUNT: '1',
      GIT_CONFIG_KEY_0: 'url.https://mirror.example.com/.insteadOf',
      GIT_CONFIG_VALUE_0: 'https://slow.example.com/',
    };
    const config = gitConfigOf(directory, ['https://git.example.com/acme.git']);
    const variables = { ...own, ...(await asGitVariables(base, config, own)) };
    expect(variables.GIT_CONFIG_COUNT).toBe('2');
    expect(addressOf('https://slow.example.com/x.git', variables)).toBe('https://mirror.example.com/x.git');
    expect(addressOf('https://git.example.com/acme.git', variables)).toBe(directory);
  });
});
