import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { escapeHtml, html, trusted } from '../../lambdas/pages/parts/html.ts';

/** Reads escaped text as a browser does. */
const readBack = (text: string): string =>
  text
    .replaceAll('&lt;', '<')
    .replaceAll('&gt;', '>')
    .replaceAll('&quot;', '"')
    .replaceAll('&#39;', "'")
    .replaceAll('&amp;', '&');

/** A fixed seed, so that every run tests the same values. */
const RUNS = { seed: 20261129, numRuns: 100 };

const visible = fc.string({ unit: fc.constantFrom(...'<>&"\'/=`x 0é😀\n\t\\'.split('')) });

describe('a value in a template', () => {
  test('never becomes markup, whatever it is', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (value) => {
        expect(html`${value}`.text).not.toMatch(/[<>"']|&(?!(?:amp|lt|gt|quot|#39);)/);
      }),
      RUNS,
    );
  });

  test('reads as it was written', () => {
    fc.assert(
      fc.property(visible, (value) => expect(readBack(escapeHtml(value))).toBe(value.toWellFormed())),
      RUNS,
    );
  });

  test('cannot leave the attribute it stands in', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (value) => {
        const { text } = html`<input value="${value}">`;
        expect(text.match(/"/g)).toHaveLength(2);
        expect(text.match(/[<>]/g)).toHaveLength(2);
      }),
      RUNS,
    );
  });

  test('holds no character that hides or reverses text', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (value) => {
        expect(escapeHtml(value)).not.toMatch(/(?![\t\n\r])\p{Cc}|[\u200b\u202a-\u202e\u2066-\u2069\ufeff]/u);
      }),
      RUNS,
    );
    expect(escapeHtml('user\u202eresu')).toBe('user\\u202eresu');
  });
});

describe('a template', () => {
  test('shows lists item by item, numbers as they are, and nothing for what is not there', () => {
    const items = ['a', '<b>'].map((item) => html`<li>${item}</li>`);
    expect(html`<ul>${items}</ul>${0}${false}${null}${undefined}`.text).toBe('<ul><li>a</li><li>&lt;b&gt;</li></ul>0');
  });

  test('takes over what another template made, and what is vouched for', () => {
    expect(html`<p>${html`<b>${'&'}</b>`}${trusted('<i></i>')}</p>`.text).toBe('<p><b>&amp;</b><i></i></p>');
  });
});
