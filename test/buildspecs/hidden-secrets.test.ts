// biome-ignore-all lint/suspicious/noTemplateCurlyInString: the texts are templates of HCL
import { afterEach, describe, expect, it } from '@jest/globals';
import { type Drawing, drawing } from './drawing.ts';
import { planFile } from './plan-files.ts';
import { DIRECTORY as directory, event, ProgramRun, savePlan } from './program-runs.ts';

/**
 * Hides random secrets in every form that HCL and its JSON form have, lets the engine print them in every form that
 * engines and providers have, and looks for them in everything that a build tells.
 */

let run: ProgramRun | undefined;
afterEach(() => run?.remove());

/** A secret, with a part that stands nowhere else. */
interface Secret {
  readonly value: string;
  readonly core: string;
}

const LETTERS = [...'bcdfghjkmnpqrstvwxzBCDFGHJKMNPQRSTVWXZ23456789'];
const AROUND = [...'abé"\\$%{}<>&\'/+=@:;#~? ', '${', '%{', '$${', 'e\u0301', '😀', '\u200b', '\u00a0'];

function drawSecret({ some }: Drawing): Secret {
  const core = Array.from({ length: 12 }, () => some(LETTERS, 1)).join('');
  return { core, value: `x${some(AROUND, 6)}${core}${some(AROUND, 6)}y` };
}

/** Writes a text in quotes, some of its characters as escapes. */
function quoted(text: string, { below }: Drawing): string {
  const escaped = (char: string) => {
    const code = char.codePointAt(0) ?? 0;
    return code > 0xffff ? `\\U${code.toString(16).padStart(8, '0')}` : `\\u${code.toString(16).padStart(4, '0')}`;
  };
  const characters = [...text].map((char) => {
    if (below(4) === 0) return escaped(char);
    if (char === '\n') return '\\n';
    return char === '"' || char === '\\' ? `\\${char}` : char;
  });
  return `"${characters.join('').replace(/([$%])\{/g, '$1$1{')}"`;
}

