import { readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import type { EngineName } from '../../../lambdas/domain/contract/engine-release.ts';
import { listConfigurationFiles, listValuesFiles } from '../configuration/files.ts';
import { NUL } from '../configuration/read-configuration.ts';
import { asHcl, MOST_BYTES, textsOfJson } from '../modules/outside-reads.ts';
import { type NamedPaths, namedPathsIn } from './named-paths.ts';
import { type NamedTexts, namedTextsIn } from './named-texts.ts';
import { Locals } from './template-parts.ts';

const NOTHING: NamedPaths = { paths: [], isComplete: true };

/** A module without any of these names no path upwards. Parsing it would take time, and might fail. */
const UPWARDS_HINT = /\.\.|\bdirname\b|\\[uU]/;
const LOCALS_HINT = /\blocals\b/;

/**
 * Returns the paths upwards that the configuration of a directory names, and in the planned directory those that its
 * files of values name.
 */
export function namedInModule(
  directory: string,
  engine: EngineName,
  { isPlanned }: { readonly isPlanned: boolean },
): NamedPaths {
  if (!statSync(directory, { throwIfNoEntry: false })?.isDirectory()) return NOTHING;
  const names = [...listConfigurationFiles(directory, engine), ...(isPlanned ? listValuesFiles(directory) : [])];
  const texts = names.map((name) => ({ isJson: name.endsWith('.json'), text: textAt(join(directory, name)) }));
  if (!texts.some(({ text }) => text === undefined || UPWARDS_HINT.test(text))) return NOTHING;
  const found: NamedTexts[] = [];
  for (const { isJson, text } of texts) {
    if (text === undefined) found.push(UNREADABLE);
    else if (UPWARDS_HINT.test(text) || LOCALS_HINT.test(text))
      found.push(...(isJson ? textsInJson(text) : [namedTextsIn(text)]));
  }
  const locals = new Locals(new Map(found.flatMap((file) => [...file.locals])));
  const named = found.flatMap(({ texts: pieces }) =>
    pieces.map(({ parts, isRead }) => namedPathsIn({ parts: locals.placedIn(parts), isRead })),
  );
  return {
    paths: named.flatMap(({ paths }) => paths),
    isComplete: [...found, ...named].every(({ isComplete }) => isComplete),
  };
}

const UNREADABLE: NamedTexts = { texts: [], locals: new Map(), isComplete: false };

/** Returns the text of a file; undefined if it is no file, too large, or no text. */
function textAt(file: string): string | undefined {
  const found = statSync(file, { throwIfNoEntry: false });
  if (!found?.isFile() || found.size > MOST_BYTES) return undefined;
  const text = readFileSync(file, 'utf8');
  return text.includes(NUL) ? undefined : text;
}

/** In JSON, each text is a template of its own. Which of them are local values is not looked at. */
function textsInJson(text: string): NamedTexts[] {
  const found: NamedTexts[] = [];
  for (const template of textsOfJson(text) ?? [])
    if (UPWARDS_HINT.test(template)) found.push(namedTextsIn(asHcl(template)));
  return textsOfJson(text) ? found : [UNREADABLE];
}
