/**
 * The forms in which a secret text occurs in what engines and providers print. Builds and functions hide the same forms.
 */

/** Number of base64 characters that must match before a text counts as containing a secret. */
const BASE64_CORE = 6;

/**
 * Returns a text as the engine has it in its values, and as it was given: the engine composes characters (`e` with an
 * accent is one character), and has no half characters.
 */
export const spellingsOf = (text: string): string[] => [
  ...new Set([text, text.normalize('NFC'), text.toWellFormed(), text.toWellFormed().normalize('NFC')]),
];

/** Length of the pieces in which encoded forms are searched, so that a large secret costs no more than necessary. */
const PIECE = 256;

/** Returns a secret, or the pieces of a long one: of a long text, often only a part is printed. */
export function piecesOf(secret: string): string[] {
  if (secret.length <= PIECE) return [secret];
  const pieces: string[] = [];
  for (let at = 0; at < secret.length; at += PIECE) pieces.push(secret.slice(at, at + PIECE));
  pieces[pieces.length - 1] = secret.slice(-PIECE);
  return pieces;
}

/** Returns the forms of a text in JSON (encoded once and twice), in quotes, in URLs, in HTML and in hexadecimal. */
export function encodedForms(text: string): string[] {
  const once = [
    jsonInner(text),
    goJsonInner(text),
    asciiJsonInner(text),
    hclInner(text),
    goQuoteInner(text),
    goQuoteInner(text, true),
  ];
  const urls = [percentEncoded(text), percentEncoded(text).replaceAll('%20', '+'), encodeComponent(text)];
  const hex = Buffer.from(text).toString('hex');
  const all = [
    ...once,
    ...once.flatMap((form) => [jsonInner(form), goJsonInner(form), goQuoteInner(form)]),
    ...urls,
    ...urls.map((url) => url.replace(/%[0-9A-F]{2}/g, (code) => code.toLowerCase())),
    ...htmlForms(text),
    hex,
    hex.toUpperCase(),
  ];
  return [...new Set(all)];
}

const jsonInner = (text: string): string => JSON.stringify(text).slice(1, -1);

const unicodeEscape = (char: string): string => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`;

/** Encodes a text as Go and Terraform's `jsonencode` do, which also escape `<`, `>`, `&` and two line separators. */
const goJsonInner = (text: string): string => jsonInner(text).replace(/[<>&\u2028\u2029]/g, unicodeEscape);

/** Encodes a text as JSON in which all characters beyond ASCII are escaped. */
const asciiJsonInner = (text: string): string => jsonInner(text).replace(/[\x7F-\uFFFF]/g, unicodeEscape);

/** What Go prints as it is. All other characters are escaped in quotes. */
const PRINTABLE = /[\p{L}\p{M}\p{N}\p{P}\p{S} ]/u;
const ASCII = /[ -~]/;

function escapeCharacter(char: string): string {
  const codePoint = char.codePointAt(0) ?? 0;
  return codePoint > 0xffff
    ? `\\U${codePoint.toString(16).padStart(8, '0')}`
    : `\\u${codePoint.toString(16).padStart(4, '0')}`;
}

const HCL_ESCAPES: Readonly<Record<string, string>> = {
  '\n': '\\n',
  '\r': '\\r',
  '\t': '\\t',
  '"': '\\"',
  '\\': '\\\\',
};

/** Quotes a text as HCL does, in addresses and in printed values. */
const hclInner = (text: string): string =>
  [...text.replace(/([$%])\{/g, '$1$1{')]
    .map((char) => HCL_ESCAPES[char] ?? (PRINTABLE.test(char) ? char : escapeCharacter(char)))
    .join('');

const GO_ESCAPES: Readonly<Record<string, string>> = {
  ...HCL_ESCAPES,
  '\x07': '\\a',
  '\b': '\\b',
  '\f': '\\f',
  '\v': '\\v',
};

/** Quotes a text as Go's `%q` does, or as its `%+q`, which escapes all characters beyond ASCII. */
function goQuoteInner(text: string, isAscii = false): string {
  const isPrinted = (char: string) => (isAscii ? ASCII : PRINTABLE).test(char);
  return [...text]
    .map((char) => {
      const known = GO_ESCAPES[char];
      if (known !== undefined) return known;
      if (isPrinted(char)) return char;
      return char < ' ' || char === '\x7F'
        ? `\\x${char.charCodeAt(0).toString(16).padStart(2, '0')}`
        : escapeCharacter(char);
    })
    .join('');
}

const encodeComponent = (text: string): string => encodeURIComponent(text.toWellFormed());

/** Encodes like `urlencode`: everything except letters, digits and `-_.~`. */
const percentEncoded = (text: string): string =>
  encodeComponent(text).replace(/[!'()*]/g, (char) => `%${char.charCodeAt(0).toString(16).toUpperCase()}`);

function htmlForms(text: string): string[] {
  const escaped = text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
  return [
    escaped,
    escaped.replaceAll('"', '&#34;').replaceAll("'", '&#39;'),
    escaped.replaceAll('"', '&quot;').replaceAll("'", '&apos;'),
  ];
}

/**
 * Returns the characters that base64 gives a text at each of the three positions that the text can have in a longer
 * one.
 */
export function base64Cores(text: string): string[] {
  const bytes = Buffer.from(text);
  const cores: string[] = [];
  for (const shift of [0, 1, 2]) {
    const encoded = Buffer.concat([Buffer.alloc(shift), bytes])
      .toString('base64')
      .replace(/=+$/, '');
    const from = shift === 0 ? 0 : shift + 1;
    const to = (shift + bytes.length) % 3 === 0 ? encoded.length : encoded.length - 1;
    const core = encoded.slice(from, to);
    if (core.length >= BASE64_CORE) cores.push(core, core.replaceAll('+', '-').replaceAll('/', '_'));
  }
  return cores;
}

/** Returns the texts whose base64 counts as well: the text itself, and as JSON has it. */
export const encodedInBase64 = (text: string): string[] => [...new Set([text, jsonInner(text), goJsonInner(text)])];
