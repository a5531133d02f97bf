import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { decideAll } from '../../../cli/propose/decide.ts';
import { RepositoryError } from '../../../cli/propose/repository-error.ts';
import { readCallFiles, writeChanges } from '../../../cli/propose/working-copy.ts';

const root = mkdtempSync(join(tmpdir(), 'propose-'));
mkdirSync(join(root, 'env'));
afterAll(() => rmSync(root, { recursive: true, force: true }));

/** Text that looks like what is changed, and is not. */
const DECOYS = [
  '# ref=v1.0.0 version = "1.0.0"',
  '// module "net" { version = "1.0.0" }',
  '/* source = "git::https://h.example/r.git?ref=v1.0.0"\n\n */',
  'locals {\n  a = <<-EOT\n    module "web" {\n      source = "git::https://h.example/r.git?ref=v1.0.0"\n    }\n  EOT\n}',
  `locals {\n  b = "é \${"v1.0.0"} 😀 $\${x} version = \\"1.0.0\\""\n}`,
  'resource "x" "y" {\n  version = "1.0.0"\n\tref="v1.0.0"   \n}',
  'module "local" {\n  source = "./local?ref=v1.0.0"\n}',
  '',
  '   \t ',
];
const decoys = fc
  .array(fc.constantFrom(...DECOYS), { maxLength: 4 })
  .map((texts) => texts.map((text) => `${text}\n`).join(''));
const argument = fc.constantFrom(
  '',
  '  note = "v1.0.0"\n',
  '  # é\n',
  '\n',
  '  tags = { version = "1.0.0", "ref=v1.0.0" = 1 }\n',
);
const blanks = fc.constantFrom(' ', '', '\t', '   ');
const query = fc.record({
  before: fc.constantFrom('', 'depth=1&', 'a=%20&xref=v1.0.0&'),
  after: fc.constantFrom('', '&depth=1', '#x&b', '&x=1#y'),
});

/** A file in pieces: what stands before the old version, and after it. */
const nativeFile = fc
  .record({
    before: decoys,
    after: decoys,
    inside: argument,
    last: argument,
    blank: blanks,
    isGit: fc.boolean(),
    query,
  })
  .map(({ before, after, inside, last, blank, isGit, query: { before: first, after: more } }) => {
    const [head, tail] = isGit
      ? [`  source${blank}=${blank}"git::https://h.example/r.git//web?${first}ref=v`, `${more}"`]
      : [`  source = "acme/net/aws"\n  version${blank}=${blank}"`, '"'];
    return [`${before}module "web" {\n${inside}${head}`, `${tail}${blank}# 1.0.0\n${last}}\n${after}`].map(String);
  });

const jsonFile = fc
  .record({
    note: fc.json(),
    isGit: fc.boolean(),
    slash: fc.constantFrom('/', '\\/'),
    and: fc.constantFrom('&', '\\u0026'),
    blank: blanks,
  })
  .map(({ note, isGit, slash, and, blank }) => {
    const [head, tail] = isGit
      ? [`"source":${blank}"git::https:${slash}${slash}h.example/r.git//web?depth=1${and}ref=v`, `${and}x=1"`]
      : [`"source": "acme/net/aws",\n"version":${blank}"`, '"'];
    return [`{"locals":{"note":"1.0.0"},"module":${blank}{"web":{"note":${note},${head}`, `${tail}${blank}}}}`].map(
      String,
    );
  });

const files = fc.oneof(
  nativeFile.map((pieces) => ({ name: 'main.tf', pieces })),
  nativeFile.map((pieces) => ({ name: 'main.tofu', pieces })),
  jsonFile.map((pieces) => ({ name: 'main.tf.json', pieces })),
);

/** The same pieces as another person's editor would have written them. */
const written = fc
  .record({ file: files, isWindows: fc.boolean(), hasMark: fc.boolean(), hasEnd: fc.boolean() })
  .map(({ file: { name, pieces }, isWindows, hasMark, hasEnd }) => {
    const [before, after] = pieces.map((text) => (isWindows ? text.replace(/\n/g, '\r\n') : text));
    const mark = hasMark && !name.endsWith('.json') ? '\uFEFF' : '';
    return { name, before: `${mark}${before}`, after: hasEnd ? after : after?.replace(/[\r\n]+$/, '') };
  });

test('only the characters of the version change, whatever stands around them', async () => {
  const ran = ['acme/net/aws', 'git::https://h.example/r.git//web?ref=v1.10.0'].map((source) => ({
    call: 'module.web',
    source,
    version: '1.10.0',
  }));
  await fc.assert(
    fc.asyncProperty(written, async ({ name, before, after }) => {
      rmSync(join(root, 'env'), { recursive: true });
      mkdirSync(join(root, 'env'));
      const place = join(root, 'env', name);
      writeFileSync(place, `${before}1.0.0${after}`);
      const calls = readCallFiles(root, 'env', 'tofu');
      const isGit = before.includes('r.git//web?');
      const proposals = await decideAll(
        calls.flatMap((file) => file.calls),
        {
          from: 'dev1',
          ran: ran.filter(({ source }) => source.startsWith('git') === isGit),
          open: () => Promise.reject(new RepositoryError('no network')),
        },
      );
      expect(writeChanges(root, calls, proposals)).toEqual([`env/${name}`]);
      expect(readFileSync(place).equals(Buffer.from(`${before}1.10.0${after}`))).toBe(true);
    }),
    { numRuns: 500 },
  );
});

test('writes nothing if one of the files has changed in the meantime', async () => {
  const text = (version: string) => `module "web" {\n  source  = "acme/net/aws"\n  version = "${version}"\n}\n`;
  rmSync(join(root, 'env'), { recursive: true });
  mkdirSync(join(root, 'env'));
  writeFileSync(join(root, 'env/a.tf'), text('1.0.0'));
  writeFileSync(join(root, 'env/b.tf'), text('1.0.0').replace('web', 'net'));
  const read = readCallFiles(root, 'env', 'terraform');
  const ran = ['web', 'net'].map((name) => ({ call: `module.${name}`, source: 'acme/net/aws', version: '2.0.0' }));
  const proposals = await decideAll(
    read.flatMap((file) => file.calls),
    { from: 'dev1', ran, open: () => Promise.reject(new RepositoryError('none')) },
  );
  expect(proposals.map(({ verdict }) => verdict)).toEqual(['change', 'change']);
  writeFileSync(join(root, 'env/b.tf'), '# mine\n');
  expect(() => writeChanges(root, read, proposals)).toThrow('env/b.tf has changed');
  expect(readFileSync(join(root, 'env/a.tf'), 'utf8')).toBe(text('1.0.0'));
});
