// biome-ignore-all lint/suspicious/noTemplateCurlyInString: the texts are templates of HCL
import { describe, expect, it } from '@jest/globals';
import { unreadTexts } from '../../buildspecs/program/configuration/unread-texts.ts';
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

  it.each([
    ['as Go quotes it', 'path "a\\u200bb\\x01<é>" is', 'a\u200bb\x01<é>', 'path "(sensitive)" is'],
    ['as HCL quotes it', 'x["a$${b}%%{\\n\\"c"]', 'a${b}%{\n"c', 'x["(sensitive)"]'],
    ['as JSON for HTML', '"\\u003ca\\u0026b\\u003e"', '<a&b>', '"(sensitive)"'],
    ['in half characters', '"\\ud83d\\ude00-word"', '😀-word', '"(sensitive)"'],
    ['twice escaped', '"{\\"a\\":\\"b\\\\\\"c-d\\"}"', 'b"c-d', '"{\\"a\\":\\"(sensitive)\\"}"'],
    ['composed by the engine', 'is caf\u00e9-au', 'cafe\u0301-au', 'is (sensitive)'],
    ['in lines with a frame', '│ hunter2-\n│ super', 'hunter2-super', '│ (sensitive)'],
    ['in lines that begin with signs of its own', '  + ~hunter\n  + +2-super', '~hunter+2-super', '  + ~(sensitive)'],
    ['broken at a blank', 'one two\n    three', 'two three', 'one (sensitive)'],
    ['in lines of base64', 'aHVudGVyMi1zdXBlci1\nsb25n', 'hunter2-super-long', '(sensitive)'],
    [
      'in base64 within other text',
      `a ${Buffer.from('user:hunter2-super!').toString('base64')}`,
      'hunter2-super',
      'a (sensitive)',
    ],
    ['with another name for a character', '&#x68;unter2 &lt;b&gt;', 'hunter2 <b>', '(sensitive)'],
  ])('removes a secret %s', (_, text, secret, expected) => {
    expect(redact(text, [secret])).toBe(expected);
  });

  it('learns the secrets that a list gains', () => {
    const secrets = ['first-secret'];
    expect(redact('first-secret second-secret', secrets)).toBe('(sensitive) second-secret');
    secrets.push('second-secret');
    expect(redact('first-secret second-secret', secrets)).toBe('(sensitive) (sensitive)');
  });

  it('looks through long texts of blanks and line breaks', () => {
    for (const text of [' '.repeat(1_000_000), '\n'.repeat(300_000), '\\n'.repeat(300_000), '│ \n'.repeat(100_000)])
      expect(redact(`${text}x hunter2-super`, ['hunter2-super'])).toBe(`${text}x (sensitive)`);
  });

  it('leaves a text without secrets as it is', () => {
    const text = '│ on main.tf line 3:\n│   3: x = "\\u00e9$${y}%20+" &amp;';
    expect(redact(text, ['hunter2-super', 'ab'])).toBe(text);
  });

  it('removes a long secret before a shorter one that is part of it', () => {
    expect(redact('token-and-more', ['token', 'token-and-more'])).toBe('(sensitive)');
  });

  it('removes every line of a secret of several lines', () => {
    expect(redact('bad line: KEYDATA1', ['-----BEGIN\nKEYDATA1\nKEYDATA2'])).toBe('bad line: (sensitive)');
  });

  it.each([
    ['signs', 'Invalid (main.tf): a - b', ['-', ': ', '…']],
    ['common words', 'value is null, the default is true', ['null', 'default', 'true']],
    [
      'the short lines of a document',
      'Invalid {} in filename: - "}" is no support',
      ['{\n  "name": 1,\n  port\n  a\n}\n', '---\n- in\n- name\n'],
    ],
  ])('leaves a message readable that has %s of a secret', (_, text, secrets) => {
    expect(redact(text, secrets)).toBe(text);
  });

  it('removes a short line of a secret where it stands alone, and the only line anywhere', () => {
    expect(redact('"ab12" of cab12s', ['first-secret\nab12\n'])).toBe('"(sensitive)" of cab12s');
    expect(redact('"ab12" of cab12s', ['ab12\n'])).toBe('"(sensitive)" of c(sensitive)s');
  });

  it('finds each secret of a large text in its place', () => {
    const secrets = Array.from({ length: 50 }, (_, at) => `hunter${at}-"super"`);
    const texts = [JSON.stringify, encodeURIComponent, (text: string) => text.replace('-', '\n│ -'), String];
    const around = 'a\n\t"b" %20 &amp; │ + c\\n ';
    const write = (one: (secret: string, at: number) => string) => secrets.map(one).join(around.repeat(40));
    const text = write((secret, at) => texts[at % texts.length]?.(secret) ?? '');
    expect(redact(text, secrets)).toBe(write((_, at) => (at % texts.length === 0 ? '"(sensitive)"' : '(sensitive)')));
  });

  it('removes very short secrets only where they stand alone', () => {
    expect(redact('value "ab" in table', ['ab'])).toBe('value "(sensitive)" in table');
  });
});

describe('a file of values that was not understood', () => {
  it('has every text in it, decoded and in parts, but no short or common words', () => {
    const texts = unreadTexts(
      'a = 1\nenabled = true\nname = "one\\u00e9two"\nbare = hunter2-and-more\nb = <<E\n  line one\nE\n',
    );
    expect(texts).toEqual(expect.arrayContaining(['oneétwo', 'hunter2-and-more', 'hunter2', 'more', 'line one']));
    for (const word of ['1', 'true', 'a', 'and', 'E']) expect(texts).not.toContain(word);
  });

  it('has what the engine makes of each setting that can be understood alone', () => {
    const texts = unreadTexts(
      'a = ?\npin = 4711.5e3\nb = "hun${"ter2"}"\nc = <<-E\n    one$${x}\n      two\n  E\nd = }\n',
    );
    expect(texts).toEqual(expect.arrayContaining(['4711500', 'hunter2', 'one${x}\n  two\n']));
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
