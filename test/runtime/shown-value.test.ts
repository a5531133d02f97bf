import { describe, expect, test } from '@jest/globals';
import { shownValue } from '../../lambdas/runtime/shown-value.ts';

describe('a value in an answer', () => {
  test.each([
    ['ssh://git:s3cret@git.example.com/a.git', '"ssh://(not shown)@git.example.com/a.git"'],
    ['https://user:p@ss@git.example.com/x', '"https://(not shown)@git.example.com/x"'],
    [
      'https://git.example.com/?a=1&access_token=abc&b=2',
      '"https://git.example.com/?a=1&access_token=(not shown)&b=2"',
    ],
    ['https://api.example.com/approvals/abc?x=1', '"https://api.example.com/approvals/(not shown)?x=1"'],
    ['mail staff@example.com', '"mail staff@example.com"'],
  ])('has no secret: %s', (given, shown) => {
    expect(shownValue(given, ['url'])).toBe(shown);
  });

  test.each(['passphrase', 'apiKey', 'private_key', 'db_password', 'token'])('is not shown below %s', (name) => {
    expect(shownValue('hunter2', ['variables', name])).toBe('(not shown)');
    expect(shownValue({ [name]: 'hunter2' }, ['variables'])).not.toContain('hunter2');
  });

  // Texts of strangers: 240,000 characters would take hours with a pattern that reads parts of them again and again.
  test.each(['?token', '://', '&a=', '://a@', '/approvals/', '?key=x&'])(
    'is read once, however often it has %j',
    (part) => {
      expect(shownValue(part.repeat(Math.ceil(240_000 / part.length)), ['for'])).toMatch(/…$/);
    },
  );
});
