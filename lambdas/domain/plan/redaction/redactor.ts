import { isCommonWord } from '../../contract/hidden-text/common-words.ts';
import { HIDDEN, SecretFinder, withoutSpans } from '../../contract/hidden-text/secret-finder.ts';
import {
  base64Cores,
  encodedForms,
  encodedInBase64,
  piecesOf,
  spellingsOf,
} from '../../contract/hidden-text/text-forms.ts';
import { containerIn, isRecord, type Json, maskAt } from '../../json-value.ts';
import { isSecretName, namedValueOf } from './secret-name.ts';

/**
 * From this length on, a sensitive text is removed wherever it occurs, also inside larger texts and in encoded form.
 */
const ANYWHERE = 6;
/**
 * From this length on, a sensitive text is removed where it is a word of its own. Shorter texts are removed only where
 * they are marked as sensitive.
 */
const AS_WORD = 4;
/** Texts of digits alone need more characters, because ports, years and sizes are everywhere. */
const DIGITS_AS_WORD = 6;
const DIGITS_ANYWHERE = 10;
/**
 * From this length on, each line of a sensitive text (a private key) is a secret of its own, because templates indent
 * lines.
 */
const LINE = 16;
/**
 * Matches a lower-case word. As part of an identifier of the source code, such a word is a name and not a leaked value.
 */
const PLAIN_WORD = /^[a-z][a-z_-]{0,15}$/;
const ARMOR_LINE = /^-+(?:BEGIN|END) [A-Z0-9 ]+-+$/;

/**
 * Removes every known sensitive text from everything that is shown, in all the encodings that Terraform and providers
 * write.
 */
export class Redactor {
  readonly #everywhere = new SecretFinder();
  readonly #inIdentifiers = new SecretFinder();
  readonly #seen = new Set<string>();

  /** Adds a sensitive text to the known ones. */
  learn(secret: string): void {
    if (this.#seen.has(secret)) return;
    this.#seen.add(secret);
    for (const spelling of spellingsOf(secret)) this.#learnText(spelling);
    const trimmed = secret.trim();
    if (trimmed !== secret) this.learn(trimmed);
    if (secret.includes('\n'))
      for (const line of secret.split(/\r?\n/).map((text) => text.trim()))
        if (line.length >= LINE && !ARMOR_LINE.test(line)) this.learn(line);
    const password = passwordInUrl(secret);
    if (password) this.learn(password);
  }

  #learnText(secret: string): void {
    const isDigits = /^\d+$/.test(secret);
    if (isCommonWord(secret) || secret.trim() === '') return;
    if (secret.length < (isDigits ? DIGITS_AS_WORD : AS_WORD)) return;
    if (secret.length < (isDigits ? DIGITS_ANYWHERE : ANYWHERE)) {
      this.#everywhere.add(secret, { wholeWord: true });
      return;
    }
    const finders = PLAIN_WORD.test(secret) ? [this.#everywhere] : [this.#everywhere, this.#inIdentifiers];
    for (const finder of finders) {
      finder.add(secret);
      for (const piece of piecesOf(secret)) {
        for (const form of encodedForms(piece)) finder.add(form);
        for (const text of encodedInBase64(piece))
          for (const core of base64Cores(text)) finder.add(core, { inBase64: true });
      }
    }
  }

  /** Returns whether a text contains anything sensitive: whether `text` would change it. */
  alters(text: string): boolean {
    return this.text(text) !== text;
  }

  /** Returns the text without anything sensitive in it. */
  text(text: string): string {
    const shown = without(text, this.#everywhere);
    const container = containerIn(text);
    if (!container || !this.#altersLeaf(container)) return shown;
    const rest = containerIn(shown);
    return rest && !this.#altersLeaf(rest) ? shown : HIDDEN;
  }

  /**
   * Returns whether a decoded JSON text contains anything sensitive. Its secrets may be escaped in ways that no list of
   * encodings foresees, so its decoded leaves are checked too.
   */
  #altersLeaf(value: unknown): boolean {
    if (typeof value === 'string') return this.alters(value);
    if (Array.isArray(value)) return value.some((item) => this.#altersLeaf(item));
    return isRecord(value) && Object.entries(value).some(([key, item]) => this.alters(key) || this.#altersLeaf(item));
  }

  /**
   * Returns an address without secrets. Keys of `count` and `for_each` are values and are treated like any text. The
   * other parts are identifiers of the source code: a plain word in them stays, even if it is also a sensitive value.
   */
  address(address: string): string {
    return address
      .split(/(\["(?:[^"\\]|\\.)*"\])/)
      .map((part, at) =>
        at % 2 === 1 ? `["${without(part.slice(2, -2), this.#everywhere)}"]` : without(part, this.#inIdentifiers),
      )
      .join('');
  }

  /**
   * Returns a value as it may be shown: everything is hidden that the mask, the name or a known secret makes sensitive.
   */
  value(value: unknown, mask: unknown): Json {
    if (mask === true && value !== null && value !== undefined) return HIDDEN;
    if (typeof value === 'string') return this.text(value);
    if (typeof value === 'boolean') return value;
    if (typeof value === 'number') return this.alters(String(value)) ? HIDDEN : value;
    if (Array.isArray(value)) return value.map((item, index) => this.value(item, maskAt(mask, index)));
    if (!isRecord(value)) return null;
    const hiddenName = namedValueOf(value);
    return Object.fromEntries(
      Object.entries(value).map(([key, item]) => [
        this.text(key),
        hides(key, item) || (hiddenName && item === hiddenName) ? HIDDEN : this.value(item, maskAt(mask, key)),
      ]),
    );
  }
}

/** Returns whether a text is hidden because of its name, even where no mask covers it. */
export const hides = (key: string, value: unknown): value is string =>
  typeof value === 'string' && value !== '' && !value.startsWith('arn:') && isSecretName(key);

const without = (text: string, finder: SecretFinder): string => withoutSpans(text, finder.find(text));

/** Returns the password in a URL such as `postgres://user:PASSWORD@host`. */
function passwordInUrl(text: string): string | undefined {
  return /^[a-z][a-z0-9+.-]*:\/\/[^/\s:@]*:([^/\s@]+)@/i.exec(text)?.[1];
}
