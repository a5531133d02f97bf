import { isCommonWord } from '../../../lambdas/domain/contract/hidden-text/common-words.ts';
import {
  HIDDEN,
  merged,
  SecretFinder,
  type Spans,
  withoutSpans,
} from '../../../lambdas/domain/contract/hidden-text/secret-finder.ts';
import {
  base64Cores,
  encodedForms,
  encodedInBase64,
  piecesOf,
  spellingsOf,
} from '../../../lambdas/domain/contract/hidden-text/text-forms.ts';
import { tellingNumber } from '../hcl/texts.ts';
import { squeeze, type TextView, viewsOf } from './text-views.ts';

/** Texts shorter than this are removed only as whole words. Removed inside words, they would shred every message. */
const shortestSubstring = 4;

/** Returns every text in a value, at any depth. Numbers count if they are long enough to reveal something. */
export function textsOf(value: unknown): string[] {
  if (typeof value === 'string') return [value];
  if (typeof value === 'number') return tellingNumber(String(value));
  if (Array.isArray(value)) return value.flatMap(textsOf);
  return typeof value === 'object' && value !== null ? Object.values(value).flatMap(textsOf) : [];
}

/** Shorter texts would be found by chance in a text without blanks. */
const shortestSqueezed = 8;

const escapeForRegExp = (text: string) => text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');

const BLANKS = /\s+/g;

const LETTER_OR_DIGIT = /[\p{L}\p{N}]/u;

/** Signs alone, and words that everybody uses, reveal nothing, and are in every message. */
const isTelling = (text: string): boolean => LETTER_OR_DIGIT.test(text) && !isCommonWord(text);

/**
 * Lines of a longer secret that have fewer characters are removed only as whole words: a document has lines such as
 * `name:`, which are no secrets.
 */
const shortestLine = 8;

/** Returns the lines of a secret that has several. */
function linesOf(secret: string): string[] {
  const lines = secret.split(/\r?\n/).flatMap((line) => line.trim() || []);
  return lines.length > 1 ? lines : [];
}

/** Removes secrets from texts, also where they are escaped, encoded, or split into lines. */
class Redaction {
  private readonly finder = new SecretFinder();
  /** The same with one blank in place of several: messages break their lines at blanks. */
  private readonly spaced = new SecretFinder();
  /** The same without what messages put around line breaks. Such characters may also be a part of the secret. */
  private readonly squeezed = new SecretFinder();
  private readonly known = new Set<string>();
  private readonly wholeWords = new Set<string>();
  private words: RegExp | undefined;

  /** Adds secrets to the known ones. */
  learn(secrets: readonly string[]): void {
    const count = this.wholeWords.size;
    for (const text of secrets.flatMap(spellingsOf)) {
      for (const whole of [text, text.trim()]) this.learnText(whole, whole.trim().length >= shortestSubstring);
      for (const line of linesOf(text))
        if (line.length >= shortestSubstring) this.learnText(line, line.length >= shortestLine);
    }
    if (this.wholeWords.size === count) return;
    const words = [...this.wholeWords].map(escapeForRegExp).join('|');
    this.words = new RegExp(`(?<![\\p{L}\\p{N}])(?:${words})(?![\\p{L}\\p{N}])`, 'gu');
  }

  private learnText(text: string, isAnywhere: boolean): void {
    if (this.known.has(text) || text === '') return;
    if (isAnywhere) {
      this.known.add(text);
      if (!isCommonWord(text.trim())) this.learnForms(text);
    } else if (isTelling(text.trim())) this.wholeWords.add(text.trim());
  }

  private learnForms(secret: string): void {
    this.add(secret);
    for (const piece of piecesOf(secret)) {
      for (const form of encodedForms(piece)) this.add(form);
      for (const text of encodedInBase64(piece))
        for (const core of base64Cores(text)) {
          this.finder.add(core, { inBase64: true });
          this.addSqueezed(core);
        }
    }
  }

  private add(form: string): void {
    this.finder.add(form);
    this.spaced.add(form.replace(BLANKS, ' '));
    this.addSqueezed(form);
  }

  private addSqueezed(form: string): void {
    const text = squeeze(form);
    if (text.length >= shortestSqueezed) this.squeezed.add(text);
  }

  text(text: string): string {
    const { decoded, spaced, squeezed } = viewsOf(text);
    const spans = [
      ...[...decoded].flatMap((view) => spansIn(view, this.finder)),
      ...spansIn(spaced, this.spaced),
      ...(squeezed ? spansIn(squeezed, this.squeezed) : []),
    ];
    const shown = withoutSpans(text, merged(spans));
    return this.words ? shown.replace(this.words, HIDDEN) : shown;
  }
}

/** Returns where the secrets in a view of a text are in the text itself. */
const spansIn = (view: TextView, finder: SecretFinder): Spans =>
  finder.find(view.text).map(([start, end]) => [view.startOf(start), view.endOf(end - 1)]);

/** The redaction for each list of secrets. A list grows while a build goes on. */
const redactions = new WeakMap<readonly string[], { count: number; readonly redaction: Redaction }>();

/** Removes the secrets from a text, also where they are escaped, encoded, or split into lines. */
export function redact(text: string, secrets: readonly string[]): string {
  if (secrets.length === 0) return text;
  const known = redactions.get(secrets) ?? { count: 0, redaction: new Redaction() };
  known.redaction.learn(secrets.slice(known.count));
  known.count = secrets.length;
  redactions.set(secrets, known);
  return known.redaction.text(text);
}
