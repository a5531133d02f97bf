import { describe, expect, test } from '@jest/globals';
import { callsIn } from '../../../cli/propose/call-file.ts';

function found(name: string, text: string) {
  const read = callsIn(name, Buffer.from(text));
  if ('errorLine' in read) throw new Error(`line ${read.errorLine}`);
  return read.calls.map((call) => {
    const shown = (arguments_: typeof call.source) =>
      arguments_.map(({ literal }) => {
        if (!literal) return null;
        const { start, end } = literal.placeOf(0, literal.value.length);
        return { value: literal.value, written: text.slice(start, end) };
      });
    return { name: call.name, line: call.line, source: shown(call.source), version: shown(call.version) };
  });
}

const plain = (text: string) => [{ value: text, written: text }];

describe('module calls in a file', () => {
  test('are found with the places of source and version, and nothing else is', () => {
    const text = [
      '# module "no" { source = "a/b/c" }',
      'locals {',
      '  text = <<-EOT',
      '    module "neither" {',
      '      source = "a/b/c"',
      '    }',
      '  EOT',
      '}',
      'module "net" {',
      '  source  = "acme/net/aws" # source = "x"',
      '  version = "1.2.3"',
      '  source_tags = { version = "9.9.9" }',
      '}',
      'module one { source = "./one" }',
    ].join('\r\n');
    expect(found('main.tf', text)).toEqual([
      { name: 'net', line: 9, source: plain('acme/net/aws'), version: plain('1.2.3') },
      { name: 'one', line: 14, source: plain('./one'), version: [] },
    ]);
  });

  test('are found in JSON, in lists and under names that occur twice', () => {
    const text =
      '{"module":{"a":{"source":"x/y/z","version":"1.0"},"b":[{"source":"s"}]},\n"module":{"a":{"source":"t"}}}';
    expect(found('main.tf.json', text)).toEqual([
      { name: 'a', line: 1, source: plain('x/y/z'), version: plain('1.0') },
      { name: 'b', line: 1, source: plain('s'), version: [] },
      { name: 'a', line: 2, source: plain('t'), version: [] },
    ]);
  });

  test.each([
    ['main.tf', String.raw`module "a" { source = "git::https:\u002F/h/r?ref=\"v1" }`, 'git::https://h/r?ref="v1'],
    [
      'main.tf.json',
      String.raw`{"module":{"a":{"source":"git::https:\/\/h/r?a=1\u0026ref=v1"}}}`,
      'git::https://h/r?a=1&ref=v1',
    ],
  ])('have places for texts with escapes: %s', (name, text, value) => {
    const read = callsIn(name, Buffer.from(text));
    const literal = 'calls' in read ? read.calls[0]?.source[0]?.literal : undefined;
    expect(literal?.value).toBe(value);
    const place = literal?.placeOf(value.indexOf('v1'), value.indexOf('v1') + 2);
    expect(text.slice(place?.start, place?.end)).toBe('v1');
  });

  test.each([
    ['main.tf', 'module "a" { source = var.source }'],
    ['main.tf', `module "a" { source = "git::https://h/r?ref=\${var.tag}" }`],
    ['main.tf', 'module "a" {\n  source = <<E\nx/y/z\nE\n}'],
    ['main.tf', 'module "a" { source = ("x/y/z") }'],
    ['main.tf.json', `{"module":{"a":{"source":"x?ref=\${var.tag}"}}}`],
    ['main.tf.json', '{"module":{"a":{"source":null}}}'],
  ])('have no text where there is an expression: %s %s', (name, text) => {
    expect(found(name, text)).toMatchObject([{ name: 'a', source: [null] }]);
  });

  test.each([
    ['main.tf', Buffer.from('a = 1\nmodule "a" {'), 2],
    ['main.tf.json', Buffer.from('{\n"module": }'), 2],
    ['main.tf', Buffer.from([0x61, 0x0a, 0x23, 0xff, 0x0a]), 2],
  ])('fails for a file that cannot be understood: %s', (name, bytes, errorLine) => {
    expect(callsIn(name, bytes)).toEqual({ errorLine });
  });
});
