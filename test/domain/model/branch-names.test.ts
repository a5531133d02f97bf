import { describe, expect, test } from '@jest/globals';
import { ApplicationSchema, ApplicationSettingsSchema } from '../../../lambdas/domain/model/application.ts';
import { EphemeralRequestSchema } from '../../../lambdas/domain/model/ephemeral-environment.ts';
import { BranchSchema } from '../../../lambdas/domain/names.ts';
import { anApplication } from '../../harness/builders.ts';

describe('the name of a branch', () => {
  test.each(['main', 'master', 'feature/x', 'release-1.2', 'a', 'A_b.c', 'refs', 'heads/main', 'x'.repeat(250)])(
    '%s is one',
    (name) => {
      expect(BranchSchema.parse(name)).toBe(name);
    },
  );

  // What `git check-ref-format --branch` refuses, and what git takes but nobody means.
  test.each([
    '',
    '-x',
    '/main',
    'main/',
    'a//b',
    '.x',
    'a/.x',
    'a..b',
    'x.lock',
    'x.lock/y',
    'x.',
    'HEAD',
    'a b',
    'a~1',
    'a^',
    'a:b',
    'a?',
    'a*',
    'a[b',
    'a\\b',
    'a@{1}',
    '@',
    'a\n',
    'x'.repeat(251),
    'refs/heads/',
    'refs/heads/main',
    'refs/tags/v1',
  ])('%j is none', (name) => {
    expect(BranchSchema.safeParse(name).success).toBe(false);
  });

  const told = (name: string) => BranchSchema.safeParse(name).error?.issues.map(({ message }) => message);

  test('is told without refs/heads/', () => {
    expect(told('refs/heads/feature/x')).toEqual(['write feature/x, the name of the branch without refs/heads/']);
    expect(told('refs/tags/v1')).toEqual(['the name of a branch, such as main: nothing is deployed from other refs']);
  });

  test('is the same for applications and for ephemeral environments, to which CI may give the whole ref', () => {
    const { name: _, createdAt: _at, updatedAt: _on, ...settings } = anApplication();
    const withBranch = (branch: string) =>
      ApplicationSettingsSchema.safeParse({
        ...settings,
        configRepository: { ...settings.configRepository, branch },
      }).success;
    const withRef = (ref: string) => EphemeralRequestSchema.safeParse({ name: 'pr-1', ref });
    for (const name of ['x.lock', 'a/', 'HEAD', 'refs/tags/v1']) {
      expect(withBranch(name)).toBe(false);
      expect(withRef(name).success).toBe(false);
    }
    expect(withBranch('refs/heads/main')).toBe(false);
    expect(withRef('refs/heads/feature/x').data).toMatchObject({ ref: 'feature/x' });
  });

  test('may be any that earlier versions took, in an application that is stored', () => {
    const { configRepository, ...application } = anApplication();
    const stored = { ...application, configRepository: { ...configRepository, branch: 'refs/heads/main' } };
    expect(ApplicationSchema.parse(stored)).toEqual(stored);
  });
});
