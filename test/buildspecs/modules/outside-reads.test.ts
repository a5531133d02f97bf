import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { listContent } from '../../../buildspecs/program/modules/module-content.ts';
import { readsOutside } from '../../../buildspecs/program/modules/outside-reads.ts';

let root: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'stagegate-outside-reads-'));
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

type Files = Readonly<Record<string, string | Buffer | { readonly link: string }>>;

function judge(files: Files, engine: 'terraform' | 'tofu' = 'terraform'): boolean {
  const directory = join(root, 'module');
  mkdirSync(directory);
  for (const [path, content] of Object.entries(files)) {
    const place = join(directory, path);
    mkdirSync(dirname(place), { recursive: true });
    if (typeof content === 'string' || Buffer.isBuffer(content)) writeFileSync(place, content);
    else symlinkSync(content.link, place);
  }
  return readsOutside(
    directory,
    listContent(directory, () => false),
    engine,
  );
}

const local = (expression: string) => ({ 'main.tf': `locals {\n  x = ${expression}\n}\n` });
const quoted = '$' + '{';

describe('a module reads outside of its directory', () => {
  test.each([
    'path.root',
    'path . cwd',
    `"${quoted}path.root}/x"`,
    `[for k in fileset(path.cwd, "*") : k]`,
    `file("${quoted}path.module}/../x")`,
    `templatefile("${quoted}path.module}/..", {})`,
    `"${quoted}path.module}/a/../../x"`,
    'join("/", [path.module, "..", "x"])',
    'file("../x")',
    'file("/etc/hosts")',
    'file("policy.json")',
    `file("files/${quoted}each.key}")`,
    'filebase64(abspath("../x"))',
    'filesha256(abspath("/etc/hosts"))',
    'file(("../x"))',
    'core::file("x")',
    'file(pathexpand("~/.ssh/id_rsa.pub"))',
    'pathexpand("~/.aws")',
    'templatefile(var.template, {})',
    `filemd5("${quoted}var.directory}/x")`,
    'try(jsondecode(file("x")), null)',
    'file(<<E\nx\nE\n)',
    `file("${quoted}path.module}/.hidden")`,
    `templatefile("${quoted}path.module}/a/.b/c.tpl", {})`,
  ])('with %s', async (expression) => {
    expect(await judge(local(expression))).toBe(true);
  });

  test.each<[string, Files]>([
    ['in a nested block', { 'main.tf': 'resource "a" "b" {\n  c {\n    d = path.root\n  }\n}\n' }],
    ['in an override file', { 'override.tf': local('path.root')['main.tf'] }],
    ['in JSON', { 'main.tf.json': JSON.stringify({ locals: { x: [{ y: `${quoted}file("x")}` }] } }) }],
    ['in JSON, upwards', { 'main.tf.json': JSON.stringify({ locals: { x: `${quoted}path.module}/../x` } }) }],
    ['in JSON, in a name', { 'main.tf.json': JSON.stringify({ locals: { x: { [`${quoted}path.root}`]: 1 } } }) }],
    ['in JSON, hidden by another of its name', { 'main.tf.json': `{"locals":{"x":"${quoted}path.root}","x":"y"}}` }],
    ['in JSON, written with escapes', { 'main.tf.json': `{"locals":{"x":"\\u0024{path.\\u0072oot}"}}` }],
    ['in JSON, by a variable', { 'main.tf.json': JSON.stringify({ locals: { x: `${quoted}path.cwd}` } }) }],
    ['by a link to a file outside', { 'main.tf': '', 'files/x': { link: '../../other' } }],
    ['by a link that leads out and comes back', { 'main.tf': '', x: { link: '../module/main.tf' } }],
    ['by a link to a hidden file', { '.hidden/x': '', x: { link: '.hidden/x' } }],
    ['by a link with an absolute target', { x: { link: '/etc/hosts' } }],
    ['by a configuration behind a link', { 'main.tf': { link: '../other.tf' } }],
  ])('%s', async (_, files) => {
    expect(await judge(files)).toBe(true);
  });

  test('with files that only OpenTofu reads, under OpenTofu alone', async () => {
    const files = { 'main.tf': '', 'main.tofu': local('path.root')['main.tf'] };
    expect(await judge(files, 'tofu')).toBe(true);
    rmSync(join(root, 'module'), { recursive: true });
    expect(await judge(files, 'terraform')).toBe(false);
  });
});

describe('where nothing can be said, a module counts as one that reads outside', () => {
  test.each<[string, Files]>([
    ['a file that is no HCL', { 'main.tf': 'resource "a" {{{' }],
    ['a file with a NUL byte', { 'main.tf': 'locals {}\n\0' }],
    ['a file that is no JSON', { 'main.tf.json': '{' }],
    ['a template in JSON that is none', { 'main.tf.json': JSON.stringify({ locals: { x: `${quoted}file(` } }) }],
    ['a file that is too large', { 'main.tf': Buffer.alloc(4 * 1024 * 1024 + 1, '\n') }],
    [
      'an expression that is nested too deeply',
      { 'main.tf': `locals {\n  x = ${'('.repeat(2000)}1${')'.repeat(2000)}\n}\n` },
    ],
    ['a link to nowhere', { 'main.tf': { link: 'nowhere.txt' } }],
  ])('%s', async (_, files) => {
    expect(await judge(files)).toBe(true);
  });
});

describe('a module stays in its directory', () => {
  test.each([
    `file("${quoted}path.module}/files/x")`,
    `templatefile("${quoted}path.module}/x.tpl", { dir = "/usr/bin", name = "x" })`,
    `[for f in fileset(path.module, "files/*") : file("${quoted}path.module}/${quoted}f}")]`,
    'join("/", [path.module, "files"])',
    'file(join("/", [path.module, "files"]))',
    '"see ../README.md"',
    '"the text path.root"',
    'profile("x")',
    'var.path.root',
    `{ "a" = path.module, "b" = "../x" }`,
    'file(local.place)',
    `file("${quoted}path.module}/./a.b/c")`,
    `"${quoted}path.module}/.build/package.zip"`,
  ])('with %s', async (expression) => {
    expect(await judge(local(expression))).toBe(false);
  });

  test.each<[string, Files]>([
    ['the source of a call', { 'main.tf': 'module "logs" {\n  source = "../logs"\n}\n' }],
    ['a comment', { 'main.tf': '# file("../x") path.root\n' }],
    ['a link within the directory', { 'main.tf': '', 'files/x': { link: '../main.tf' } }],
    ['a link to nowhere within the directory', { 'main.tf': '', x: { link: 'nowhere' } }],
    ['a directory of another module', { 'main.tf': '', 'modules/logs/main.tf': local('path.root')['main.tf'] }],
    ['very many paths in one value', { 'main.tf': `locals {\n  x = [${'path.module, '.repeat(20_000)}]\n}\n` }],
    ['a very long value', { 'main.tf': `locals {\n  x = ${'path.module + '.repeat(2000)}1\n}\n` }],
    ['a very long text in JSON', { 'main.tf.json': JSON.stringify({ locals: { x: 'x\\'.repeat(1_000_000) } }) }],
    ['a text in JSON', { 'main.tf.json': JSON.stringify({ locals: { x: 'path.root, file("../x")' } }) }],
    ['no configuration at all', { 'README.md': '../x' }],
  ])('with %s', async (_, files) => {
    expect(await judge(files)).toBe(false);
  });
});
