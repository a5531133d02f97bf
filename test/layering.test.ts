import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { describe, expect, test } from '@jest/globals';

const root = join(import.meta.dirname, '..');

/** A file, and everything it imports: repository paths for files, package names for the rest. */
interface Source {
  readonly file: string;
  readonly imports: readonly string[];
  /** The part of `imports` that is loaded with the file, and not when it is needed. */
  readonly atOnce: readonly string[];
}

interface Layer {
  /** Files the rule is about. */
  readonly files: RegExp;
  /** What they may import beside Node.js's own modules, if any. */
  readonly may: readonly RegExp[];
  /** Node.js's own modules: all, or only those that match. */
  readonly node?: RegExp;
}

const SDK = /^@(aws-sdk|smithy)\//;
const ZOD = /^zod$/;
const DOMAIN = /^lambdas\/domain\//;
const RUNTIME = /^lambdas\/runtime\//;
const MANIFEST = /^lambdas\/functions\.ts$/;
/** What the template, the functions and the build program agree on. */
const BUILD_CONTRACT = /^lambdas\/domain\/contract\//;
/** Each loads its adapter when it is first used. */
const SERVICES = /^lambdas\/runtime\/services\//;
/** The board as those who serve it see it. */
const BOARD = /^cli\/board\/(board|door\/access)\.ts$/;
/** What pages are made of. */
const PARTS = /^lambdas\/pages\/parts\//;
const ROUTE_TABLE = /^lambdas\/api\/routes\.ts$/;

