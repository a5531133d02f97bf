/** HTML that may be sent as it is: it was made by `html`, or marked as safe by `trusted`. */
export class Html {
  readonly text: string;
  constructor(text: string) {
    this.text = text;
  }
}

type Shown = Html | string | number | false | null | undefined | readonly Shown[];

const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

/**
 * Invisible characters, including those that make text run backwards. They are shown as escapes, so that people see the
 * text they approve as it is. Tabs, line breaks, and the joiners that scripts and emoji need are kept.
 */
const INVISIBLE = /[\p{Cc}\u061c\u200b\u200e\u200f\u2028-\u202e\u2060-\u2069\ufeff]/gu;

export const escapeHtml = (text: string): string =>
  text
    .toWellFormed()
    .replace(/[&<>"']/g, (character) => ENTITIES[character] ?? character)
    .replace(INVISIBLE, (character) =>
      /[\t\n\r]/.test(character) ? character : `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
    );

/**
 * Makes HTML. The template is markup, and every value in it is escaped as text. Attributes are always written in double
 * quotes. False, null and undefined show nothing; lists show their items.
 */
export function html(markup: TemplateStringsArray, ...values: readonly Shown[]): Html {
  return new Html(markup.map((part, index) => part + (index < values.length ? show(values[index]) : '')).join(''));
}

function show(value: Shown): string {
  if (value instanceof Html) return value.text;
  if (value === false || value === null || value === undefined) return '';
  if (typeof value === 'object') return value.map(show).join('');
  return escapeHtml(String(value));
}

/** Marks text of Stagegate itself, such as the stylesheet, as HTML. */
export const trusted = (text: string): Html => new Html(text);
