// biome-ignore-all lint/suspicious/noTemplateCurlyInString: the texts are templates of HCL
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { parseHcl } from '../../buildspecs/program/configuration/hcl.ts';
import { drawing } from './drawing.ts';

/** Compares how we read HCL with how the engine does, for texts that nobody chose. */

let directory: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'stagegate-hcl-'));
});
afterEach(() => rmSync(directory, { recursive: true }));

const terraform = (...given: string[]) =>
  spawnSync('terraform', given, {
    cwd: directory,
    encoding: 'utf8',
    maxBuffer: 1 << 28,
    // Settings of the person who runs the tests would be warned about, or used.
    env: { ...process.env, TF_CLI_CONFIG_FILE: '/dev/null' },
  });

const PIECES = [
  ...[
    'a',
    'b',
    'for',
    'in',
    'if',
    'true',
    '1',
    '1e5',
    '0.5',
    '1.2.3',
    '"',
    '"x"',
    '${',
    '%{if x}',
    '%{endif}',
    '%{ for a in b ~}',
  ],
  ...[
    '%{ endfor }',
    '}',
    '{',
    '[',
    ']',
    '(',
    ')',
    '=',
    ':',
    ',',
    '.',
    '...',
    '=>',
    '==',
    '-',
    '!',
    '*',
    '?',
    '&&',
    '<',
    '::',
    '\n',
  ],
  ...[
    '\r\n',
    '\r',
    ' ',
    '\t',
    '#c',
    '# c\n',
    '// d\n',
    '/* e */',
    '/* f\n */',
    '<<E\n',
    '<<-E\n',
    'E\n',
    '  E\n',
    '$',
    '$$',
    '$${',
  ],
  ...[
    '%%{',
    '${~',
    '~}',
    '\\n',
    '\\u00e9',
    '\\x',
    '\\',
    'é',
    '\u00a0',
    '~',
    '&',
    "'",
    '`',
    'b {\n',
    '}\n',
    '[*]',
    '.*',
    '.0',
    '[0]',
  ],
  ...['f(', 'g::h(', ')\n', '\u0085', '\ufeff'],
];
const TEXTS = [
  'a = {\n  b = [1, "x${y.z[0]}w", <<E\n  t ${u}\n  E\n  ]\n  (c) = f(1, 2...)\n}\n',
  'b "x" {\n  c = [for k, v in d : k => v if v]\n  e {\n    f = 1\n  }\n  g { h = 2 }\n}\n',
  'd = x ? "%{ if b ~} y %{ else }z%{ endif }" : {for k, v in d : k => v...}\n',
];

test('we take for HCL what the engine takes for HCL', () => {
  const { below, some } = drawing();
  const texts = Array.from({ length: 1500 }, () => {
    let text = TEXTS[below(TEXTS.length)] ?? '';
    for (let left = below(2); left >= 0; left--) {
      const at = below(text.length + 1);
      text = text.slice(0, at) + some(PIECES, 1) + text.slice(at + (below(3) === 0 ? below(4) : 0));
    }
    return text;
  });
  for (const [index, text] of texts.entries()) writeFileSync(join(directory, `t${index}.tf`), text);
  const { stderr } = terraform('fmt', '-no-color', '-write=false', '-list=false');
  const findings = stderr.split(/(?=^Error: )/m).filter((finding) => !finding.startsWith('Error: Attribute redefined'));
  const refused = new Set(findings.flatMap((finding) => /\bt(\d+)\.tf line/.exec(finding)?.[1] ?? []).map(Number));
  const isOdd = (text: string, index: number) => (parseHcl(text).errorLine === undefined) === refused.has(index);
  expect(texts.filter(isOdd)).toEqual([]);
  expect(refused.size).toBeGreaterThan(500);
  expect(refused.size).toBeLessThan(1400);
});

const QUOTED = [
  'a',
  'é',
  'e\u0301',
  '\\u00e9',
  '\\U0001f600',
  '\\n',
  '\\t',
  '\\"',
  '\\\\',
  '$',
  '$$',
  '$${',
  '%%{',
  '%',
  '${"x"}',
  ' ',
  '{',
  '}',
  '${~ "y" ~}',
];
const HEREDOC = [
  'a',
  ' ',
  '  ',
  '\t',
  '\n',
  '\n  ',
  '\n    ',
  '\n\n',
  '\\n',
  '"',
  '${"x"}',
  '${~ "y" ~}',
  '$${',
  '%%{',
  '$',
  '%',
  'é',
  '  \n',
  '\n\u00a0 ',
];
const NUMBERS = [
  '1e12',
  '4e-06',
  '0.10',
  '1.50e3',
  '100',
  '12345678901234567890123',
  '0.1e-2',
  '1.e2',
  '007',
  '123.456e2',
  '-1e3',
];

test('we read the values that the engine reads', () => {
  const { some } = drawing();
  const expressions = [
    ...Array.from({ length: 500 }, () => `"_${some(QUOTED, 9)}"`),
    ...Array.from({ length: 500 }, (_, index) => `<<${index % 2 === 0 ? '-' : ''}EOT\n${some(HEREDOC, 9)}_\nEOT\n`),
    ...NUMBERS.map((number) => `"\${${number}}_"`),
  ]
    .filter((expression) => parseHcl(`a = ${expression}\n`).errorLine === undefined)
    // The engine's scanner takes the character after a lone sign for a part of it, and "~" removes only what follows.
    .filter((expression) => !(/~/.test(expression) && /[$%](?!\{)/.test(expression)));
  expect(expressions.length).toBeGreaterThan(700);
  const outputs = expressions.map((expression, index) => `output "o${index}" {\n  value = ${expression}\n}\n`);
  writeFileSync(join(directory, 'main.tf'), outputs.join(''));
  for (const given of [['init'], ['plan', '-out=plan']]) expect(terraform(...given).stderr).toBe('');
  const { planned_values: planned } = JSON.parse(terraform('show', '-json', 'plan').stdout);
  const differing = expressions.filter((expression, index) => {
    const texts = parseHcl(`a = ${expression}\n`).attributes.flatMap((found) => found.texts);
    return !texts.some((text) => text.normalize('NFC') === planned.outputs[`o${index}`].value);
  });
  expect(differing).toEqual([]);
});
