import { describe, expect, test } from '@jest/globals';
import { SYSTEM } from '../../../lambdas/domain/model/audit.ts';
import { type Principal, parsePrincipal, principalText } from '../../../lambdas/domain/model/principal.ts';

const ARN = 'arn:aws:sts::111111111111:assumed-role/Deployers/jane';

describe('a principal', () => {
  test.each<[Principal, string]>([
    [{ kind: 'push' }, 'push'],
    [{ kind: 'promotion', deploymentId: 'my-app-dev1-1-abcdef' }, 'promotion of my-app-dev1-1-abcdef'],
    [{ kind: 'branch-deleted' }, 'deletion of the branch'],
    [{ kind: 'pull-request-closed' }, 'end of the pull request'],
    [{ kind: 'expired' }, 'expiry'],
    [{ kind: 'system' }, 'stagegate'],
    [{ kind: 'caller', arn: ARN }, ARN],
  ])('%j is in records as %j', (principal, text) => {
    expect(principalText(principal)).toBe(text);
    expect(parsePrincipal(text)).toEqual(principal);
  });

  test('is the machine in what nobody has asked for', () => {
    expect(parsePrincipal(SYSTEM.by)).toEqual({ kind: 'system' });
  });

  test.each(['pushed', 'promotion', 'Stagegate', 'tester@local'])('%j is a caller', (text) => {
    expect(parsePrincipal(text)).toEqual({ kind: 'caller', arn: text });
  });
});
