import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import {
  ApplyVariablesSchema,
  InspectVariablesSchema,
  PlanVariablesSchema,
} from '../../lambdas/domain/contract/build-environment-variables.ts';
import {
  ADDED_VARIABLES,
  buildEndpoints,
  functionEndpoints,
  LEFT_OUT,
  PlaceSchema,
  SUBSTITUTED_VARIABLES,
  SubjectSchema,
  SYNTHESIS_CONTEXT,
} from '../../local/differences.ts';
import { ofType, stagegate } from '../harness/synthesized.ts';

const root = join(import.meta.dirname, '..', '..');

describe('where the local cloud differs from AWS', () => {
  test.each(Object.entries({ ...SUBSTITUTED_VARIABLES, ...SYNTHESIS_CONTEXT, ...ADDED_VARIABLES, ...LEFT_OUT }))(
    '%s: a test shows the side of AWS',
    (_, { test: file }) => {
      expect(existsSync(join(root, file))).toBe(true);
    },
  );

  test('only variables are replaced that the template gives its build projects', () => {
    for (const [, { Properties }] of ofType(stagegate(), 'AWS::CodeBuild::Project')) {
      const names = Properties.Environment.EnvironmentVariables.map(({ Name }: { Name: string }) => Name);
      expect(names).toEqual(expect.arrayContaining(Object.keys(SUBSTITUTED_VARIABLES)));
    }
  });

  test('no other variables are added by endpoints than those listed, and the template sets none of them', () => {
    const added = Object.keys({ ...functionEndpoints('x'), ...buildEndpoints('x', 'y') });
    expect(Object.keys(ADDED_VARIABLES)).toEqual(expect.arrayContaining(added));
    const template = JSON.stringify(stagegate());
    for (const name of Object.keys(ADDED_VARIABLES)) expect(template).not.toContain(`"${name}"`);
  });

  test.each([
    ['a plan', PlanVariablesSchema],
    ['an apply', ApplyVariablesSchema],
  ])('what is read of the variables of %s is declared, with the same values', (_, declared) => {
    expect(Object.keys(declared.shape)).toEqual(expect.arrayContaining(Object.keys(SubjectSchema.shape)));
    expect(SubjectSchema.shape.STAGEGATE_ENGINE.options).toEqual(declared.shape.STAGEGATE_ENGINE.options);
  });

  test('what is read of the variables of an inspect build is declared, and too little to play the operator for it', () => {
    const declared = Object.keys(InspectVariablesSchema.shape);
    expect(declared).toEqual(expect.arrayContaining(Object.keys(PlaceSchema.shape)));
    expect(declared).not.toContain('STAGEGATE_ENGINE');
    expect(SubjectSchema.shape.STAGEGATE_ENGINE.safeParse(undefined).success).toBe(false);
  });

  test.each(Object.keys(SUBSTITUTED_VARIABLES))('%s is named by the test that shows it', (name) => {
    const entries: Readonly<Record<string, { readonly test: string }>> = SUBSTITUTED_VARIABLES;
    expect(readFileSync(join(root, entries[name]?.test ?? ''), 'utf8')).toContain(name);
  });
});
