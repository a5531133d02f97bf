import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { beforeEach, describe, expect, test } from '@jest/globals';
import { repositoryReads } from '../../../buildspecs/program/reads/repository-reads.ts';
import {
  MOST_READ_PATHS,
  RepositoryReadsSchema,
  UNKNOWN_READS,
} from '../../../lambdas/domain/contract/repository-reads.ts';
import { temporaryDirectory } from '../../local/temporary-directory.ts';

/** Reads real trees as `init` leaves them. Names of the repository are those of `web`, planned in dev1. */

type Files = Readonly<Record<string, string | { readonly link: string }>>;

const PLANNED = 'apps/web/dev1';
let tree: string;
beforeEach(() => {
  tree = temporaryDirectory();
  write({ [`${PLANNED}/main.tf`]: '' });
});

function write(files: Files): void {
  for (const [path, content] of Object.entries(files)) {
    const place = join(tree, path);
    mkdirSync(dirname(place), { recursive: true });
    if (typeof content === 'string') writeFileSync(place, content);
    else symlinkSync(content.link, place);
  }
}

function install(...directories: readonly string[]): void {
  const Modules = [
    { Key: '', Source: '', Dir: '.' },
    ...directories.map((Dir, at) => ({ Key: `m${at}`, Source: './x', Dir })),
  ];
  write({ [`${PLANNED}/.terraform/modules/modules.json`]: JSON.stringify({ Modules }) });
}

function reads(files: Files = {}, engine: 'terraform' | 'tofu' = 'terraform') {
  write(files);
  const found = repositoryReads({ tree, directory: join(tree, PLANNED) }, engine);
  expect(RepositoryReadsSchema.parse(found)).toEqual(found);
  return found;
}

const complete = (...paths: readonly string[]) => ({ paths, isComplete: true });
const partly = (...paths: readonly string[]) => ({ paths, isComplete: false });
const $ = '$';
const local = (expression: string) => ({ [`${PLANNED}/main.tf`]: `locals {\n  x = ${expression}\n}\n` });

test('a directory on its own reads nothing elsewhere', () => {
  expect(reads({ [`${PLANNED}/main.tf`]: `locals { x = file("${$}{path.module}/a.json") }` })).toEqual(complete());
});

describe('modules', () => {
  test('are read with everything below them, nested ones too, and fetched ones are not of the repository', () => {
    write({
      'apps/_modules/vpc/main.tf': 'module "logs" {\n  source = "../logs"\n}\n',
      'apps/_modules/logs/main.tf': '',
      'apps/api/modules/queue/main.tf': '',
      [`${PLANNED}/.terraform/modules/m3/main.tf`]: '',
      'modules/web/main.tf': '',
    });
    install(
      '../../_modules/vpc',
      '../../_modules/logs',
      '../../api/modules/queue',
      '.terraform/modules/m3',
      '../../../modules/web',
    );
    expect(reads()).toEqual(
      complete('apps/_modules/logs', 'apps/_modules/vpc', 'apps/api/modules/queue', 'modules/web'),
    );
  });

  test('in a directory of the application are its own; what they read elsewhere counts', () => {
    write({ 'apps/web/modules/a/main.tf': `locals { p = file("${$}{path.module}/../../../_common/p.json") }` });
    install('../modules/a');
    expect(reads()).toEqual(complete('apps/_common/p.json'));
  });

  test('behind a link are read at both places', () => {
    write({ 'apps/_v2/vpc/main.tf': '', 'apps/_modules': { link: '_v2' } });
    install('../../_modules/vpc');
    expect(reads()).toEqual(complete('apps/_modules', 'apps/_v2/vpc'));
  });

  test('that are gone are read, because they may come back', () => {
    install('../../_modules/gone');
    expect(reads()).toEqual(complete('apps/_modules/gone'));
  });

  test('that contain the application make it read everything', () => {
    install('../../..');
    expect(reads({ '-first': { link: 'second' } })).toEqual(complete('.'));
  });

  test('cannot be told from a list that is none', () => {
    write({ [`${PLANNED}/.terraform/modules/modules.json`]: '{' });
    expect(() => reads()).toThrow('cannot be read');
  });
});

