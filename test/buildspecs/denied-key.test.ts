import { afterEach, describe, expect, it } from '@jest/globals';
import { withDeniedKey } from '../../buildspecs/program/backend/denied-key.ts';
import { type Diagnostic, PhaseError } from '../../buildspecs/program/build/failure.ts';
import { planFailureOf } from './build-runs.ts';
import { event, ProgramRun } from './program-runs.ts';

const USER = 'User: arn:aws:sts::222222222222:assumed-role/stagegate-shop-prod1-plan/shop-prod1-7-abc123';
const key = (account: string) => `arn:aws:kms:eu-west-1:${account}:key/0a1b2c3d-0a1b-2c3d-4e5f-0a1b2c3d4e5f`;
const denied = (action: string, arn: string, who = USER) =>
  `operation error S3: PutObject, https response error StatusCode: 403, api error AccessDenied: ${who} is not ` +
  `authorized to perform: ${action} on resource: ${arn} because no identity-based policy allows the ${action} action`;

const failureWith = (diagnostic: Partial<Diagnostic>) =>
  new PhaseError('plan', 'Error acquiring the state lock', {
    diagnostics: [{ severity: 'error', summary: 'Error acquiring the state lock', ...diagnostic }],
  });
const told = (diagnostic: Partial<Diagnostic>) => {
  const error = withDeniedKey(failureWith(diagnostic));
  return error instanceof Error ? error.message : '';
};

let run: ProgramRun | undefined;
afterEach(() => {
  run?.remove();
  run = undefined;
});

describe('a key of the state that is refused to a plan', () => {
  it('of another account is to be named in the stack of the roles', () => {
    expect(told({ detail: denied('kms:GenerateDataKey', key('333333333333')) })).toBe(
      `the environment's role may not use the key of the state (kms:GenerateDataKey), ${key('333333333333')}: name it ` +
        "in the parameter StateKmsKeyArn of the stack of the environment's roles, and let the policy of the key allow " +
        "the environment's roles kms:Decrypt and kms:GenerateDataKey (Error acquiring the state lock)",
    );
  });

  it('of the own account only lacks a policy of its own', () => {
    const message = told({ detail: denied('kms:Decrypt', key('222222222222')) });
    expect(message).toContain(`(kms:Decrypt), ${key('222222222222')}: let the policy of the key allow`);
    expect(message).not.toContain('StateKmsKeyArn');
  });

  it.each([
    ['over several lines', { detail: denied('kms:Decrypt', key('333333333333')).replaceAll(' ', '\n  ') }],
    ['with the key in quotes', { detail: denied('kms:Decrypt', `"${key('333333333333')}"`) }],
    ['without the name of the role', { detail: denied('kms:Decrypt', key('333333333333'), 'You') }],
    ['in the summary', { summary: denied('kms:Decrypt', key('333333333333')) }],
  ])('is recognised %s', (_, diagnostic) => {
    expect(told(diagnostic)).toContain('StateKmsKeyArn');
  });

  it.each([
    ['a resource', { detail: denied('kms:Decrypt', key('333333333333')), address: 'aws_s3_object.a' }],
    ['a warning', { severity: 'warning' as const, detail: denied('kms:Decrypt', key('333333333333')) }],
    ['another service', { detail: denied('s3:PutObject', 'arn:aws:s3:::acme-state/x.tflock') }],
    ['an alias, which is no key', { detail: denied('kms:Decrypt', 'arn:aws:kms:eu-west-1:333333333333:alias/state') }],
  ])('is not taken from %s', (_, diagnostic) => {
    expect(told(diagnostic)).toBe('Error acquiring the state lock');
  });

  it('is told in the result of the build, and other errors stay what they are', async () => {
    const detail = denied('kms:GenerateDataKey', key('333333333333'));
    const diagnostic = { severity: 'error', summary: 'Error acquiring the state lock', detail };
    run = new ProgramRun(undefined, {
      init: () => ({
        exitCode: 1,
        lines: [event({ '@level': 'error', '@message': 'x', type: 'diagnostic', diagnostic })],
      }),
    });
    const { result } = await run.plan();
    expect(planFailureOf(result).message).toContain('name it in the parameter StateKmsKeyArn');
    const other = new Error('x');
    expect(withDeniedKey(other)).toBe(other);
  });
});
