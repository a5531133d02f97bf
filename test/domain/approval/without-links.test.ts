import { describe, expect, test } from '@jest/globals';
import { withoutLinks } from '../../../lambdas/domain/approval/without-links.ts';

describe('text of others in a mail', () => {
  test.each([
    ['an address', 'https://evil.example/x', 'https //evil[.]example/x'],
    ['an address by number', 'http://1.2.3.4/x', 'http //1.2.3.4/x'],
    ['www', 'see www.evil and WWW2.evil', 'see www[.]evil and WWW2[.]evil'],
    ['a bare domain', 'evil.com/login', 'evil[.]com/login'],
    ['a bare domain with a port', 'a.b.evil.com:8080', 'a.b[.]evil[.]com:8080'],
    ['a bare domain in other words', '(EVIL.COM), -evil.com', '(EVIL[.]COM), -evil[.]com'],
    ['a mail address', 'staff@example.com', 'staff@example[.]com'],
    ['a domain in another script', 'пример.рф/вход', 'пример[.]рф/вход'],
    ['a domain in Punycode', 'xn--e1afmkfd.xn--p1ai', 'xn--e1afmkfd[.]xn--p1ai'],
    ['a full stop that browsers take for a dot', 'evil\u3002com', 'evil\u3002 com'],
    ['a dot of full width', 'evil\uff0ecom', 'evil\uff0e com'],
    ['a dot leader', 'evil\u2024com', 'evil\u2024 com'],
    ['colon and slashes of full width', 'https\uff1a\uff0f\uff0fevil.com', 'https //evil[.]com'],
    ['division slashes', 'https:\u2215\u2215evil.com', 'https //evil[.]com'],
    ['backslashes', 'https:\\\\evil.com', 'https //evil[.]com'],
    ['a share of Windows', '\\\\evil\\share', '\\ \\evil\\share'],
    ['characters without a width', 'ht\u200btps://evil\u2060.\ufeffcom', 'https //evil[.]com'],
    ['text that runs backwards', '\u202emoc.live\u202c', 'moc[.]live'],
  ])('cannot be opened: %s', (_, text, expected) => {
    expect(withoutLinks(text)).toBe(expected);
  });

  test.each([
    'aws_instance.web["a"] is replaced',
    'terraform_data.service',
    'v1.2.3, 2.x, 10.00 -> 22.50 USD (80 %)',
    'e.g. this, i.e. that. And more…',
    'feat(api): a/b, c:d // comment',
  ])('is left as it is: %s', (text) => {
    expect(withoutLinks(text)).toBe(text);
  });

  test('is read in a time that grows with its length', () => {
    const texts = ['a.'.repeat(50_000), 'a-'.repeat(50_000), 'a'.repeat(100_000), '\u3002a'.repeat(50_000)];
    for (const text of texts) expect(withoutLinks(text).length).toBeGreaterThanOrEqual(text.length);
  });
});
