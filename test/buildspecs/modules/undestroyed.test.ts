import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { beforeEach, describe, expect, test } from '@jest/globals';
import { describeModules } from '../../../buildspecs/program/modules/describe-modules.ts';
import { listUndestroyed } from '../../../buildspecs/program/modules/undestroyed.ts';
import { MOST_UNDESTROYED } from '../../../lambdas/domain/contract/destroy-settings.ts';
import { ModuleIdentitiesSchema } from '../../../lambdas/domain/contract/module-identities.ts';
import { temporaryDirectory } from '../../local/temporary-directory.ts';

/** What the builds find in the tree: resources that the engine does not destroy. No printed plan says this. */

let tree: string;
let directory: string;
beforeEach(() => {
  tree = join(temporaryDirectory(), 'tree');
  directory = join(tree, 'apps/shop/dev1');
  mkdirSync(directory, { recursive: true });
});

function write(files: Readonly<Record<string, string>>): void {
  for (const [path, content] of Object.entries(files)) {
    const place = join(tree, path);
    mkdirSync(dirname(place), { recursive: true });
    writeFileSync(place, content);
  }
}

function install(calls: Readonly<Record<string, string>>): void {
  const called = Object.entries(calls).map(([Key, Dir]) => ({ Key, Source: './x', Dir }));
  const Modules = [{ Key: '', Source: '', Dir: '.' }, ...called];
  write({ 'apps/shop/dev1/.terraform/modules/modules.json': JSON.stringify({ Modules }) });
}

const database = (lifecycle: string, name = 'main') =>
  `resource "aws_db_instance" "${name}" {\n  lifecycle {\n    ${lifecycle}\n  }\n}\n`;
const find = async (engine: 'terraform' | 'tofu' = 'terraform') =>
  (await listUndestroyed({ tree, directory }, engine)).map(
    ({ address, setting, file, line, isLiteral }) =>
      `${address} ${setting} ${file}:${line}${isLiteral ? '' : ' evaluated'}`,
  );

const MAIN = 'apps/shop/dev1/main.tf';
const FOUND = `aws_db_instance.main prevent_destroy ${MAIN}:3`;

