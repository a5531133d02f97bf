import { describe, expect, it } from '@jest/globals';
import { secretsOfPlan } from '../../buildspecs/program/engine/plan-secrets.ts';
import { redact } from '../../buildspecs/program/engine/redact.ts';

describe('redacting', () => {
  it.each([
    ['as it is', 'password hunter2-super rejected', 'password (sensitive) rejected'],
    ['inside a word', 'postgres://app:hunter2-super@db', 'postgres://app:(sensitive)@db'],
    ['in base64', `header ${Buffer.from('hunter2-super').toString('base64')}`, 'header (sensitive)'],
    ['percent-encoded', `?p=${encodeURIComponent('a b&c/d')}`, '?p=(sensitive)'],
    ['inside JSON', JSON.stringify({ key: 'line "one"' }), '{"key":"(sensitive)"}'],
  ])('removes a secret %s', (_, text, expected) => {
    expect(redact(text, ['hunter2-super', 'a b&c/d', 'line "one"'])).toBe(expected);
  });

  it('removes a long secret before a shorter one that is part of it', () => {
    expect(redact('token-and-more', ['token', 'token-and-more'])).toBe('(sensitive)');
  });

  it('removes every line of a secret of several lines', () => {
    expect(redact('bad line: KEYDATA1', ['-----BEGIN\nKEYDATA1\nKEYDATA2'])).toBe('bad line: (sensitive)');
  });

  it('removes very short secrets only where they stand alone', () => {
    expect(redact('value "ab" in table', ['ab'])).toBe('value "(sensitive)" in table');
  });
});

describe('the secrets of a plan', () => {
  it('are what stands under its masks and in sensitive variables', () => {
    const plan = {
      variables: { token: { value: 'from-variable' }, region: { value: 'eu-west-1' } },
      configuration: { root_module: { variables: { token: { sensitive: true }, region: {} } } },
      resource_changes: [
        {
          change: {
            before: { password: 'old-password', tags: ['public', 'secret-tag'] },
            after: { password: 'new-password', nested: { pins: [1234, 5] } },
            before_sensitive: { password: true, tags: [false, true] },
            after_sensitive: { password: true, nested: true },
          },
        },
      ],
      output_changes: { url: { before: null, after: 'secret-output', before_sensitive: false, after_sensitive: true } },
    };
    expect(secretsOfPlan(plan).sort()).toEqual(
      ['1234', 'from-variable', 'new-password', 'old-password', 'secret-output', 'secret-tag'].sort(),
    );
  });

  it('are none in a plan that has no changes at all', () => {
    expect(secretsOfPlan({ format_version: '1.2' })).toEqual([]);
  });
});