const LAYERS: Readonly<Record<string, Layer>> = {
  'the function manifest': { files: MANIFEST, may: [ZOD, SERVICES], node: /^$/ },
  'the route table': { files: ROUTE_TABLE, may: [MANIFEST], node: /^$/ },
  // Of Node.js only what computes and reaches nothing outside.
  domain: { files: DOMAIN, may: [ZOD, DOMAIN], node: /^node:(crypto|zlib)$/ },
  adapters: { files: /^lambdas\/adapters\//, may: [ZOD, SDK, DOMAIN, /^lambdas\/adapters\//] },
  runtime: {
    files: RUNTIME,
    may: [
      ZOD,
      DOMAIN,
      RUNTIME,
      /^lambdas\/adapters\//,
      MANIFEST,
      ROUTE_TABLE,
      /^@middy\//,
      /^@aws-lambda-powertools\//,
      /^@types\/aws-lambda$|^aws-lambda$/,
    ],
  },
  ...Object.fromEntries(
    ['api', 'workflow', 'events', 'pages'].map((folder): [string, Layer] => [
      folder,
      {
        files: new RegExp(`^lambdas/${folder}/(?!routes\\.ts$|parts/)`),
        may: [...[ZOD, DOMAIN, RUNTIME, MANIFEST, ROUTE_TABLE, new RegExp(`^lambdas/${folder}/`)]],
      },
    ]),
  ),
  // The board of the command line is made of them, too; the picture is laid out with dagre.
  'the parts of pages': { files: PARTS, may: [DOMAIN, PARTS, /^@dagrejs\/dagre$/], node: /^node:crypto$/ },
  lib: {
    files: /^lib\//,
    may: [
      /^aws-cdk-lib(\/|$)/,
      /^constructs$/,
      /^cdk-nag$/,
      ZOD,
      /^lib\//,
      MANIFEST,
      ROUTE_TABLE,
      /^lambdas\/domain\/(endings|errors|events|names)\.ts$/,
      BUILD_CONTRACT,
    ],
  },
  'the command line': {
    files: /^cli\//,
    may: [
      ...[/^cli\//, DOMAIN, PACKAGE()],
      // What the API answers for a problem is said in one place.
      /^lambdas\/runtime\/http-errors\.ts$/,
      // The board looks like the approval page.
      PARTS,
      // How configurations are read, and what the content of a module is, are the same here and in builds.
      /^buildspecs\/program\/(hcl|configuration|modules)\//,
    ],
  },
  bin: { files: /^bin\//, may: [/^lib\//, /^scripts\/bundle\.ts$/] },
  buildspecs: { files: /^buildspecs\//, may: [/^buildspecs\//, BUILD_CONTRACT, PACKAGE()] },
  // It serves the board of the command line.
  'the local cloud': { files: /^local\//, may: [/^local\//, BOARD, PACKAGE()] },
};

/**
 * The rooms of the domain from the ground up: what things are lies below, what happens to them above. A room uses what is
 * below it, and no other room of its own floor.
 */
const FLOORS: readonly (readonly string[])[] = [
  ['names', 'endings', 'errors', 'events', 'operation', 'policy', 'json-value'],
  ['contract'],
  ['prices'],
  ['plan'],
  ['model'],
  ['ports'],
  ['transaction'],
  ['approver', 'dns', 'proof'],
  ['build'],
  ['approval', 'links'],
  ['deployment'],
  ['application', 'environment', 'release'],
  ['ephemeral', 'heads', 'webhook'],
  ['health'],
  ['reconcile'],
];

/** Any package, but no file of this repository. */
function PACKAGE(): RegExp {
  return /^(?!lambdas\/|lib\/|local\/|test\/|examples\/|buildspecs\/|scripts\/|bin\/|cli\/)/;
}

/** What is loaded with a file, and what a function loads when it needs it. */
const AT_ONCE = /(?:^\s*(?:import|export)\s[^'";]*?from\s*|^\s*import\s*)'([^']+)'/gm;
const WHEN_NEEDED = /\bimport\(\s*'([^']+)'/gm;

const sources = ['bin', 'buildspecs', 'cli', 'lambdas', 'lib', 'local', 'scripts'].flatMap(readSources);

describe.each(Object.entries(LAYERS))('%s', (_, { files, may, node }) => {
  const own = sources.filter(({ file }) => files.test(file));

  test('exists', () => {
    expect(own.length).toBeGreaterThan(0);
  });

  test('imports only what it may', () => {
    const isAllowed = (name: string) =>
      name.startsWith('node:') ? (node?.test(name) ?? true) : may.some((allowed) => allowed.test(name));
    const wrong = own.flatMap(({ file, imports }) =>
      imports.filter((name) => !isAllowed(name)).map((name) => `${file} imports ${name}`),
    );
    expect(wrong).toEqual([]);
  });
});

describe('the rooms of the domain', () => {
  const own = sources.filter(({ file }) => DOMAIN.test(file));
  const roomOf = (file: string) => file.replace(DOMAIN, '').replace(/\/.*|\.ts$/, '');
  const floorOf = (file: string) => FLOORS.findIndex((rooms) => rooms.includes(roomOf(file)));

  test('are all on a floor', () => {
    expect(own.filter(({ file }) => floorOf(file) === -1).map(({ file }) => file)).toEqual([]);
    expect(new Set(own.map(({ file }) => roomOf(file)))).toEqual(new Set(FLOORS.flat()));
  });

  test('import no room above or beside them', () => {
    const isFree = (from: string, to: string) => roomOf(from) === roomOf(to) || floorOf(to) < floorOf(from);
    // What all share is no room: its files may know each other.
    const isShared = (from: string, to: string) => floorOf(from) === 0 && floorOf(to) === 0;
    const wrong = own.flatMap(({ file, imports }) =>
      imports
        .filter((name) => DOMAIN.test(name) && !isFree(file, name) && !isShared(file, name))
        .map((name) => `${file} imports ${name}`),
    );
    expect(wrong).toEqual([]);
  });
});

test('no file imports itself by way of others', () => {
  expect(circlesIn(sources)).toEqual([]);
});

test('a circle is found', () => {
  const source = (file: string, ...imports: string[]): Source => ({ file, imports, atOnce: imports });
  expect(circlesIn([source('a', 'b'), source('b', 'zod', 'c'), source('c', 'b')])).toEqual(['b -> c -> b']);
});

test.each(['cli', 'local', 'test', 'examples'])('nothing but scripts and itself imports %s', (folder) => {
  const wrong = sources
    .filter(({ file }) => !file.startsWith('scripts/') && !file.startsWith(`${folder}/`))
    .flatMap(({ file, imports }) =>
      imports
        .filter((name) => name.startsWith(`${folder}/`) && !(file.startsWith('local/') && BOARD.test(name)))
        .map((name) => `${file} imports ${name}`),
    );
  expect(wrong).toEqual([]);
});

test.each([
  ["import { a } from './b.ts';", ['lib/b.ts']],
  ["import type { a } from '../local/b.ts';", ['local/b.ts']],
  ["export { a } from 'zod';", ['zod']],
  ["import 'node:fs';", ['node:fs']],
  ["const a = await import('../test/b.ts');", ['test/b.ts']],
  ["import {\n  a,\n  b,\n} from '@aws-sdk/client-s3';", ['@aws-sdk/client-s3']],
  ["const text = 'import nothing';", []],
])('finds the imports of %j', (text, imports) => {
  expect([...importsOf('lib/a.ts', text), ...importsOf('lib/a.ts', text, WHEN_NEEDED)]).toEqual(imports);
});

/** One circle for each import that closes one. */
function circlesIn(all: readonly Source[]): string[] {
  const importsBy = new Map(all.map(({ file, atOnce }) => [file, atOnce]));
  const done = new Set<string>();
  const circles: string[] = [];
  function walk(file: string, way: readonly string[]): void {
    if (way.includes(file)) circles.push([...way.slice(way.indexOf(file)), file].join(' -> '));
    if (way.includes(file) || done.has(file)) return;
    for (const name of importsBy.get(file) ?? []) walk(name, [...way, file]);
    done.add(file);
  }
  for (const { file } of all) walk(file, []);
  return circles;
}

function readSources(folder: string): Source[] {
  return readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
    .filter((name) => /\.(ts|mjs)$/.test(name) && !/node_modules|(^|\/)dist\//.test(name))
    .map((name) => join(folder, name))
    .map((file) => {
      const text = readFileSync(join(root, file), 'utf8');
      return {
        file,
        imports: [...importsOf(file, text), ...importsOf(file, text, WHEN_NEEDED)],
        atOnce: importsOf(file, text),
      };
    });
}

function importsOf(file: string, text: string, way = AT_ONCE): string[] {
  return [...text.matchAll(way)].flatMap(([, name]) =>
    name === undefined ? [] : [name.startsWith('.') ? relative(root, join(root, dirname(file), name)) : name],
  );
}