describe('a resource that is not destroyed is found', () => {
  test.each([
    ...['true', '"true"', '((true))', `"\${true}"`, `"\${(true)}"`, '!false', '!(!(true))'],
    ...['(/* why */ true)', '(true # yes\n)', `"\${true /* } */}"`],
  ])('spelled as %j', async (value) => {
    write({ [MAIN]: database(`prevent_destroy = ${value}`) });
    expect(await find()).toEqual([FOUND]);
  });

  test('with other settings beside it, comments and more blocks', async () => {
    write({
      [MAIN]: `# prevent_destroy = true
resource "aws_s3_bucket" "logs" {
  bucket = "destroy"
}
resource "aws_db_instance" "main" {
  name = "prevent_destroy"
  lifecycle {
    ignore_changes = [tags]
    /* why */ prevent_destroy = true # never
  }
  timeouts {
    delete = "1h"
  }
}
`,
    });
    expect(await find()).toEqual([`aws_db_instance.main prevent_destroy ${MAIN}:9`]);
  });

  test('where its value has to be evaluated, and is said to', async () => {
    write({ [MAIN]: database('prevent_destroy = var.environment == "prod1"') });
    expect(await find()).toEqual([`${FOUND} evaluated`]);
  });

  test('in JSON, as a boolean, as a text, in lists and behind escapes', async () => {
    const lifecycle = { prevent_destroy: true };
    const resource = {
      aws_db_instance: { main: { lifecycle }, texts: { lifecycle: { prevent_destroy: 'true' } } },
      aws_s3_bucket: [{ logs: [{ lifecycle: [lifecycle] }], other: { lifecycle: { prevent_destroy: false } } }],
    };
    write({
      'apps/shop/dev1/main.tf.json': JSON.stringify({ resource }),
      'apps/shop/dev1/escaped.tf.json':
        '{"resource":{"aws_eip":{"ip":{"lifecycle":{"prevent\\u005fd\\u0065stroy":true}}}}}',
    });
    expect(await find()).toEqual([
      'aws_eip.ip prevent_destroy apps/shop/dev1/escaped.tf.json:1',
      'aws_db_instance.main prevent_destroy apps/shop/dev1/main.tf.json:1',
      'aws_db_instance.texts prevent_destroy apps/shop/dev1/main.tf.json:1',
      'aws_s3_bucket.logs prevent_destroy apps/shop/dev1/main.tf.json:1',
    ]);
  });

  test('in every call of a module, nested ones too, wherever its directory is', async () => {
    write({
      'modules/db/main.tf': database('prevent_destroy = true'),
      'apps/shop/dev1/.terraform/modules/web.keys/main.tf': database('prevent_destroy = true', 'key'),
    });
    symlinkSync('db', join(tree, 'modules/linked'));
    install({
      db: '../../../modules/db',
      again: '../../../modules/linked',
      web: '.',
      'web.keys': '.terraform/modules/web.keys',
    });
    expect(await find()).toEqual([
      'module.db.aws_db_instance.main prevent_destroy modules/db/main.tf:3',
      'module.again.aws_db_instance.main prevent_destroy modules/db/main.tf:3',
      'module.web.module.keys.aws_db_instance.key prevent_destroy apps/shop/dev1/.terraform/modules/web.keys/main.tf:3',
    ]);
  });

  test('where OpenTofu is told to leave it behind', async () => {
    write({ 'apps/shop/dev1/main.tofu': database('destroy = false'), [MAIN]: database('destroy = true') });
    expect(await find('tofu')).toEqual(['aws_db_instance.main destroy apps/shop/dev1/main.tofu:3']);
    expect(await find('terraform')).toEqual([]);
  });

  test('beside what our parser once did not know', async () => {
    write({
      [MAIN]: `locals {\n  limit = 1e12\n  o = { a = 1, (local.k) = true }\n}\n${database('prevent_destroy = true')}`,
    });
    expect(await find()).toEqual([`aws_db_instance.main prevent_destroy ${MAIN}:7`]);
  });

  test('as a file that is not understood, unless the file does not mention it', async () => {
    const odd = 'resource "aws_vpc" "one" {\n  cidr = @@\n}\n';
    write({ [MAIN]: `${database('prevent_destroy = true')}${odd}`, 'apps/shop/dev1/other.tf': odd });
    expect(await listUndestroyed({ tree, directory }, 'terraform')).toMatchObject([
      { address: '*', isUnread: true, file: MAIN, line: 7 },
      { address: 'aws_db_instance.main', line: 3 },
    ]);
  });

  test('as a file that is not understood, if the file is too large to be read', async () => {
    write({ [MAIN]: `${'#'.repeat(5_000_000)}\n${database('prevent_destroy = true')}` });
    expect(await listUndestroyed({ tree, directory }, 'terraform')).toMatchObject([
      { address: '*', isUnread: true, file: MAIN, line: 1 },
    ]);
  });

  test('however long its path is, and in a form that people can read', async () => {
    const long = `${`${'d'.repeat(200)}/`.repeat(12)}m`;
    write({
      [`${long}/main.tf`]: database('prevent_destroy = true'),
      'odd\u202e/main.tf': database('prevent_destroy = true'),
    });
    install({ long: `../../../${long}`, odd: '../../../odd\u202e' });
    const found = await listUndestroyed({ tree, directory }, 'terraform');
    expect(found.map(({ address }) => address)).toEqual([
      'module.long.aws_db_instance.main',
      'module.odd.aws_db_instance.main',
    ]);
    expect(found[0]?.file.length).toBeLessThan(1000);
    expect(found[1]?.file).toBe('"odd\\u202e/main.tf"');
    expect(ModuleIdentitiesSchema.safeParse({ modules: [], undestroyed: found }).success).toBe(true);
  });

  test('however many there are, up to a limit', async () => {
    const many = Array.from({ length: MOST_UNDESTROYED + 10 }, (_, at) => database('prevent_destroy = true', `n${at}`));
    write({ [MAIN]: many.join('') });
    expect(await find()).toHaveLength(MOST_UNDESTROYED);
  });
});

describe('a resource that is destroyed is not found', () => {
  test.each([
    ...['prevent_destroy = false', 'prevent_destroy = "false"', 'prevent_destroy = null', 'prevent_destroy = !true'],
    ...['', 'destroy = true'],
  ])('with %p', async (lifecycle) => {
    write({ [MAIN]: database(lifecycle) });
    expect(await find()).toEqual([]);
  });

  test('where an override file takes the setting back, or sets it', async () => {
    write({
      [MAIN]: database('prevent_destroy = true'),
      'apps/shop/dev1/x_override.tf': database('prevent_destroy = false'),
    });
    expect(await find()).toEqual([]);
    write({
      [MAIN]: database('prevent_destroy = false'),
      'apps/shop/dev1/x_override.tf': database('prevent_destroy = true'),
    });
    expect(await find()).toEqual(['aws_db_instance.main prevent_destroy apps/shop/dev1/x_override.tf:3']);
  });

  test('in a directory outside of the tree, and in files that the engine does not read', async () => {
    write({
      '../outside/main.tf': database('prevent_destroy = true'),
      'apps/shop/dev1/main.tf.txt': database('prevent_destroy = true'),
    });
    install({ out: '../../../../outside', gone: '../gone' });
    expect(await find()).toEqual([]);
  });
});

test('what was found is stored with the identities of the modules, except for a destruction', async () => {
  write({ [MAIN]: database('prevent_destroy = true') });
  const describe = (STAGEGATE_OPERATION: 'deploy' | 'destroy') =>
    describeModules(
      { variables: { STAGEGATE_OPERATION }, paths: { tree, directory }, log: () => undefined },
      'terraform',
    );
  expect(ModuleIdentitiesSchema.parse(JSON.parse((await describe('deploy')) ?? '')).undestroyed).toMatchObject([
    { address: 'aws_db_instance.main', isLiteral: true },
  ]);
  expect(await describe('destroy')).toBeUndefined();
});
