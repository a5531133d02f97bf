import { existsSync, readdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { DOCUMENTS, ROOT, readDocument } from './documents.ts';

/** A reader who follows a link or looks for a file that a page names finds it. */

const MADE_HERE = ['node_modules', 'dist', 'cdk.out'];
const FOLDERS = readdirSync(ROOT, { withFileTypes: true })
  .filter((entry) => entry.isDirectory() && !entry.name.startsWith('.') && !MADE_HERE.includes(entry.name))
  .map(({ name }) => name);

const withoutCodeBlocks = (text: string): string => text.replaceAll(/^( *)```[\s\S]*?^\1```$/gm, '');

/** Where the links and pictures of a page lead, unless that is another host. */
const linksIn = (text: string): string[] =>
  [...withoutCodeBlocks(text).matchAll(/\]\(([^)\s]+)\)|<img src="([^"]+)"/g)]
    .map(([, link, picture]) => link ?? picture ?? '')
    .filter((target) => !/^[a-z]+:/.test(target));

/** Every word in backticks that begins with a folder of the repository. */
const pathsIn = (text: string): string[] =>
  [...withoutCodeBlocks(text).matchAll(/`([^`\n]+)`/g)]
    .flatMap(([, code = '']) => code.split(/\s+/))
    .filter((word) => FOLDERS.some((folder) => word.startsWith(`${folder}/`)));

/** The anchors that GitHub gives the headings of a page. */
const anchorsOf = (text: string): string[] =>
  [...withoutCodeBlocks(text).matchAll(/^#+ (.+)$/gm)].map(([, heading = '']) =>
    heading
      .toLowerCase()
      .replaceAll(/[^\p{L}\p{N} _-]/gu, '')
      .replaceAll(' ', '-'),
  );

describe.each(DOCUMENTS)('%s', (page) => {
  const text = readDocument(page);

  test('links to what exists', () => {
    const targets = linksIn(text).map((link) => {
      const [path = '', anchor] = link.split('#');
      return { link, anchor, path: path === '' ? page : join(dirname(page), path) };
    });
    expect(targets.filter(({ path }) => !existsSync(join(ROOT, path)))).toEqual([]);
    const toHeadings = targets.filter(({ anchor, path }) => anchor !== undefined && path.endsWith('.md'));
    expect(toHeadings.filter(({ anchor, path }) => !anchorsOf(readDocument(path)).includes(anchor ?? ''))).toEqual([]);
  });

  // What the changelog tells may have moved since.
  if (page !== 'CHANGELOG.md')
    test('names files that exist', () => {
      expect(pathsIn(text).filter((path) => !existsSync(join(ROOT, path)))).toEqual([]);
    });
});

test('every page of the documents can be reached from the README', () => {
  const reached = new Set(['README.md']);
  for (const page of reached)
    for (const link of linksIn(readDocument(page))) {
      const path = join(dirname(page), link.replace(/#.*/, ''));
      if (DOCUMENTS.includes(path)) reached.add(path);
    }
  expect(DOCUMENTS.filter((page) => page !== 'CHANGELOG.md' && !reached.has(page))).toEqual([]);
});

test('the README fits on a screen or two', () => {
  expect(readDocument('README.md').split('\n').length).toBeLessThan(80);
});

test('most pages link to others, and name files', () => {
  const texts = DOCUMENTS.map(readDocument);
  expect(texts.flatMap(linksIn).length).toBeGreaterThan(100);
  expect(texts.flatMap(pathsIn).length).toBeGreaterThan(100);
});

test.each([
  ['[a](docs/a.md) and ![b](b.png)', ['docs/a.md', 'b.png']],
  ['<img src="docs/pictures/open.png" alt="the page">', ['docs/pictures/open.png']],
  ['[elsewhere](https://example.com/docs)', []],
  ['```sh\n[a](b.md)\n```\n[c](#d)', ['#d']],
])('finds the links in %j', (text, links) => {
  expect(linksIn(text)).toEqual(links);
});

test.each([
  ['`lib/config.ts` and `node scripts/run.mjs`', ['lib/config.ts', 'scripts/run.mjs']],
  ['`apps/my-app/dev1`, `library/x` and lib/config.ts', []],
  ['```\nlib/none.ts\n```', []],
])('finds the paths in %j', (text, paths) => {
  expect(pathsIn(text)).toEqual(paths);
});

test.each([
  ['## Who an approver is', 'who-an-approver-is'],
  ['### DNS, `dns` and certificates', 'dns-dns-and-certificates'],
])('knows the anchor of %j', (heading, anchor) => {
  expect(anchorsOf(heading)).toEqual([anchor]);
});
