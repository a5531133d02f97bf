import { describe, expect, test } from '@jest/globals';
import { explainCause } from '../../../lambdas/domain/deployment/causes/caught.ts';
import { parseCutOffJson } from '../../../lambdas/domain/deployment/causes/cut-off-json.ts';

const EXTERNAL_ID = '0123456789abcdef0123456789abcdef';
const SUCCEEDED = ['SUBMITTED', 'QUEUED', 'PROVISIONING'];

/** A build as Step Functions describes it in the cause of `codebuild:startBuild.sync`. */
const build = (BuildStatus: string, PhaseType?: string, Message: string | null = '', PhaseStatus = BuildStatus) => ({
  Arn: 'arn:aws:codebuild:eu-west-1:111111111111:build/stagegate-plan:1',
  BuildComplete: true,
  BuildStatus,
  CurrentPhase: 'COMPLETED',
  Environment: { EnvironmentVariables: [{ Name: 'STAGEGATE_EXTERNAL_ID', Type: 'PLAINTEXT', Value: EXTERNAL_ID }] },
  Id: 'stagegate-plan:1',
  Phases: [
    ...SUCCEEDED.map((phase) => ({
      Contexts: [{ Message: '', StatusCode: '' }],
      DurationInSeconds: 1,
      PhaseStatus: 'SUCCEEDED',
      PhaseType: phase,
    })),
    ...(PhaseType === undefined
      ? []
      : [{ Contexts: [{ Message, StatusCode: 'CLIENT_ERROR' }], DurationInSeconds: 2, PhaseStatus, PhaseType }]),
    { PhaseType: 'COMPLETED', StartTime: 1 },
  ],
});
const explain = (cause: object) => explainCause(JSON.stringify(cause));
const GONE = `reference is not a tree: ${'1234'.repeat(10)} for primary source and source version ${'1234'.repeat(10)}`;

describe('a build without a result is explained by the phase in which it ended', () => {
  test.each([
    [
      'a commit that is gone',
      build('FAILED', 'DOWNLOAD_SOURCE', GONE),
      `fetching the source (DOWNLOAD_SOURCE) failed: ${GONE}`,
      'checkout-failed',
    ],
    [
      'a host that refuses',
      build('FAILED', 'DOWNLOAD_SOURCE', 'authentication required for primary source and source version abc'),
      'fetching the source (DOWNLOAD_SOURCE) failed: authentication required for primary source and source version abc',
      'checkout-failed',
    ],
    [
      'a machine that is not ready',
      build('FAULT', 'PROVISIONING', 'ECR: access denied', 'CLIENT_ERROR'),
      'preparing the machine of the build (PROVISIONING) failed: ECR: access denied',
      undefined,
    ],
    [
      'an image without Node.js',
      build('FAILED', 'INSTALL', 'YAML_FILE_ERROR Message: Unknown runtime version named 22 of nodejs'),
      'installing Node.js (INSTALL) failed: YAML_FILE_ERROR Message: Unknown runtime version named 22 of nodejs',
      undefined,
    ],
    [
      'a program that was killed',
      build('FAILED', 'BUILD', 'Error while executing command: node "plan.mjs".\n Reason: exit status 137'),
      'running the build program (BUILD) failed: Error while executing command: node "plan.mjs". Reason: exit status 137 (it was killed, as happens when the memory runs out)',
      undefined,
    ],
    [
      'its time',
      build('TIMED_OUT', 'BUILD', 'Build has timed out.'),
      'the build took longer than it may, and was ended while it was running the build program (BUILD): Build has timed out.',
      'timed-out',
    ],
    [
      'a person',
      build('STOPPED', 'BUILD'),
      'the build was stopped while it was running the build program (BUILD)',
      'stopped',
    ],
    ['nothing at all', build('FAULT'), 'the build ended as FAULT and left no result', undefined],
    ['a message of null', build('FAILED', 'BUILD', null), 'running the build program (BUILD) failed', undefined],
    [
      'a phase that nobody knows',
      build('FAILED', 'toString', 'why'),
      'running the build (toString) failed: why',
      undefined,
    ],
  ])('for %s', (_, cause, message, reason) => {
    for (const told of [cause, { Build: cause }])
      expect(explain(told)).toEqual({ message, isWhole: true, ...(reason !== undefined && { reason }) });
  });

  test('also if the cause was cut off after that phase', () => {
    const text = JSON.stringify({ Build: build('FAILED', 'DOWNLOAD_SOURCE', `${GONE} "quoted\\" {[`) });
    const cutOff = text.slice(0, text.indexOf('COMPLETED","StartTime'));
    expect(explainCause(cutOff)).toMatchObject({ reason: 'checkout-failed', message: expect.stringContaining(GONE) });
  });

  test.each(['ghs_16C7e42F', 'with@sign', 'a:b'])('without the credentials in an address: %s', (password) => {
    const told = `Cloning into https://x-access-token:${password}@github.com/acme/config.git failed`;
    const { message } = explain(build('FAILED', 'DOWNLOAD_SOURCE', told));
    expect(message).toContain('Cloning into https://github.com/acme/config.git failed');
  });

  test('never with a variable of the build, however the cause was cut off', () => {
    const whole = JSON.stringify({ Build: build('FAILED', 'BUILD', 'why') });
    for (let length = 0; length <= whole.length; length += 1)
      expect(explainCause(whole.slice(0, length)).message).not.toContain(EXTERNAL_ID.slice(0, 8));
    expect(explain({ ...build('FAILED'), BuildStatus: 1 }).message).not.toContain(EXTERNAL_ID);
  });
});

describe('any other cause', () => {
  test.each([
    [
      'a function',
      JSON.stringify({ errorType: 'NotHolderError', errorMessage: 'it is held', trace: [] }),
      'it is held',
    ],
    ['plain words', 'Rate exceeded', 'Rate exceeded'],
    ['unknown JSON', '{"Secret":"s3cr3t"}', 'the execution history has the details'],
    ['JSON that was cut off', '{"Build":{"Environment":{"Value":"s3cr3t', 'the execution history has the details'],
  ])('of %s is told in words', (_, cause, message) => {
    expect(explainCause(cause)).toEqual({ message, isWhole: false });
  });
});

test('of an error that passes, the name that Step Functions does not know is told apart from the words', () => {
  const cause = { errorType: 'ConflictError', errorMessage: 'ServiceUnavailableError: S3 is down' };
  expect(explain(cause)).toEqual({ name: 'ServiceUnavailableError', message: 'S3 is down', isWhole: false });
  const ofAnother = { errorType: 'TypeError', errorMessage: 'ServiceUnavailableError: S3 is down' };
  expect(explain(ofAnother)).toEqual({ message: 'ServiceUnavailableError: S3 is down', isWhole: false });
});

test.each([
  ['{"a":1,"b":[1,2,{"c":"x,}', { a: 1, b: [1, 2] }],
  ['{"a":1,"b":[1,2,{"c":"x,}"}', { a: 1, b: [1, 2, { c: 'x,}' }] }],
  ['{"a":"\\",\\"b', undefined],
  ['[[1],[2', [[1]]],
  ['{', undefined],
  ['{]},', undefined],
])('of %s, what is complete is read', (text, value) => {
  expect(parseCutOffJson(text)).toEqual(value);
});
