import { mkdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { beforeEach, describe, expect, it } from '@jest/globals';
import { PhaseError } from '../../buildspecs/program/build/failure.ts';
import { requireSameConfiguration } from '../../buildspecs/program/engine/plan-file/same-configuration.ts';
import type { EngineName } from '../../lambdas/domain/contract/engine-release.ts';
import { temporaryDirectory } from '../local/temporary-directory.ts';

const DIRECTORY = 'apps/shop/dev1';
let root: string;
beforeEach(() => {
  root = join(temporaryDirectory(), 'tree');
  write({
    [`${DIRECTORY}/main.tf`]: 'main',
    [`${DIRECTORY}/.terraform/modules/modules.json`]: JSON.stringify({ Modules: INSTALLED }),
    'modules/net/main.tf': 'net',
    'modules/other/main.tf': 'other',
  });
});

const INSTALLED = [
  { Key: '', Source: '', Dir: '.' },
  { Key: 'net', Source: '../../../modules/net', Dir: '../../../modules/net' },
  { Key: 'vpc', Source: 'registry.example.com/a/vpc/aws', Version: '1.2.0', Dir: '.terraform/modules/vpc' },
];

const write = (files: Readonly<Record<string, string | { link: string }>>) => {
  for (const [name, content] of Object.entries(files)) {
    const path = join(root, name);
    mkdirSync(dirname(path), { recursive: true });
    if (typeof content === 'string') writeFileSync(path, content);
    else symlinkSync(content.link, path);
  }
};

interface Planned {
  readonly source?: string;
  readonly version?: string;
  readonly directory: string;
  readonly files: Readonly<Record<string, string>>;
}
const ROOT: Planned = { directory: '.', files: { 'main.tf': 'main' } };
const NET: Planned = {
  source: '../../../modules/net',
  directory: '../../../modules/net',
  files: { 'main.tf': 'net' },
};

/** Returns the objection to a plan with these modules, or undefined. */
function problemOf(modules: Readonly<Record<string, Planned>>, engine: EngineName = 'terraform'): string | undefined {
  const configuration = new Map(
    Object.entries(modules).map(([key, { source = '', version = '', directory, files }]) => [
      key,
      {
        source,
        version,
        directory,
        files: new Map(Object.entries(files).map(([name, text]) => [name, Buffer.from(text)])),
      },
    ]),
  );
  try {
    requireSameConfiguration({ configuration }, { root, directory: DIRECTORY, engine });
    return undefined;
  } catch (error) {
    if (!(error instanceof PhaseError)) throw error;
    expect([error.phase, error.reason]).toEqual(['plan-file', 'plan-of-other-configuration']);
    const [, problem] = error.message.split('the plan was made of another configuration than that of the commit: ');
    return problem;
  }
}
const rootWith = (files: Readonly<Record<string, string>>): Readonly<Record<string, Planned>> => ({
  '': { directory: '.', files: { 'main.tf': 'main', ...files } },
});

describe('the configuration of a plan', () => {
  it('that is the one of the tree is taken', () => {
    expect(problemOf({ '': ROOT, net: NET })).toBeUndefined();
  });

  it('may lack modules that only tests call', () => {
    expect(problemOf({ '': ROOT })).toBeUndefined();
  });

  it.each([
    [
      'another byte',
      () => problemOf({ '': ROOT, net: { ...NET, files: { 'main.tf': 'net ' } } }),
      '"modules/net/main.tf" differs',
    ],
    ['another line end', () => problemOf(rootWith({ 'main.tf': 'main\r\n' })), `"${DIRECTORY}/main.tf" differs`],
    ['a file more', () => problemOf(rootWith({ 'more.tf': '' })), `"${DIRECTORY}/more.tf" is not in the tree`],
    [
      'a file less',
      () => problemOf({ '': { directory: '.', files: {} } }),
      `"${DIRECTORY}/main.tf" is not in the plan`,
    ],
  ])('with %s is refused', (_, problem, expected) => {
    expect(problem()).toBe(expected);
  });

  it('names five files at most', () => {
    const many = Object.fromEntries(Array.from('abcdefg', (letter) => [`${letter}.tf`, '']));
    expect(problemOf(rootWith(many))).toMatch(
      /^"apps\/shop\/dev1\/a\.tf" is .*; "apps\/shop\/dev1\/e\.tf" is not in the tree; and 2 more$/,
    );
  });

  it('is told once for a module that is called twice', () => {
    write({
      [`${DIRECTORY}/.terraform/modules/modules.json`]: JSON.stringify({
        Modules: [...INSTALLED, { ...INSTALLED[1], Key: 'again' }],
      }),
    });
    const net = { ...NET, files: { 'main.tf': 'x' } };
    expect(problemOf({ '': ROOT, net, again: net })).toBe('"modules/net/main.tf" differs');
  });
});

describe('what an engine does not read', () => {
  it('belongs to no configuration', () => {
    write(
      Object.fromEntries(
        [
          '.hidden.tf',
          'backup.tf~',
          '#edited.tf#',
          'README.md',
          'one.tftest.hcl',
          'terraform.tfvars',
          'dir.tf/main.tf',
        ].map((name) => [`${DIRECTORY}/${name}`, 'text']),
      ),
    );
    expect(problemOf({ '': ROOT })).toBeUndefined();
    expect(problemOf(rootWith({ '.hidden.tf': 'text' }))).toBe(`"${DIRECTORY}/.hidden.tf" is not in the tree`);
  });

  it.each(['more.tf', 'more.tf.json', 'override.tf', 'more_override.tf.json'])('is not %s', (name) => {
    write({ [`${DIRECTORY}/${name}`]: 'text' });
    expect(problemOf({ '': ROOT })).toBe(`"${DIRECTORY}/${name}" is not in the plan`);
  });

  it('depends on the engine', () => {
    write({ [`${DIRECTORY}/main.tofu`]: 'of OpenTofu' });
    expect(problemOf({ '': ROOT }, 'terraform')).toBeUndefined();
    expect(problemOf({ '': ROOT }, 'tofu')).toBe(
      `"${DIRECTORY}/main.tf" is not in the tree; "${DIRECTORY}/main.tofu" is not in the plan`,
    );
    const ofTofu = { '': { directory: '.', files: { 'main.tofu': 'of OpenTofu' } } };
    expect(problemOf(ofTofu, 'tofu')).toBeUndefined();
    expect(problemOf(ofTofu, 'terraform')).toBe(
      `"${DIRECTORY}/main.tf" is not in the plan; "${DIRECTORY}/main.tofu" is not in the tree`,
    );
  });
});

describe('a module', () => {
  const other = 'module "net" is not the one that init installed';
  it('of the same files in another directory of the tree is refused', () => {
    const directory = '../../../modules/other';
    expect(problemOf({ '': ROOT, net: { ...NET, directory, files: { 'main.tf': 'other' } } })).toBe(other);
  });

  it('of another source or version, or that nobody calls, is refused', () => {
    expect(problemOf({ '': ROOT, net: { ...NET, source: '../../../modules/other' } })).toBe(other);
    expect(problemOf({ '': ROOT, net: { ...NET, version: '1.0.0' } })).toBe(other);
    expect(problemOf({ '': ROOT, 'net.more': NET })).toBe('module "net.more" is not the one that init installed');
    expect(problemOf({ '': { directory: '../../../modules/net', files: { 'main.tf': 'net' } } })).toBe(
      'module "" is not the one that init installed',
    );
  });

  it('that init installed is compared with what was installed', () => {
    const vpc = {
      source: 'registry.example.com/a/vpc/aws',
      version: '1.2.0',
      directory: '.terraform/modules/vpc',
      files: { 'main.tf': 'vpc' },
    };
    write({ [`${DIRECTORY}/.terraform/modules/vpc/main.tf`]: 'vpc' });
    expect(problemOf({ '': ROOT, vpc })).toBeUndefined();
    write({ [`${DIRECTORY}/.terraform/modules/vpc/main.tf`]: 'other' });
    expect(problemOf({ '': ROOT, vpc })).toBe(`"${DIRECTORY}/.terraform/modules/vpc/main.tf" differs`);
  });

  it.each(['../../../..', '../../../../elsewhere', '/etc'])('in %s, out of the tree, is refused', (directory) => {
    expect(problemOf({ '': ROOT, net: { ...NET, directory } })).toBe(
      `${other}; module "net" is in no directory of the tree`,
    );
  });

  it('in the root of the tree is one of it', () => {
    write({
      'main.tf': 'all',
      [`${DIRECTORY}/.terraform/modules/modules.json`]:
        '{"Modules":[{"Key":"all","Source":"../../..","Dir":"../../.."}]}',
    });
    expect(
      problemOf({ '': ROOT, all: { source: '../../..', directory: '../../..', files: { 'main.tf': 'all' } } }),
    ).toBeUndefined();
  });

  it('of a tree without modules is refused', () => {
    rmSync(join(root, DIRECTORY, '.terraform'), { recursive: true });
    expect(problemOf({ '': ROOT })).toBeUndefined();
    expect(problemOf({ '': ROOT, net: NET })).toBe(other);
  });
});

describe('a symbolic link', () => {
  it('to a file of the tree is read', () => {
    write({ 'shared.tf': 'shared', [`${DIRECTORY}/linked.tf`]: { link: '../../../shared.tf' } });
    expect(problemOf(rootWith({ 'linked.tf': 'shared' }))).toBeUndefined();
    expect(problemOf(rootWith({ 'linked.tf': 'other' }))).toBe(`"${DIRECTORY}/linked.tf" differs`);
  });

  it.each([
    ['out of the tree', '../../../../outside.tf'],
    ['to nothing', 'nothing.tf'],
    ['to itself', 'linked.tf'],
    ['to a directory', '../../../modules'],
    ['to what never ends', '/dev/zero'],
  ])('%s is not read', (_, link) => {
    writeFileSync(join(dirname(root), 'outside.tf'), 'outside');
    write({ [`${DIRECTORY}/linked.tf`]: { link } });
    expect(problemOf(rootWith({ 'linked.tf': 'outside' }))).toBe(`"${DIRECTORY}/linked.tf" is not in the tree`);
    expect(problemOf({ '': ROOT })).toBe(`"${DIRECTORY}/linked.tf" is not in the plan`);
  });

  it('out of the tree is no directory of a module', () => {
    mkdirSync(join(dirname(root), 'outside'));
    writeFileSync(join(dirname(root), 'outside', 'main.tf'), 'net');
    rmSync(join(root, 'modules/net'), { recursive: true });
    write({ 'modules/net': { link: '../../outside' } });
    expect(problemOf({ '': ROOT, net: NET })).toBe('"modules/net/main.tf" is not in the tree');
  });
});
