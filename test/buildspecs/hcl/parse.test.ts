// biome-ignore-all lint/suspicious/noTemplateCurlyInString: the texts are templates of HCL
import { describe, expect, it } from '@jest/globals';
import { parseHcl } from '../../../buildspecs/program/configuration/hcl.ts';
import { parseJsonFile } from '../../../buildspecs/program/configuration/json-file.ts';
import { readsOutsideInHcl } from '../../../buildspecs/program/modules/outside-expressions.ts';

const attribute = (text: string) => parseHcl(`a = ${text}\n`).attributes[0];

describe('HCL is read as the engine reads it', () => {
  it.each([
    ['a number with an exponent', 'a = 1e12\nb = 4e-06\nc = 1.5E+3\n'],
    ['a key in parentheses after a plain value', 'a = {\n  b = c\n  (d) = e\n}\n'],
    ['an object on one line', 'a = { b : c, (d) = e, "f" = g }\n'],
    ['a for expression that begins on the next line', 'a = {\n  for k, v in b :\n  k => v... if v\n}\n'],
    ['a call of a function with a namespace', 'a = provider::aws::arn_parse(b...)\n'],
    ['a heredoc within an interpolation', 'a = "${<<E\nx\nE\n}"\n'],
    ['a heredoc in a list', 'a = [<<A\nx\nA\n, "b"]\n'],
    ['directives with marks that trim', 'a = "%{ if b ~} c %{ else ~} d %{~ endif }"\n'],
    ['an old index and a splat', 'a = b.0.c.*.d[*].e\n'],
    ['a byte order mark', '\uFEFFa = 1\n'],
    ['line breaks of Windows', 'a = <<E\r\nx\r\nE\r\nb {\r\n}\r\n'],
    ['names that are not ASCII', 'größe-1 = 1\n'],
  ])('%s', (_, text) => {
    expect(parseHcl(text)).toMatchObject({ errorLine: undefined, oddLine: undefined });
  });

  it.each([
    ['a line break between an argument and its value', 'a = 1\nb =\n2\n', 2],
    ['two arguments in a line', 'a = 1 b = 2\n', 1],
    ['a number with two points', '\na = 1.2.3\n', 2],
    ['an escape that is none', '\na = "\\x"\n', 2],
    ['half of a character', 'a = "\\ud800"\n', 1],
    ['a text over two lines', 'a = "b\nc"\n', 1],
    ['a heredoc that ends with the file', 'a = <<E\nx\nE', 3],
    ['a directive that begins nothing', 'a = "%{ endif }"\n', 1],
    ['a template in a label', 'b "x${y}" {\n}\n', 1],
    ['a comment without an end', 'a = 1\n/* b\n', 2],
    ['a character that is not in the language', "a = 'b'\n", 1],
  ])('and not %s', (_, text, line) => {
    expect(parseHcl(text).errorLine).toBe(line);
  });

  it.each([
    ['"\\u00e9\\U0001f600"', 'é😀'],
    ['"$${x} %%{y} $ %"', '${x} %{y} $ %'],
    ['"a\\nb\\t\\"c\\"\\\\"', 'a\nb\t"c"\\'],
    ['"\\\\u00e9"', '\\u00e9'],
    ['"$\\u007bx"', '${x'],
  ])('the text %s', (source, text) => {
    expect(attribute(source)).toMatchObject({ literal: text, texts: [text] });
  });

  it.each([
    ['{ port = 443, pin = 4711 }', ['4711']],
    ['<<E\n  a\n  b\nE', ['  a\n  b\n']],
    ['<<-E\n    a\n      b\n\n    E', ['a\n  b\n\n']],
    ['<<E\n\\u00e9 $${x}\nE', ['\\u00e9 ${x}\n']],
    ['"a-${1e3}-${"b"}-${true}"', ['a-1000-b-true', 'b', '1000']],
    ['"before ${~ x ~} after"', ['before', 'after', 'before ', ' after']],
    ['[1e12, "a", { b = 0.10 }]', ['1000000000000', 'a']],
    ['f("a", "b${var.c}d")', ['a', 'b', 'd']],
    ['"a%{ if true }b%{ endif }c"', ['ac', 'abc']],
    ['"a%{ if x }b%{ if y }c%{ endif }%{ else }d%{ endif }e"', ['abe', 'abce', 'ade']],
    ['"a%{ for b in [1] }c%{ endfor }d${x}e"', ['ad', 'acd', 'e']],
    ['"a${x ? "b" : "c"}d"', ['abd', 'acd', 'b', 'c']],
    ['"a${("${"b"}${1}")}c"', ['ab1c', 'b1', 'b']],
    ['x["a"].b["c"][4711] == "d" ? y["e"] : "f"', ['f']],
    ['[for k, v in { a = "b" } : "c" if v != "d"]', ['b', 'c']],
    ['lookup(x, "a", "b")', ['b']],
    ['jsondecode(templatefile("a", { b = "c" }))', ['c']],
    ['f("a" == "b", "c")', ['c']],
  ])('the texts in %s', (source, texts) => {
    expect([...(attribute(source)?.texts ?? [])].sort()).toEqual([...texts].sort());
  });
});

