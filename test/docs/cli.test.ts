import { expect, test } from '@jest/globals';
import { COMMANDS } from '../../cli/commands.ts';
import { LOCAL_CLOUD } from '../../cli/connection/connection.ts';
import { EXIT_CODES } from '../../cli/output/exit-codes.ts';
import { readDocument } from './documents.ts';

/** docs/cli.md says what the command line does. */

const text = readDocument('docs/cli.md');

test('lists every command with its summary, in the order of the help', () => {
  const rows = [...text.matchAll(/^\| `stagegate ([^`]+)` \| (.+) \|$/gm)].map(([, usage, summary]) => ({
    usage,
    summary,
  }));
  expect(rows).toEqual(COMMANDS.map(({ usage, summary }) => ({ usage, summary })));
});

test('has every exit code', () => {
  const rows = [...text.matchAll(/^\| (\d+) \| `([^`]+)` \| (.+) \|$/gm)].map(([, code, ending, meaning]) => [
    ending,
    { code: Number(code), meaning },
  ]);
  expect(Object.fromEntries(rows)).toEqual(EXIT_CODES);
  const codes = Object.values(EXIT_CODES).map(({ code }) => code);
  expect(new Set(codes).size).toBe(codes.length);
});

test('names the address that is used when none is given', () => {
  expect(text).toContain(`\`${LOCAL_CLOUD}\`, where \`npm start\` puts a local cloud`);
});

test('tells nobody to run a package that is not published', () => {
  expect(text).not.toContain('npx');
});
