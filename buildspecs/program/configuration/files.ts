import { readdirSync } from 'node:fs';

const namesOfFiles = (directory: string) =>
  readdirSync(directory, { withFileTypes: true })
    .filter((entry) => !entry.isDirectory() && !entry.name.startsWith('.') && !entry.name.endsWith('~'))
    .map(({ name }) => name);

/** Lists the configuration files of a directory in the order in which the engine merges them: override files last. */
export function listConfigurationFiles(directory: string, engine: 'terraform' | 'tofu'): string[] {
  const names = namesOfFiles(directory);
  const all = new Set(names);
  const isRead = (name: string) => {
    if (engine === 'tofu' && /\.tofu(?:\.json)?$/.test(name)) return true;
    // OpenTofu reads x.tofu instead of x.tf if both exist.
    const shadow = name.replace(/\.tf(\.json)?$/, '.tofu$1');
    return /\.tf(?:\.json)?$/.test(name) && !(engine === 'tofu' && all.has(shadow));
  };
  const stem = (name: string) => name.replace(/\.(?:tf|tofu)(?:\.json)?$/, '');
  const isOverride = (name: string) => stem(name) === 'override' || stem(name).endsWith('_override');
  const files = names.filter(isRead).sort();
  return [...files.filter((name) => !isOverride(name)), ...files.filter(isOverride)];
}

/** Lists the files from which the engine reads values of variables by itself. Hidden files count, too. */
export const listValuesFiles = (directory: string): string[] =>
  readdirSync(directory, { withFileTypes: true })
    .filter((entry) => !entry.isDirectory())
    .map(({ name }) => name)
    .filter((name) => /^terraform\.tfvars(?:\.json)?$|\.auto\.tfvars(?:\.json)?$/.test(name))
    .sort();
