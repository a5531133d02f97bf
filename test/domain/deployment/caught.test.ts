import { describe, expect, test } from '@jest/globals';
import { summarizeCause } from '../../../lambdas/domain/deployment/caught.ts';

const BUILD = {
  Id: 'stagegate-apply:1',
  BuildStatus: 'STOPPED',
  Environment: { EnvironmentVariables: [{ Name: 'STAGEGATE_EXTERNAL_ID', Value: '0123456789abcdef0123456789abcdef' }] },
  Phases: [
    { PhaseType: 'SUBMITTED' },
    { PhaseType: 'BUILD', Contexts: [{ StatusCode: 'COMMAND_EXECUTION_ERROR', Message: 'exit status 1' }] },
  ],
};

describe('the cause of a failure', () => {
  test.each([
    ['a bare build', JSON.stringify(BUILD), 'build STOPPED; BUILD: exit status 1'],
    ['a wrapped build', JSON.stringify({ Build: BUILD }), 'build STOPPED; BUILD: exit status 1'],
    [
      'a function',
      JSON.stringify({ errorType: 'NotHolderError', errorMessage: 'it is held', trace: [] }),
      'it is held',
    ],
    ['plain words', 'Rate exceeded', 'Rate exceeded'],
    ['unknown JSON', '{"Secret":"s3cr3t"}', 'the execution history has the details'],
    ['JSON that was cut off', '{"Build":{"Environment":{"Value":"s3cr3t', 'the execution history has the details'],
  ])('of %s is told in words', (_, cause, words) => {
    expect(summarizeCause(cause)).toBe(words);
  });

  test('never shows a variable of a build', () => {
    for (const cause of [BUILD, { Build: BUILD }, { Build: { ...BUILD, BuildStatus: 1 } }])
      expect(summarizeCause(JSON.stringify(cause))).not.toContain('0123456789abcdef');
  });
});
