import { describe, expect, test } from '@jest/globals';
import {
  type BuildSource,
  buildRoleName,
  isBuildRole,
  PROVIDERS,
  ProviderSchema,
  PURPOSES,
  projectName,
} from '../../../lambdas/domain/contract/build-source.ts';

const arn = (id: string) => `arn:aws:codeconnections:eu-west-1:111111111111:connection/${id}`;
const connection = (id: string): BuildSource => ({ kind: 'connection', provider: 'github', arn: arn(id) });
const longest: BuildSource = { kind: 'connection', provider: 'gitlab-self-managed', arn: arn('x'.repeat(200)) };
const SOURCES: readonly BuildSource[] = [
  ...[{ kind: 'public' } as const, { kind: 'codecommit' } as const, connection('a'), connection('b'), longest],
  { kind: 'connection', provider: 'gitlab', arn: arn('a') },
];

describe('build projects', () => {
  test('have the same names whenever and wherever they are asked for', () => {
    expect(SOURCES.slice(0, 3).map((source) => projectName('stagegate', 'plan', source))).toEqual([
      'stagegate-plan',
      'stagegate-plan-codecommit',
      'stagegate-plan-github-b98e0dba062b',
    ]);
  });

  test('have each a name and a role of its own, as long as CodeBuild and IAM take them', () => {
    const all = PURPOSES.flatMap((purpose) => SOURCES.map((source) => ({ purpose, source })));
    const [projects, roles] = [
      all.map(({ purpose, source }) => projectName('stagegate', purpose, source)),
      all.map(({ purpose, source }) => buildRoleName('stagegate', purpose, source)),
    ];
    expect(new Set(projects).size).toBe(all.length);
    expect(new Set(roles).size).toBe(all.length);
    for (const name of projects) expect(name).toMatch(/^[A-Za-z0-9][A-Za-z0-9_-]{1,254}$/);
    for (const name of roles) expect(name).toMatch(/^[\w+=,.@-]{1,64}$/);
  });

  test('have roles that are known by their names, each purpose its own', () => {
    for (const source of SOURCES)
      for (const purpose of PURPOSES)
        for (const other of PURPOSES)
          expect(isBuildRole('stagegate', other, buildRoleName('stagegate', purpose, source))).toBe(purpose === other);
  });

  test.each([
    ['plan', 'stagegate-plan-build-plan'],
    ['plan', 'stagegate-plan-build1-apply'],
    ['plan', 'stagegate-plan-builder'],
    ['apply', 'stagegate-apply-build-x-apply'],
  ] as const)('have %s roles that no role of an environment is taken for, such as %s', (purpose, name) => {
    expect(isBuildRole('stagegate', purpose, name)).toBe(false);
  });

  test('belong to one installation', () => {
    for (const source of SOURCES)
      for (const purpose of PURPOSES)
        expect(isBuildRole('stagegate', purpose, buildRoleName('other', purpose, source))).toBe(false);
  });

  test('exist for every kind of host that has something to fetch with', () => {
    expect(Object.keys(PROVIDERS)).toEqual(ProviderSchema.options);
    for (const { credentials } of Object.values(PROVIDERS)) expect(credentials.length).toBeGreaterThan(0);
  });
});