const heredocText = (text: string) => text.replace(/([$%])\{/g, '$1$1{');
const MISREAD = `${'('.repeat(400)}1${')'.repeat(400)}`;
const json = (value: unknown, { below }: Drawing) =>
  JSON.stringify(value).replace(/[A-Za-z](?=[^"\\]*x)/g, (char) =>
    below(6) === 0 ? `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}` : char,
  );

const DECLARED = 'variable "password" {\n  sensitive = true\n}\n';
type Files = Readonly<Record<string, string>>;

/** How a secret stands in the files of a directory. */
const SOURCES: Readonly<Record<string, (value: string, draw: Drawing) => Files>> = {
  'in quotes': (value, draw) => ({ 'terraform.tfvars': `password = ${quoted(value, draw)}\n` }),
  'in a heredoc': (value) => ({ 'a.auto.tfvars': `password = <<EOT\nfirst\n${heredocText(value)}\nEOT\n` }),
  'in an indented heredoc': (value) => ({
    'a.auto.tfvars': `password = <<-EOT\n    ${heredocText(value)}\n      b\n  EOT\n`,
  }),
  'in parts that interpolations join': (value, draw) => {
    const at = 1 + draw.below(value.length - 1);
    return {
      'terraform.tfvars': `password = "\${${quoted(value.slice(0, at), draw)}}\${${quoted(value.slice(at), draw)}}"\n`,
    };
  },
  'in a list of objects': (value, draw) => ({
    'terraform.tfvars': `password = [{\n  (1e3) = [${quoted(value, draw)}] }, 4e-06]\n`,
  }),
  'as a key of an object': (value, draw) => ({ 'terraform.tfvars': `password = { ${quoted(value, draw)} = 1 }\n` }),
  'as a default': (value, draw) => ({
    'main.tf': `variable "password" {\n  sensitive = !false\n  default = ${quoted(value, draw)}\n}\n`,
  }),
  'as a default of an ephemeral variable': (value, draw) => ({
    'main.tf': `variable "password" {\n  ephemeral = true\n  default = ${quoted(value, draw)}\n}\n`,
  }),
  'in JSON': (value, draw) => ({ 'terraform.tfvars.json': json({ password: { a: [value] } }, draw) }),
  'twice in JSON': (value, draw) => ({
    'terraform.tfvars.json': `{"password":${json(value, draw)},"password":"other"}`,
  }),
  'as a default in JSON': (value, draw) => ({
    'main.tf.json': json({ variable: { password: { sensitive: 'true', default: value } } }, draw),
    'main.tf': '',
  }),
  'in a file that we misread before it': (value, draw) => ({
    'terraform.tfvars': `limit = ${MISREAD}\npassword = ${quoted(value, draw)}\n`,
  }),
  'in a heredoc of a file that we misread': (value) => ({
    'terraform.tfvars': `limit = ${MISREAD}\npassword = <<EOT\n${value}\nEOT\n`,
  }),
};

const base64 = (text: string) => Buffer.from(text).toString('base64');
const goQuoted = (text: string) =>
  JSON.stringify(text).replace(/[\u200b\u00a0]/g, (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`);

/** How the engine prints a value. */
const PRINTED: Readonly<Record<string, (value: string) => string>> = {
  plain: (value) => `no file exists at ./${value}; this`,
  'in quotes': (value) => `Invalid value ${JSON.stringify(value)}.`,
  'as Go quotes it': (value) => `no file exists at ${goQuoted(`./${value}`)}; this`,
  'as HCL quotes it': (value) => `key ["${heredocText(JSON.stringify(value).slice(1, -1))}"] is`,
  'in JSON within quotes': (value) => JSON.stringify(JSON.stringify({ password: value })),
  'as jsonencode does': (value) =>
    JSON.stringify(value).replace(/[<>&]/g, (char) => `\\u00${char.charCodeAt(0).toString(16)}`),
  'as JSON of ASCII': (value) =>
    JSON.stringify(value).replace(/[\x7f-\uffff]/g, (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`),
  'in base64': (value) => `Basic ${base64(`user:${value}`)}`,
  'in base64 of URLs': (value) => `token=${Buffer.from(value).toString('base64url')}`,
  'in a URL': (value) => `https://example.com/?password=${encodeURIComponent(value)}&x`,
  'in a form': (value) => new URLSearchParams({ password: value }).toString(),
  'in hexadecimal': (value) => Buffer.from(value).toString('hex'),
  'in HTML': (value) =>
    `<b>${value.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&#34;').replaceAll("'", '&#39;')}</b>`,
  'in lines of a frame': (value) => `│ ${[...value].map((char, at) => (at % 5 === 4 ? `${char}\n│ ` : char)).join('')}`,
  'in lines of a difference': (value) => [...value.matchAll(/.{1,7}/gsu)].map(([part]) => `  + ${part}`).join('\n'),
  'broken at blanks': (value) => `Error: ${value.replaceAll(' ', '\n      ')}`,
  'at the end of what is kept': (value) => `${'.'.repeat(990)}${value}`,
};

/** Returns the forms of a core by which a reader could find it. */
const traces = (core: string) => [
  core.slice(1, -1),
  ...[0, 1, 2].map((before) => base64(`${'a'.repeat(before)}${core}`).slice(4, -4)),
  Buffer.from(core.slice(1, -1)).toString('hex'),
];

/** Returns what a reader sees who looks through line breaks, frames and escapes. */
const looked = (text: string) =>
  [text, text.replace(/[\s│|+\-~\\]|\\n/g, ''), text.replace(/(?:\\+n|\s|[│+])+/g, '')].join('\n');

describe('a secret stands in nothing that a build tells', () => {
  it.each(Object.entries(SOURCES))('%s', async (name, source) => {
    const draw = drawing();
    for (let round = 0; round < 8; round++) {
      const secret = drawSecret(draw);
      const value = secret.value.normalize('NFC');
      const findings = Object.values(PRINTED).map((print, at) => ({
        severity: at % 2 === 0 ? 'error' : 'warning',
        summary: at % 3 === 0 ? print(value) : 'Invalid function argument',
        detail: print(value),
        address: `terraform_data.a["${heredocText(JSON.stringify(value).slice(1, -1))}"]`,
      }));
      run = new ProgramRun(
        Object.fromEntries(
          Object.entries({ 'main.tf': DECLARED, ...source(secret.value, draw) }).map(([file, text]) => [
            `${directory}/${file}`,
            text,
          ]),
        ),
        {
          plan: () => ({
            exitCode: 1,
            errorOutput: `Error: ${value}\n`,
            lines: [
              ...Object.values(PRINTED).map((print) => event({ type: 'log', '@message': print(value) })),
              ...findings.map((diagnostic) => event({ type: 'diagnostic', diagnostic })),
            ],
          }),
        },
      );
      const { result, log, isSuccessful } = await run.plan();
      const told = looked(`${JSON.stringify(result, null, 1)}\n${log}`);
      expect([name, isSuccessful, result]).toMatchObject([name, false, { phase: 'plan' }]);
      expect(told).toContain('(sensitive)');
      for (const trace of traces(secret.core)) expect(told).not.toContain(trace);
      // The findings are readable around what is hidden.
      expect(told).toContain('no file exists at');
      run.remove();
    }
  });
});

describe('the builds after the plan know the same secrets', () => {
  const fails = (message: string) => () => ({
    exitCode: 1,
    lines: [event({ type: 'diagnostic', diagnostic: { severity: 'error', summary: `found ${message}` } })],
  });
  const planned = async () => {
    const files = { 'main.tf': DECLARED, 'stagegate_override.tf': 'terraform {\n  backend "s3" {}\n}\n' };
    run = new ProgramRun(
      {
        [`${directory}/main.tf`]: DECLARED,
        [`${directory}/terraform.tfvars`]: 'password = "hunter\\u0032-and-more"\n',
      },
      { plan: savePlan(planFile({ files })) },
    );
    expect((await run.plan()).isSuccessful).toBe(true);
    return run;
  };

  it('an apply, before it has printed its plan', async () => {
    const { steps } = await planned();
    steps.init = fails('hunter2-and-more');
    const applied = await run?.apply();
    expect(applied?.result).toMatchObject({ ok: false, phase: 'init', message: 'found (sensitive)' });
    expect(applied?.log).not.toContain('hunter2');
  });

  it('an inspection', async () => {
    const { steps } = await planned();
    steps.show = () => ({ exitCode: 1, errorOutput: 'Error: found hunter2-and-more\n' });
    const inspected = await run?.inspect();
    expect(inspected?.result).toMatchObject({ ok: false, message: expect.stringContaining('found (sensitive)') });
    expect(inspected?.log).not.toContain('hunter2');
  });
});

it('a short secret hides no place of a finding', async () => {
  run = new ProgramRun(
    { [`${directory}/main.tf`]: DECLARED, [`${directory}/terraform.tfvars`]: 'password = "shop"\n' },
    {
      plan: () => ({
        exitCode: 1,
        lines: [
          event({
            type: 'diagnostic',
            diagnostic: {
              severity: 'error',
              summary: 'shop is wrong',
              range: { filename: 'main.tf', start: { line: 3 } },
            },
          }),
        ],
      }),
    },
  );
  const { result } = await run.plan();
  expect(result).toMatchObject({ message: `(sensitive) is wrong (${directory}/main.tf:3)` });
});

it('what modules of the repository get for their sensitive variables is secret, and so are their defaults', async () => {
  const module = (name: string) => `variable "${name}" {\n  sensitive = true\n  default = "default-of-${name}"\n}\n`;
  const call = (name: string, value: string) =>
    `module "${name}" {\n  source = "../../../modules/db"\n  password = ${value}\n  size = "not-secret"\n}\n`;
  run = new ProgramRun(
    {
      [`${directory}/main.tf`]: `${call('a', '"hunter\\u0031-and-more"')}${call('b', '"${var.prefix}-hunter2-and-more"')}`,
      'modules/db/main.tf': `${module('password')}variable "size" {}\nmodule "c" {\n  source = "./key"\n  key = 48151.6e3\n}\n`,
      'modules/db/key/main.tf': module('key'),
    },
    {
      plan: () => ({
        exitCode: 1,
        errorOutput:
          'Error: hunter1-and-more, x-hunter2-and-more, 48151600, default-of-password, default-of-key, not-secret\n',
      }),
    },
  );
  const { result, log } = await run.plan();
  const hidden = '(sensitive), x(sensitive), (sensitive), (sensitive), (sensitive), not-secret';
  expect(result).toMatchObject({ message: expect.stringContaining(hidden) });
  expect(log).toContain(hidden);
});

it.each([
  [
    'a default in an override file of a sensitive variable',
    { 'main.tf': DECLARED, 'a_override.tf': 'variable "password" {\n  default = "hunter2-and-more"\n}\n' },
  ],
  [
    'the value of a variable that a module takes as sensitive',
    {
      'main.tf': 'variable "given" {}\nmodule "db" {\n  source = "./db"\n  password = "${var.given}"\n}\n',
      'terraform.tfvars': 'given = "hunter2-and-more"\n',
      'db/main.tf': DECLARED,
    },
  ],
  [
    'such a default in JSON',
    {
      'main.tf.json':
        '{"variable":{"given":{"default":"hunter2-and-more"}},"module":{"db":{"source":"./db","password":"${var.given}"}}}',
      'db/main.tf': DECLARED,
    },
  ],
])('%s is a secret in every build', async (_, files) => {
  const fails = () => ({ exitCode: 1, errorOutput: 'Error: found hunter2-and-more\n' });
  run = new ProgramRun(
    Object.fromEntries(Object.entries(files).map(([file, text]) => [`${directory}/${file}`, text])),
    { plan: fails },
  );
  const planned = await run.plan();
  run.artifacts.objects.clear();
  run.steps.plan = savePlan(planFile());
  expect((await run.plan()).isSuccessful).toBe(true);
  run.steps.init = fails;
  for (const { result, log } of [planned, await run.apply()]) {
    expect(result).toMatchObject({ ok: false, message: 'found (sensitive)' });
    expect(log).not.toContain('hunter2');
  }
});

it('what a call of a module names to find a value is no secret', async () => {
  run = new ProgramRun(
    {
      [`${directory}/main.tf`]:
        'module "db" {\n  source = "../../../modules/db"\n  password = jsondecode(data.x.y.text)["password"]\n  key = "${var.a}-${var.b}: ${file("key.pem")}"\n}\n',
      'modules/db/main.tf': 'variable "password" {\n  sensitive = true\n}\nvariable "key" {\n  sensitive = true\n}\n',
    },
    { plan: () => ({ exitCode: 1, errorOutput: 'Error: no "password": - key.pem (in a): b\n' }) },
  );
  const { result } = await run.plan();
  expect(result).toMatchObject({ message: 'no "password": - key.pem (in a): b' });
});

it('a secret that JSON has in a template is known as the engine prints it', async () => {
  run = new ProgramRun(
    {
      [`${directory}/main.tf.json`]: JSON.stringify({
        module: {
          db: { source: '../../../modules/db', password: 'hun${"ter2\\u00e9"}%{ if true }-and-more%{ endif }' },
        },
      }),
      'modules/db/main.tf': 'variable "password" {\n  sensitive = true\n}\n',
    },
    { plan: () => ({ exitCode: 1, errorOutput: 'Error: found hunter2é-and-more\n' }) },
  );
  const { result, log } = await run.plan();
  expect(result).toMatchObject({ message: 'found (sensitive)' });
  expect(log).not.toContain('hunter2');
});
