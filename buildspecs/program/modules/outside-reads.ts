import { readFileSync, readlinkSync, statSync } from 'node:fs';
import { join } from 'node:path';
import * as z from 'zod';
import type { EngineName } from '../../../lambdas/domain/contract/engine-release.ts';
import { listConfigurationFiles } from '../configuration/files.ts';
import { isOwnLink } from '../configuration/places.ts';
import { NUL } from '../configuration/read-configuration.ts';
import type { ContentEntry } from './module-content.ts';
import { HIDDEN, readsOutsideInHcl } from './outside-expressions.ts';

/** Bytes of the largest file that is read. A larger one counts as a file that cannot be parsed. */
export const MOST_BYTES = 4 * 1024 * 1024;

/**
 * Returns whether a module seems to read files that its identity does not cover: a link leads out of its directory or to
 * a hidden name, or its configuration has an expression that does. A configuration that cannot be parsed counts
 * as one that does. This is a note for people and no proof: a program that a module runs may read anything.
 */
export function readsOutside(directory: string, content: readonly ContentEntry[], engine: EngineName): boolean {
  const links = content.filter(({ kind }) => kind === 'link');
  if (links.some((link) => leadsElsewhere(directory, link.place.toString()))) return true;
  for (const name of listConfigurationFiles(directory, engine)) if (readsOutsideIn(join(directory, name))) return true;
  return false;
}

const leadsElsewhere = (directory: string, link: string): boolean =>
  !isOwnLink(directory, link) || HIDDEN.test(readlinkSync(link));

function readsOutsideIn(file: string): boolean {
  const found = statSync(file, { throwIfNoEntry: false });
  if (!found?.isFile() || found.size > MOST_BYTES) return true;
  const text = readFileSync(file, 'utf8');
  if (text.includes(NUL)) return true;
  return file.endsWith('.json') ? readsOutsideInJson(text) : readsOutsideInHcl(text);
}

const TEMPLATE = /[$%]\{/;
const TEXT = /"(?:[^"\\]|\\.)*"/g;
const TextSchema = z.string();
const END_OF_TEXT = 'STAGEGATE_END';

/**
 * In the JSON form of a configuration, expressions are templates in texts. Every text is read, as the engine reads the
 * names of members as templates, too, and reads each of several members with one name.
 */
function readsOutsideInJson(text: string): boolean {
  const texts = textsOfJson(text);
  return !texts || texts.some((template) => TEMPLATE.test(template) && readsOutsideInHcl(asHcl(template)));
}

/** Returns every text of a configuration in JSON once, or undefined if it cannot be parsed. */
export const textsOfJson = (text: string): string[] | undefined =>
  isJson(text)
    ? [...new Set([...text.matchAll(TEXT)].map(([literal]) => TextSchema.parse(JSON.parse(literal))))]
    : undefined;

/** Returns a configuration in HCL with the template that a text of a JSON configuration is. */
export const asHcl = (template: string): string => `value = <<${END_OF_TEXT}\n${template}\n${END_OF_TEXT}\n`;

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}
