import { describe, expect, test } from '@jest/globals';
import { requirePinnedSessions } from '../../../lambdas/domain/approver/pinned-sessions.ts';

const PINNED = ['arn:aws:iam::111111111111:role/Staff', 'arn:aws:iam::111111111111:role/teams/Clients'];
const session = (rest: string) => `arn:aws:sts::111111111111:assumed-role/${rest}`;

describe('an approver may be named', () => {
  test.each([
    ['a user of IAM', 'arn:aws:iam::111111111111:user/staff/alice'],
    ['users of IAM below a path', 'arn:aws:iam::111111111111:user/clients/acme/*'],
    ['a user of IAM Identity Center', session('AWSReservedSSO_Staff_0123456789abcdef/alice')],
    ['one whose permission set may be provisioned again', session('AWSReservedSSO_Staff_*/alice')],
    ['a session of a role that pins it', session('Staff/alice')],
    ['any session of such a role', session('Staff/*')],
    ['a session of such a role with a path, which sessions do not show', session('Clients/carol')],
    ['an address', 'alice@staff.example'],
  ])('by %s', (_, principal) => {
    expect(() => requirePinnedSessions([principal], PINNED)).not.toThrow();
  });
});

describe('an approver cannot be named', () => {
  test.each([
    ['a session of another role', session('Deploy/alice'), 'whoever assumes the role Deploy may choose the name'],
    ['any session of another role', session('Deploy/*'), 'whoever assumes the role Deploy may choose the name'],
    ['the same role in another account', 'arn:aws:sts::222222222222:assumed-role/Staff/alice', 'the role Staff'],
    ['roles by pattern', session('Staff*/alice'), 'whoever assumes the role Staff*'],
    ['any role', session('*/alice'), 'whoever assumes the role *'],
    ['any account', 'arn:aws:sts::*:assumed-role/Staff/alice', 'names more than'],
    ['any account of Identity Center', 'arn:aws:sts::*:assumed-role/AWSReservedSSO_Staff_*/alice', 'names more than'],
    ['a pattern that fits users and sessions', 'arn:aws:*:111111111111:*/alice', 'names more than'],
    ['any partition', 'arn:*:iam::111111111111:user/alice', 'names more than'],
    ['a federated user, whom a user names', 'arn:aws:sts::111111111111:federated-user/alice', 'names more than'],
  ])('by %s', (_, principal, message) => {
    const naming = () => requirePinnedSessions(['alice@staff.example', principal], PINNED);
    expect(naming).toThrow(message);
    expect(naming).toThrow(`principals.1`);
    expect(naming).toThrow(JSON.stringify(principal));
  });
});
