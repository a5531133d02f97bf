/**
 * Changes addresses in a line so that mail programs do not make links of them: commit messages, names and resource
 * addresses are written by others, and the only link in a mail must be the one to decide with. The line stays readable:
 * `https://example.com` becomes `https //example[.]com`.
 */
export function withoutLinks(line: string): string {
  return line
    .replaceAll(INVISIBLE, '')
    .replaceAll(SCHEME, ' //')
    .replaceAll(SHARE, '\\ \\')
    .replaceAll(HOST_DOT, (dot) => (dot === '.' ? '[.]' : `${dot} `));
}

/** Marks that change the direction of text, and characters without a width, except those that join letters. */
const INVISIBLE = /[\u00ad\u061c\u180e\u200b\u200e\u200f\u202a-\u202e\u2060-\u2069\ufeff]/gu;

/** A colon and two slashes, and the characters that look like them or are resolved like them. */
const SCHEME =
  /[:\u02d0\u02f8\u0589\u2236\ua789\ufe13\ufe55\uff1a][/\\\u2044\u2215\u2571\u29f8\u29f9\uff0f\uff3c]{2}/gu;

/** `\\server\share`, which mail programs on Windows open. */
const SHARE = /\\\\/gu;

/** The dot of a host name, and the characters that look like it or are resolved like it. */
const DOT = '[.\\u2024\\u3002\\ufe52\\uff0e\\uff61]';
const LETTER = '[\\p{L}\\p{M}]';
const WORD = '\\p{L}\\p{N}\\p{M}';

/**
 * A dot before a possible top-level domain of two letters or more, or after `www`, which mail programs link whatever
 * follows. It does not match versions (`1.2.3`), which have no letters there, and `aws_instance.web`, because host
 * names have no underscores.
 */
const HOST_DOT = new RegExp(
  `(?<=(?<![${WORD}_])[${WORD}-]+)${DOT}(?=(?:xn--[a-z0-9-]+|${LETTER}{2,})(?![${WORD}_]))|(?<=(?<![${WORD}_])www\\d*)${DOT}`,
  'giu',
);
