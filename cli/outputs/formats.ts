import type { Schemas } from '../client/api-client.ts';
import { table } from '../output/table.ts';

type Outputs = Schemas['Outputs']['outputs'];

const textOf = (value: unknown): string => (typeof value === 'string' ? value : JSON.stringify(value));

/** The name as a variable of a shell: Terraform allows dashes, shells do not. */
const variable = (name: string): string => name.replaceAll('-', '_').replace(/^(\d)/, '_$1');

const known = (outputs: Outputs) => Object.entries(outputs).filter(([, { sensitive }]) => !sensitive);

/** The names of outputs whose values the API never shows. */
export const sensitiveOf = (outputs: Outputs): string[] =>
  Object.entries(outputs)
    .filter(([, { sensitive }]) => sensitive)
    .map(([name]) => name);

/** Commands for a shell, quoted so that no value can be more than a value. */
export const asExports = (outputs: Outputs): string =>
  known(outputs)
    .map(([name, { value }]) => `export ${variable(name)}='${textOf(value).replaceAll("'", `'\\''`)}'\n`)
    .join('');

/** Lines of a `.env` file. Values with quotes or line ends are in double quotes, with escapes; all others in single ones. */
export const asDotenv = (outputs: Outputs): string =>
  known(outputs)
    .map(([name, { value }]) => `${variable(name)}=${dotenvValue(textOf(value))}\n`)
    .join('');

function dotenvValue(text: string): string {
  if (!/['\n\r]/.test(text)) return `'${text}'`;
  const escaped = text
    .replaceAll(/[\\"$]/g, '\\$&')
    .replaceAll('\n', '\\n')
    .replaceAll('\r', '\\r');
  return `"${escaped}"`;
}

export const asTable = (outputs: Outputs): string =>
  table(
    ['OUTPUT', 'VALUE'],
    Object.entries(outputs).map(([name, { value, sensitive }]) => [name, sensitive ? '(sensitive)' : textOf(value)]),
  );