describe('symbolic links', () => {
  test('lead to what is read: to files, directories, and through other links', () => {
    expect(
      reads({
        'apps/_common/common.tf': '',
        'apps/_policies/a.json': '',
        'apps/_first': { link: '_second' },
        'apps/_second/deep/x.tf': '',
        [`${PLANNED}/common.tf`]: { link: '../../_common/common.tf' },
        [`${PLANNED}/policies`]: { link: '../../_policies' },
        [`${PLANNED}/files/x.tf`]: { link: '../../../_first/deep/x.tf' },
      }),
    ).toEqual(complete('apps/_common/common.tf', 'apps/_first', 'apps/_policies', 'apps/_second/deep/x.tf'));
  });

  test('in a directory behind a link, and in modules, are followed, also in a circle', () => {
    write({
      'apps/_a/to-b': { link: '../_b' },
      'apps/_b/to-a': { link: '../_a' },
      'apps/_b/self': { link: 'self' },
      'apps/_m/vpc/x.tf': { link: '../../_x/x.tf' },
      'apps/_x/x.tf': '',
      [`${PLANNED}/a`]: { link: '../../_a' },
    });
    install('../../_m/vpc');
    expect(reads()).toEqual(complete('apps/_a', 'apps/_b', 'apps/_m/vpc', 'apps/_x/x.tf'));
  });

  test('to nowhere are read where they lead, and others not at all', () => {
    expect(
      reads({
        [`${PLANNED}/later`]: { link: '../../_later/x' },
        [`${PLANNED}/own`]: { link: '../dev2/main.tf' },
        'apps/api/dev1/foreign': { link: '../../_foreign/x' },
      }),
    ).toEqual(complete('apps/_later/x'));
  });

  test('through a directory that is one itself, where ".." means the directory behind it', () => {
    expect(
      reads({
        'shared/v1/x.tf': '',
        'shared/y.tf': '',
        'apps/_v1': { link: '../shared/v1' },
        [`${PLANNED}/y.tf`]: { link: '../../_v1/../y.tf' },
      }),
    ).toEqual(complete('apps/_v1', 'shared/y.tf'));
  });
});

describe('paths that a configuration names', () => {
  test.each([
    ['file', `file("${$}{path.module}/../../_common/a.json")`, complete('apps/_common/a.json')],
    ['a text that begins at the planned directory', 'filemd5("../../_common/a.json")', complete('apps/_common/a.json')],
    ['through the top', `filebase64("${$}{path.root}/../../../apps/api/a.zip")`, complete('apps/api/a.zip')],
    ['path.cwd', `templatefile("${$}{path.cwd}/../../_t/a.tftpl", {})`, complete('apps/_t/a.tftpl')],
    ['with blanks and escapes', `file("${$}{path.module}/../../_c/a b \\u00e9.json")`, complete('apps/_c/a b é.json')],
    ['with markers', `file("${$}{~ path.module ~}/../../_c/x")`, complete('apps/_c/x')],
    ['a name that git would not write', 'file("./../../_c//x/../y")', complete('apps/_c/y')],
    ['a set of files', `fileset("${$}{path.module}/../../_p", "**/*.json")`, complete('apps/_p')],
    ['a set whose pattern names it', `fileset("${$}{path.module}/../..", "_p/eu/*.json")`, complete('apps/_p/eu')],
    ['a set whose pattern goes upwards', 'fileset(path.module, "../../_p/*")', complete('apps/_p')],
    ['a set of nearly everything', `fileset("${$}{path.module}/../..", "*/x.json")`, complete('apps')],
    ['a part that is unknown', `file("${$}{path.module}/../../_c/${$}{var.x}.json")`, complete('apps/_c')],
    ['a part of a name that is unknown', `file("../../_c/x-${$}{var.x}.json")`, complete('apps/_c')],
    ['nothing that is known', 'file(var.x)', complete()],
    ['a beginning that is unknown', `file("${$}{var.d}/../../_c/x")`, partly()],
    ['a path out of the repository', `file("${$}{path.module}/../../../../x")`, complete()],
    ['an absolute path', 'file("/etc/../x")', complete()],
    ['a command', `"cd ${$}{path.module}/../../_s && ./run.sh"`, complete('apps/_s')],
    ['a command with a text alone', '"bash ../../_s/run.sh --all; ls"', complete('apps/_s/run.sh')],
    ['an element of a list', '["a", { k = "../../_c/k.json" }]', complete('apps/_c/k.json')],
    ['nothing with three dots', '"and so on ... or a..b, 1.2..3"', complete()],
    ['joined pieces', 'file(join("/", [path.module, "..", "..", "_c", "x"]))', partly()],
    ['a formatted text', `file(format("%s/../../_c/x", path.module))`, partly()],
    ['the directory of a directory', `file("${$}{dirname(path.module)}/x")`, partly()],
    ['text that is no HCL', '"../../_c/x" + + 1 = {', partly()],
  ])('%s', (_, expression, found) => {
    expect(reads(local(expression))).toEqual(found);
  });

  test('count where they begin: a module’s own directory, or the planned one', () => {
    const text = `locals {\n  a = file("${$}{path.module}/../a.json")\n  b = file("${$}{path.root}/../../_b/b.json")\n}\n`;
    write({ 'apps/_m/deep/vpc/main.tf': text, 'apps/_m/deep/vpc/x.json': '' });
    install('../../_m/deep/vpc');
    expect(reads()).toEqual(complete('apps/_b/b.json', 'apps/_m/deep/a.json', 'apps/_m/deep/vpc'));
  });

  test('are put together from local values of any file, and a base alone is not read', () => {
    expect(
      reads({
        [`${PLANNED}/locals.tf`]: `locals {\n  top = "${$}{path.module}/../../.."\n  c = "${$}{local.top}/apps/_c"\n}\n`,
        [`${PLANNED}/main.tf`]: `locals {\n  x = file("${$}{local.c}/x.json")\n  y = "${$}{local.y}/../y"\n}\n`,
      }),
    ).toEqual(partly('apps/_c'));
  });

  test('stand in JSON, in heredocs and in files of values, too', () => {
    expect(
      reads({
        [`${PLANNED}/a.tf.json`]: JSON.stringify({
          locals: { x: `${$}{file("${$}{path.module}/../../_j/x")}`, y: '../../_k' },
        }),
        [`${PLANNED}/b.tf`]: `locals {\n  x = <<E\n${$}{file("../../_h/x")}\nE\n}\n`,
        [`${PLANNED}/terraform.tfvars`]: 'policies = ["../../_v/p.json"]\n',
        [`${PLANNED}/x.auto.tfvars.json`]: '{"other": "../../_w/p.json"}',
        [`${PLANNED}/other.tfvars`]: 'x = "../../_not"\n',
      }),
    ).toEqual(complete('apps/_h/x', 'apps/_j/x', 'apps/_k', 'apps/_v/p.json', 'apps/_w/p.json'));
  });

  test('are those of archives', () => {
    const archive = (argument: string) => `data "archive_file" "a" {\n  type = "zip"\n  ${argument}\n}\n`;
    expect(
      reads({
        [`${PLANNED}/a.tf`]: archive(`source_dir = "${$}{path.module}/../../_fn/src"`),
        [`${PLANNED}/b.tf`]: archive(`source_file = "${$}{path.root}/../../api/index.py"`),
      }),
    ).toEqual(complete('apps/_fn/src', 'apps/api/index.py'));
  });

  test('lead through links', () => {
    expect(
      reads({
        'apps/_real/x.json': '',
        'apps/_c/x.json': { link: '../_real/x.json' },
        ...local(`file("${$}{path.module}/../../_c/x.json")`),
      }),
    ).toEqual(complete('apps/_c/x.json', 'apps/_real/x.json'));
  });

  test('of a file that is shadowed in OpenTofu are not read', () => {
    const files = {
      [`${PLANNED}/main.tf`]: 'locals { x = file("../../_a/x") }',
      [`${PLANNED}/main.tofu`]: 'locals { x = file("../../_b/x") }',
    };
    expect(reads(files)).toEqual(complete('apps/_a/x'));
    expect(reads({}, 'tofu')).toEqual(complete('apps/_b/x'));
  });
});