it('a text with many conditions has some of its outcomes', () => {
  const text = `"${'%{ if x }a%{ else }b%{ endif }'.repeat(200)}"`;
  expect(attribute(text)?.texts).toHaveLength(64);
});

it.each([
  ['a${"\\u0062"}c', ['a${"\\u0062"}c', 'abc', 'b']],
  ['a$${b}', ['a$${b}', 'a${b}']],
  ['a\nE\n%{ if true }b%{ endif }', ['a\nE\n%{ if true }b%{ endif }', 'a\nE\n', 'a\nE\nb']],
  ['a${', ['a${']],
])('in JSON, the texts in %j', (text, texts) => {
  const [found] = parseJsonFile(JSON.stringify({ module: { m: { a: text } } })).blocks;
  const trimmed = (each: readonly string[]) => each.map((one) => one.replace(/\n$/, '')).sort();
  expect(trimmed(found?.attributes[0]?.texts ?? [])).toEqual(trimmed(texts));
});

describe('what cannot be understood hides nothing', () => {
  const hidden = 'terraform {\n  cloud {}\n}\n';
  const isWanted = (type: string) => type === 'terraform';
  const deep = `${'('.repeat(300)}1${')'.repeat(300)}`;

  it('a block of no interest ends where its brackets say, whatever is in it', () => {
    const { blocks, errorLine, oddLine } = parseHcl(`output "a" {\n  value = ${deep}\n}\n${hidden}`, isWanted);
    expect([errorLine, oddLine]).toEqual([undefined, 2]);
    expect(blocks).toMatchObject([{ type: 'terraform', line: 4, blocks: [{ type: 'cloud' }] }]);
  });

  it.each([
    ['a bracket without its counterpart', `output "a" {\n  b = [${deep}\n}\n${hidden}`],
    ['a brace too many', `output "a" {\n  b = ${deep} }\n}\n${hidden}`],
    ['a character that is not in the language', `output "a" {\n  b = ${deep} \`{\n}\n${hidden}`],
    ['a quote without its counterpart', `output "a" {\n  b = ${deep} "\n}\n${hidden}`],
    ['another thing in the line of the brace', `output "a" {\n  b = ${deep}\n} ${hidden}`],
  ])('%s leaves the rest of the file unknown', (_, text) => {
    expect(parseHcl(text, isWanted).errorLine).toBeDefined();
  });

  it.each([
    ['a heredoc whose marker stands within blanks that only Go knows', `a = <<E\n\u0085E\n${hidden}E\n`, 1],
    ['a heredoc whose marker follows a sequence', `a = <<E\n\${x}E\n${hidden}E\n`, 0],
    ['a brace in a text within an interpolation', `a = "\${"}"}"\n${hidden}`, 1],
    ['a comment that looks like a text', `a = 1 # "\n${hidden}`, 1],
    ['a text that looks like a comment', `a = "/*"\n${hidden}b = "*/"\n`, 1],
    ['an escaped sequence', `a = "$\${"\n${hidden}`, 1],
  ])('%s', (_, text, found) => {
    expect(parseHcl(text, isWanted).blocks).toHaveLength(found);
  });

  it('an expression of any depth ends the parsing, and not the program', () => {
    for (const opening of ['(', '[', '{a=', '!', '-', '"${', 'f(', 'b ? ', '{\nfor x in '])
      expect(parseHcl(`a = ${opening.repeat(100_000)}`).errorLine).toBeDefined();
    expect(parseHcl('a {\n'.repeat(100_000)).errorLine).toBeDefined();
    expect(readsOutsideInHcl(`a = [${'path.module + '.repeat(50_000)}1, "../x"]\n`)).toBe(true);
  });

  it('many blanks take no longer than other characters', () => {
    const blanks = ' '.repeat(1_000_000);
    expect(parseHcl(`a = <<-E\nx${blanks}y\${~ z ~}${blanks}x\nE\n`).attributes).toHaveLength(1);
  });
});
