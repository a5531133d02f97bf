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

/** Removes secrets from texts, also where they are escaped, encoded, or split into lines. */
class Redaction {
  private readonly finder = new SecretFinder();
  /** The same with one blank in place of several: messages break their lines at blanks. */
  private readonly spaced = new SecretFinder();
  /** The same without what messages put around line breaks. Such characters may also be a part of the secret. */
  private readonly squeezed = new SecretFinder();
  private readonly words: RegExp | undefined;

  constructor(secrets: readonly string[]) {
    const texts = secrets
      .flatMap((secret) => [secret, ...secret.split(/\r?\n/)])
      .flatMap(spellingsOf)
      .flatMap((text) => [text, text.trim()]);
    const known = new Set(texts.filter((text) => text.trim() !== ''));
    const short = [...known].filter((text) => text.length < shortestSubstring).map((text) => text.trim());
    for (const text of known) if (text.length >= shortestSubstring) this.learn(text);
    if (short.length > 0)
      this.words = new RegExp(`(?<![\\p{L}\\p{N}])(?:${short.map(escapeForRegExp).join('|')})(?![\\p{L}\\p{N}])`, 'gu');
  }

  private learn(secret: string): void {
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
      ...decoded.flatMap((view) => spansIn(view, this.finder)),
      ...spansIn(spaced, this.spaced),
      ...(squeezed ? spansIn(squeezed, this.squeezed) : []),
    ];
    const shown = withoutSpans(text, merged(spans));
    return this.words ? shown.replace(this.words, HIDDEN) : shown;
  }
}

/** Returns where the secrets in a view of a text are in the text itself. */
const spansIn = ({ text, starts, ends }: TextView, finder: SecretFinder): Spans =>
  finder.find(text).map(([start, end]) => [starts[start] ?? 0, ends[end - 1] ?? 0]);

/** The last redaction for a list of secrets. A list grows while a build goes on. */
const redactions = new WeakMap<readonly string[], { readonly count: number; readonly redaction: Redaction }>();

/** Removes the secrets from a text, also where they are escaped, encoded, or split into lines. */
export function redact(text: string, secrets: readonly string[]): string {
  if (secrets.length === 0) return text;
  const found = redactions.get(secrets);
  if (found?.count === secrets.length) return found.redaction.text(text);
  const redaction = new Redaction(secrets);
  redactions.set(secrets, { count: secrets.length, redaction });
  return redaction.text(text);
}
