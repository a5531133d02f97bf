/**
 * Mail programs make links of whatever looks like an address. Commit messages, names and resource addresses are the words
 * of others: after this none of them can be opened, so that the only link in a mail is the one to decide with. It stays
 * readable: `https://example.com` becomes `https //example[.]com`.
 */
export function withoutLinks(line: string): string {
  return line
    .replaceAll(INVISIBLE, '')
    .replaceAll(SCHEME, ' //')
    .replaceAll(SHARE, '\\ \\')
    .replaceAll(HOST_DOT, (dot) => (dot === '.' ? '[.]' : `${dot} `));
}

/** Marks that change the direction of what follows, and characters without a width; those that join letters stay. */
const INVISIBLE = /[\u00ad\u061c\u180e\u200b\u200e\u200f\u202a-\u202e\u2060-\u2069\ufeff]/gu;

/** A colon and two slashes, and the characters that look like them or are resolved as they are. */
const SCHEME =
  /[:\u02d0\u02f8\u0589\u2236\ua789\ufe13\ufe55\uff1a][/\\\u2044\u2215\u2571\u29f8\u29f9\uff0f\uff3c]{2}/gu;

/** `\\server\share`, which mail programs on Windows open. */
const SHARE = /\\\\/gu;

/** The dot of a host name, and what looks like it or is resolved as it is. */
const DOT = '[.\\u2024\\u3002\\ufe52\\uff0e\\uff61]';
const LETTER = '[\\p{L}\\p{M}]';
const WORD = '\\p{L}\\p{N}\\p{M}';

/**
 * A dot before what could be a top-level domain, two letters or more, or after `www`, which mail programs link whatever
 * follows. Versions (`1.2.3`) have no letters there, and `aws_instance.web` is no host name: those have no underscores.
 */
const HOST_DOT = new RegExp(
  `(?<=(?<![${WORD}_])[${WORD}-]+)${DOT}(?=(?:xn--[a-z0-9-]+|${LETTER}{2,})(?![${WORD}_]))|(?<=(?<![${WORD}_])www\\d*)${DOT}`,
  'giu',
);