describe('what nobody can tell is said to be unknown', () => {
  test('where local values name themselves, or become too long', () => {
    const names = Array.from({ length: 40 }, (_, at) => at);
    const twice = names.map((at) => `  a${at} = "${`${$}{local.a${at + 1}}`.repeat(10)}"\n`).join('');
    const circle = `  b = "${$}{local.c}/../x"\n  c = "${$}{local.b}/../y"\n`;
    const text = `locals {\n${twice}  a40 = "/../.."\n${circle}  d = "${$}{path.module}${$}{local.a40}/_d"\n}\n`;
    expect(reads({ [`${PLANNED}/main.tf`]: text })).toEqual(partly('apps/_d'));
  });

  test('where a file has far too many paths', () => {
    expect(reads({ [`${PLANNED}/terraform.tfvars`]: `x = "${'../a '.repeat(100_000)}"\n` })).toEqual(UNKNOWN_READS);
  });

  test('in a file that is too large, or no text', () => {
    for (const [name, text] of [
      ['x.tf', 'a\0'],
      ['x.tf', `# ${'x'.repeat(4 * 1024 * 1024)}`],
      ['x.tf.json', '{"a": "../x"'],
    ] as const) {
      expect(reads({ [`${PLANNED}/x.tf`]: '', [`${PLANNED}/${name}`]: text })).toEqual(partly());
    }
    expect(reads({ [`${PLANNED}/x.tf`]: '', [`${PLANNED}/x.tf.json`]: '{}' })).toEqual(complete());
  });

  test('where there is too much', () => {
    const lines = (count: number) => Array.from({ length: count }, (_, at) => `x${at} = "../../_c/${at}"\n`).join('');
    expect(reads({ [`${PLANNED}/terraform.tfvars`]: lines(MOST_READ_PATHS) }).paths).toHaveLength(MOST_READ_PATHS);
    expect(reads({ [`${PLANNED}/terraform.tfvars`]: lines(MOST_READ_PATHS + 1) })).toEqual(UNKNOWN_READS);
    const long = `x = "../../${'long/'.repeat(500)}"\n`;
    const many = Array.from({ length: 10 }, (_, at) => `x${at} = "../../${at}${'/long'.repeat(400)}"\n`).join('');
    expect(reads({ [`${PLANNED}/terraform.tfvars`]: long }).paths).toHaveLength(1);
    expect(reads({ [`${PLANNED}/terraform.tfvars`]: many })).toEqual(UNKNOWN_READS);
  });
});
