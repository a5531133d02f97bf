import { UPWARDS } from '../modules/outside-expressions.ts';
import type { NamedText } from './named-texts.ts';
import type { Part } from './template-parts.ts';

/** A path upwards that a configuration names. */
export interface NamedPath {
  /** The directory where it begins. A text alone may begin in either: nobody knows where it is used. */
  readonly from: 'module' | 'root' | 'either';
  readonly text: string;
  /** Whether something unknown follows: then only the directory is known. */
  readonly isCut: boolean;
  readonly isRead: boolean;
}

export interface NamedPaths {
  readonly paths: readonly NamedPath[];
  /** False if there may be paths upwards of which nothing is known. */
  readonly isComplete: boolean;
}

/** A path upwards within a longer text, such as a command. */
const WORD = /(?<=^|[\s"'=:;&|(,<>@])(?:[^\s"'=:;&|(),<>@]*\/)?\.\.(?:\/[^\s"'=:;&|(),<>@]*)?(?=$|[\s"'=:;&|(),<>@])/g;
/** What continues a path whose beginning is unknown. */
const CONTINUED = /^[^\s"'=:;&|(),<>@]+/;

/** Returns the paths upwards in a text. Other paths stay in the directory where they begin, which is read anyway. */
export function namedPathsIn({ parts, isRead }: NamedText): NamedPaths {
  const paths: NamedPath[] = [];
  let isComplete = true;
  let from: NamedPath['from'] = 'either';
  let text: string | undefined = '';
  const end = (isCut: boolean) => {
    if (text !== undefined && UPWARDS.test(text)) paths.push({ from, text, isCut, isRead });
    text = undefined;
  };
  for (const [at, part] of parts.entries()) {
    if ('from' in part) {
      end(true);
      from = part.from;
      text = '';
    } else if (!('text' in part)) end(true);
    else {
      if (text === undefined || from === 'either') paths.push(...wordsIn(part.text, parts[at + 1], isRead));
      if (text !== undefined) text += part.text;
      else if (UPWARDS.test(CONTINUED.exec(part.text)?.[0] ?? '')) isComplete = false;
    }
  }
  end(false);
  return { paths, isComplete };
}

const wordsIn = (text: string, next: Part | undefined, isRead: boolean): NamedPath[] =>
  [...text.matchAll(WORD)].map(({ 0: word, index }) => ({
    from: 'either',
    text: word,
    isCut: next !== undefined && index + word.length === text.length,
    isRead,
  }));
