import { describe, expect, test } from '@jest/globals';
import { approverOf } from '../../../lambdas/domain/model/approver.ts';
import { anApprover } from '../../harness/builders.ts';

describe('a caller maps to an approver', () => {
  const ROLE = 'arn:aws:sts::111111111111:assumed-role/Staff';
  const alice = (...principals: string[]) => anApprover({ principals });

  test.each([
    ['its exact principal', [`${ROLE}/alice`], `${ROLE}/alice`, true],
    ['a pattern at the end', [`${ROLE}/*`], `${ROLE}/alice`, true],
    ['a pattern in the middle', ['arn:aws:sts::*:assumed-role/Staff/alice'], `${ROLE}/alice`, true],
    ['several patterns', ['arn:*:assumed-role/*/alice'], `${ROLE}/alice`, true],
    ['one of several principals', ['x-y-z', `${ROLE}/alice`], `${ROLE}/alice`, true],
    ['its address', [], 'alice@staff.example', true],
    ['a longer principal', [`${ROLE}/alice`], `${ROLE}/alice2`, false],
    ['a shorter principal', [`${ROLE}/alice`], `${ROLE}/alic`, false],
    ['another role that ends the same', [`${ROLE}/*`], `arn:aws:iam::1:user/x/${ROLE}/alice`, false],
    ['what stands behind the pattern missing', ['arn:*/Staff/alice'], `${ROLE}/bob`, false],
    ['a pattern whose ends overlap', ['ab*ba'], 'aba', false],
    ['an address in another case', [], 'Alice@staff.example', false],
    ['dots that are no pattern', ['arn.aws'], 'arnxaws', false],
    ['nothing', [], '', false],
  ])('by %s: %j and %s -> %s', (_, principals, principal, isMapped) => {
    expect(approverOf(principal, [alice(...principals)])?.email).toBe(isMapped ? 'alice@staff.example' : undefined);
  });

  test('to the first of several', () => {
    const bob = anApprover({ email: 'bob@staff.example', principals: [`${ROLE}/*`] });
    expect(approverOf(`${ROLE}/bob`, [anApprover(), bob])).toBe(bob);
  });
});
