import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';

/** Every character with which the address of another repository may go on after the registered one. */
const GOES_ON = [...'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._~%/+-'];

/**
 * Returns a configuration of git that takes the directory for each of these addresses, with and without `.git`. git
 * replaces the beginning of an address, and of several rules that fit it takes the longest. So each address has further
 * rules that leave alone whatever only begins like it: `acme/config-modules` is no part of `acme/config`.
 */
export function gitConfigOf(directory: string, addresses: readonly string[]): string {
  const forms = addresses
    .map((address) => address.replace(/(?:\.git)?\/*$/, ''))
    .flatMap((bare) => [bare, `${bare}.git`]);
  const rules = [...new Set(forms)].flatMap((form) => [
    rule(directory, form),
    ...GOES_ON.map((next) => rule(`${form}${next}`, `${form}${next}`)),
  ]);
  return rules.join('');
}

const rule = (to: string, from: string): string => `[url "${escaped(to)}"]\n\tinsteadOf = "${escaped(from)}"\n`;

const escaped = (text: string): string => text.replaceAll(/["\\]/g, '\\$&');

/**
 * Returns variables with which git of a build reads that configuration, written below `base`, after whatever the
 * variables say already.
 */
export async function asGitVariables(
  base: string,
  config: string,
  variables: Readonly<Record<string, string>>,
): Promise<Record<string, string>> {
  const file = join(base, 'registered-repositories.gitconfig');
  await writeFile(file, config, { mode: 0o600 });
  const count = Number(variables.GIT_CONFIG_COUNT) || 0;
  return {
    GIT_CONFIG_COUNT: String(count + 1),
    [`GIT_CONFIG_KEY_${count}`]: 'include.path',
    [`GIT_CONFIG_VALUE_${count}`]: file,
  };
}
