import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import * as z from 'zod';
import { installationOf, nameIn } from '../../lambdas/domain/contract/installation.ts';
import { DNS_FUNCTIONS, FUNCTIONS, STATE_READERS } from '../../lambdas/functions.ts';
import { ConfigurationError, parseConfig } from '../../lib/config.ts';
import { assemblyOf, flat, ofType, synthesize, type Template } from '../harness/synthesized.ts';
import { physicalNames } from './kept-resources.ts';

/** Two installations in one account and region. */
const OTHER = { installation: 'other' };
const [ours, theirs] = [synthesize(), synthesize(OTHER)];

const ManifestSchema = z.object({
  artifacts: z.record(
    z.string(),
    z.object({
      type: z.string(),
      displayName: z.string().optional(),
      properties: z.looseObject({ stackName: z.string().optional() }).optional(),
    }),
  ),
});

/** Returns the names of the stacks, which are also in every name that CloudFormation makes up. */
const stackNames = (configuration: Readonly<Record<string, unknown>>): string[] =>
  Object.entries(
    ManifestSchema.parse(JSON.parse(readFileSync(join(assemblyOf(configuration), 'manifest.json'), 'utf8'))).artifacts,
  ).flatMap(([id, { type, properties }]) => (type === 'aws:cloudformation:stack' ? [properties?.stackName ?? id] : []));

const textsIn = (value: unknown): string[] => {
  if (typeof value === 'string') return [value];
  if (!value || typeof value !== 'object') return [];
  return Object.values(value).flatMap(textsIn);
};

describe('two installations in one account and region', () => {
  test('have no physical name in common', () => {
    const names = (templates: Readonly<Record<string, Template>>) => Object.values(templates).flatMap(physicalNames);
    expect(names(ours).length).toBeGreaterThan(100);
    expect(names(theirs)).toHaveLength(names(ours).length);
    // A stage is named within its API.
    expect(names(ours).filter((name) => names(theirs).includes(name))).toEqual(['AWS::ApiGatewayV2::Stage $default']);
  });

  test('have no stack in common', () => {
    expect(stackNames({})).toEqual(['Stagegate', 'StagegateTargetAccount', 'StagegateStateBucket']);
    expect(stackNames(OTHER)).toEqual([
      'Stagegate-other',
      'StagegateTargetAccount-other',
      'StagegateStateBucket-other',
    ]);
  });

  test('know nothing of each other: no text of a template names the other one', () => {
    const texts = Object.values(theirs).flatMap(({ Resources, Outputs, Parameters, Conditions }) =>
      textsIn([Resources, Outputs, Parameters, Conditions]),
    );
    expect([...new Set(texts.filter((text) => text.includes('stagegate')))].sort()).toEqual(
      [
        // The source of events on an installation's own bus.
        'stagegate',
        // A directory within builds.
        '/stagegate',
      ].sort(),
    );
  });

  test.each(Object.keys(ours))('differ in nothing else in %s', (stack) => {
    const renamed = JSON.parse(
      JSON.stringify(theirs[stack])
        .replaceAll(/\bother(?=[-"/:])/g, 'stagegate')
        .replaceAll('Stagegate/stagegate', 'Stagegate'),
    );
    expect(renamed.Resources).toEqual(JSON.parse(JSON.stringify(ours[stack])).Resources);
  });

  test('count their own failures', () => {
    const namespaces = (template: Template | undefined) => [
      ...new Set(
        template ? ofType(template, 'AWS::CloudWatch::Alarm').map(([, { Properties }]) => Properties.Namespace) : [],
      ),
    ];
    expect(namespaces(ours.Stagegate).sort()).toEqual(['AWS/SQS', 'Stagegate']);
    expect(namespaces(theirs.Stagegate).sort()).toEqual(['AWS/SQS', 'Stagegate/other']);
  });

  test('let environments trust the roles that functions and brokers have', () => {
    const roles = ofType(theirs.Stagegate ?? { Resources: {}, Outputs: {} }, 'AWS::IAM::Role').map(
      ([, { Properties }]) => flat(Properties.RoleName ?? ''),
    );
    for (const name of ['credentials', ...STATE_READERS, ...DNS_FUNCTIONS]) expect(roles).toContain(`other-${name}`);
  });
});

describe('a function', () => {
  test.each(Object.keys(FUNCTIONS))('%s knows its installation by its own name', (name) => {
    for (const installation of ['stagegate', 'other', 'a'])
      expect(installationOf(nameIn(installation, name))).toBe(installation);
  });

  test.each(['', 'stagegate', 'Other-read', 'tenletters-read', '-read'])('is not called %j', (name) => {
    expect(() => installationOf(name)).toThrow(`${JSON.stringify(name)} is no name in an installation`);
  });
});

describe('the name of an installation', () => {
  const parse = (installation: unknown) => parseConfig({ 'stagegate:installation': installation }).installation;

  test.each(['stagegate', 'a', 'acme2', 'eightchr'])('may be %s', (name) => {
    expect(parse(name)).toBe(name);
  });

  test('is stagegate when none is given', () => {
    expect(parseConfig({}).installation).toBe('stagegate');
  });

  test.each([
    ['', 'no text'],
    ['ninechars', 'too long for the names of roles'],
    ['acme-eu', 'a dash, which would let patterns of "acme" match its names'],
    ['Acme', 'a capital, which no bucket may have'],
    ['2acme', 'a digit in front'],
    ['acme_', 'no letter or digit'],
  ])('is not %j: %s', (name) => {
    expect(() => parse(name)).toThrow(ConfigurationError);
    expect(() => parse(name)).toThrow(
      `stagegate:installation: lower-case letters and digits, at most 8, beginning with a letter (got ${JSON.stringify(name)})`,
    );
  });
});
