import { execFile } from 'node:child_process';
import { mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { ListObjectsV2Command } from '@aws-sdk/client-s3';
import { BinaryWriter, WireType } from '@bufbuild/protobuf/wire';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { ExtData, encode } from '@msgpack/msgpack';
import * as fc from 'fast-check';
import { strToU8, unzipSync, zipSync } from 'fflate';
import * as z from 'zod';
import { PhaseError } from '../../buildspecs/program/build/failure.ts';
import { type PlanFile, readPlanFile } from '../../buildspecs/program/engine/plan-file/plan-file.ts';
import { PlanFileError } from '../../buildspecs/program/engine/plan-file/plan-file-error.ts';
import type { PlannedBackend } from '../../buildspecs/program/engine/plan-file/plan-message.ts';
import { readPlannedState } from '../../buildspecs/program/engine/plan-file/planned-state.ts';
import { requireSameBackend } from '../../buildspecs/program/engine/plan-file/same-backend.ts';
import { requireSameConfiguration } from '../../buildspecs/program/engine/plan-file/same-configuration.ts';
import { OPERATOR_CREDENTIALS } from '../../local/door/door.ts';
import { type OpenS3, openS3 } from '../local/s3/open-s3.ts';
import { temporaryDirectory } from '../local/temporary-directory.ts';
import { textValue, variableEntry } from './forged-variables.ts';

/** Tests plans that Terraform made, as they are and with some bytes written by somebody else. */
const DIRECTORY = 'apps/shop/dev1';
const root = temporaryDirectory();
const directory = join(root, DIRECTORY);
let opened: OpenS3;

const resource = 'resource "terraform_data" "one" {\n  input = "a"\n}\n';
const FILES: Readonly<Record<string, string | { link: string }>> = {
  [`${DIRECTORY}/main.tf`]: `${resource}resource "terraform_data" "two" {}
module "net" {
  source = "../../../modules/net"
}
module "again" {
  source = "../../../modules/net"
  count  = 2
}
module "alias" {
  source = "../../../modules/alias"
}
module "own" {
  source = "./own"
}
`,
  [`${DIRECTORY}/backend.tf`]: 'terraform {\n  backend "s3" {}\n}\n',
  [`${DIRECTORY}/linked.tf`]: { link: '../../../modules/shared.tf' },
  [`${DIRECTORY}/plan.tftest.hcl`]: 'run "one" {\n  command = plan\n}\n',
  [`${DIRECTORY}/tests/own.tftest.hcl`]: 'run "own" {\n  command = plan\n  module {\n    source = "./own"\n  }\n}\n',
  [`${DIRECTORY}/own/crlf.tf`]: 'output "crlf" {\r\n  value = 1\r\n}\r\n',
  [`${DIRECTORY}/own/bom.tf`]: '\ufeffoutput "bom" {\n  value = 1\n}\n',
  [`${DIRECTORY}/own/empty.tf`]: '',
  [`${DIRECTORY}/own/json.tf.json`]: '{"output":{"json":{"value":2}}}',
  [`${DIRECTORY}/own/crlf_override.tf`]: 'output "crlf" {\n  value = 2\n}\n',
  [`${DIRECTORY}/own/.hidden.tf`]: 'resource "no_such" "one" {}\n',
  [`${DIRECTORY}/own/backup.tf~`]: 'resource "no_such" "one" {}\n',
  [`${DIRECTORY}/own/#edited.tf#`]: 'resource "no_such" "one" {}\n',
  [`${DIRECTORY}/own/other.tofu`]: 'resource "no_such" "one" {}\n',
  'modules/shared.tf': 'variable "shared" {\n  default = 1\n}\n',
  'modules/net/main.tf': `${resource}module "inner" {\n  source = "./inner"\n}\n`,
  'modules/net/inner/main.tf': 'output "inner" {\n  value = 1\n}\n',
  'modules/alias': { link: 'net' },
};

const terraform = (...given: readonly string[]) =>
  promisify(execFile)('terraform', given, {
    cwd: directory,
    env: {
      PATH: process.env.PATH,
      HOME: root,
      TF_IN_AUTOMATION: '1',
      CHECKPOINT_DISABLE: '1',
      AWS_ACCESS_KEY_ID: OPERATOR_CREDENTIALS.accessKeyId,
      AWS_SECRET_ACCESS_KEY: OPERATOR_CREDENTIALS.secretAccessKey,
    },
  });

async function planOf(...given: readonly string[]): Promise<Buffer> {
  const file = join(root, 'plan.tfplan');
  await terraform('plan', '-input=false', `-out=${file}`, ...given);
  return readFileSync(file);
}

let first: Buffer;
let later: Readonly<Record<'destroy' | 'refreshOnly' | 'targeted' | 'replacing', Buffer>>;
beforeAll(async () => {
  opened = await openS3();
  await opened.createBucket('our-state');
  for (const [name, content] of Object.entries(FILES)) {
    const path = join(root, name);
    mkdirSync(dirname(path), { recursive: true });
    if (typeof content === 'string') writeFileSync(path, content);
    else symlinkSync(content.link, path);
  }
  const backend = {
    bucket: 'our-state',
    key: `${DIRECTORY}/terraform.tfstate`,
    region: 'eu-west-1',
    use_lockfile: 'true',
    use_path_style: 'true',
    skip_credentials_validation: 'true',
    skip_requesting_account_id: 'true',
    endpoints: `{s3="${opened.url}"}`,
  };
  await terraform('init', ...Object.entries(backend).map(([name, value]) => `-backend-config=${name}=${value}`));
  first = await planOf();
  await terraform('apply', '-input=false', join(root, 'plan.tfplan'));
  later = {
    destroy: await planOf('-destroy'),
    refreshOnly: await planOf('-refresh-only'),
    targeted: await planOf('-target=terraform_data.one', '-target=module.net'),
    replacing: await planOf('-replace=terraform_data.one', '-replace=module.again[0].terraform_data.one'),
  };
});
afterAll(() => opened.close());

describe('a plan of Terraform', () => {
  it('says which engine made it, how, and where its state is kept', async () => {
    const plan = await readPlanFile(first);
    expect(plan).toMatchObject({ mode: 'normal', targets: [], excludes: [], forceReplaces: [], state: null });
    expect(plan.terraformVersion).toMatch(/^\d+\.\d+\.\d+$/);
    expect(plan.backend).toMatchObject({
      type: 's3',
      workspace: 'default',
      config: {
        bucket: 'our-state',
        key: `${DIRECTORY}/terraform.tfstate`,
        region: 'eu-west-1',
        use_lockfile: true,
        workspace_key_prefix: null,
        endpoints: { s3: opened.url, iam: null },
      },
    });
    expect(plan.lockFile).toContain('terraform init');
  });

  it('knows the state it was made for', async () => {
    const { state } = await readPlanFile(later.destroy);
    expect(state).toEqual({ serial: 1, lineage: expect.stringMatching(/^[0-9a-f-]{36}$/) });
    expect(await readPlannedState(later.destroy)).toEqual(state);
    expect(await readPlannedState(first)).toBeNull();
  });

  it.each([
    ['destroys', 'destroy', { mode: 'destroy', targets: [], forceReplaces: [] }],
    ['refreshes only', 'refreshOnly', { mode: 'refresh-only', targets: [], forceReplaces: [] }],
    ['has targets', 'targeted', { mode: 'normal', targets: ['module.net', 'terraform_data.one'], forceReplaces: [] }],
    // The changes of this plan have the reason `replace_by_request`. The field is for what an apply would add to them.
    ['replaces', 'replacing', { mode: 'normal', targets: [], forceReplaces: [] }],
  ] as const)('that %s says so', async (_, name, expected) => {
    const { mode, targets, forceReplaces } = await readPlanFile(later[name]);
    expect({ mode, targets: [...targets].sort(), forceReplaces: [...forceReplaces].sort() }).toEqual(expected);
  });

  it('carries the files that the engine has read, byte for byte, and no others', async () => {
    const { configuration } = await readPlanFile(first);
    const carried = Object.fromEntries(
      [...configuration].map(([key, module]) => [
        key,
        { directory: module.directory, files: [...module.files.keys()].sort() },
      ]),
    );
    const net = { directory: '../../../modules/net', files: ['main.tf'] };
    const inner = { directory: '../../../modules/net/inner', files: ['main.tf'] };
    expect(carried).toEqual({
      '': { directory: '.', files: ['backend.tf', 'linked.tf', 'main.tf'] },
      again: net,
      'again.inner': inner,
      alias: net,
      'alias.inner': inner,
      net,
      'net.inner': inner,
      own: { directory: 'own', files: ['bom.tf', 'crlf.tf', 'crlf_override.tf', 'empty.tf', 'json.tf.json'] },
    });
    for (const name of ['bom.tf', 'crlf.tf', 'empty.tf', 'json.tf.json'])
      expect(configuration.get('own')?.files.get(name)).toEqual(Buffer.from(String(FILES[`${DIRECTORY}/own/${name}`])));
    requireSameConfiguration({ configuration }, { root, directory: DIRECTORY, engine: 'terraform' });
  });
});

/** docs/threat-model.md says so. If an engine or this program begins to compare these, the document must say that. */
describe('what nobody compares', () => {
  it('are the values of variables: those of a plan are whatever it was made with', async () => {
    const plan = await planOf('-var=shared=2');
    const { configuration } = await readPlanFile(plan);
    requireSameConfiguration({ configuration }, { root, directory: DIRECTORY, engine: 'terraform' });
    const { stdout } = await terraform('show', '-json', join(root, 'plan.tfplan'));
    expect(JSON.parse(stdout).variables).toEqual({ shared: { value: '2' } });
  });

  it('is what a plan says was there: an apply works on the objects that stand in it', async () => {
    const main = join(directory, 'main.tf');
    writeFileSync(main, String(FILES[`${DIRECTORY}/main.tf`]).replace('input = "a"', 'input = "b"'));
    const plan = await planOf();
    writeFileSync(main, String(FILES[`${DIRECTORY}/main.tf`]));
    const { tfplan = new Uint8Array(), tfstate = new Uint8Array() } = unzipSync(plan);
    const id = idOf(JSON.parse(Buffer.from(tfstate).toString('utf8')));
    const other = '00000000-0000-4000-8000-000000000000';
    const withOther = (entry: Uint8Array) =>
      Buffer.from(Buffer.from(entry).toString('latin1').replaceAll(id, other), 'latin1');
    const forged = rewritten({ tfplan: withOther(tfplan), tfstate: withOther(tfstate) }, plan);
    expect((await readPlanFile(forged)).state).toEqual((await readPlanFile(plan)).state);
    writeFileSync(join(root, 'forged.tfplan'), forged);
    await terraform('apply', '-input=false', join(root, 'forged.tfplan'));
    expect(idOf(JSON.parse((await terraform('state', 'pull')).stdout))).toBe(other);
  });

  const StateSchema = z.object({
    resources: z.array(
      z.object({
        name: z.string(),
        module: z.string().optional(),
        instances: z.array(z.object({ attributes: z.object({ id: z.string() }) })),
      }),
    ),
  });
  /** Returns the id of `terraform_data.one` in the root module. */
  const idOf = (state: unknown): string => {
    const { resources } = StateSchema.parse(state);
    const found = resources.find(({ name, module }) => name === 'one' && module === undefined);
    return found?.instances[0]?.attributes.id ?? '';
  };
});

describe('the backend of a plan', () => {
  it('is the one that an apply uses, whatever init has configured', async () => {
    const other = unzipSync(first).tfplan ?? new Uint8Array();
    other.set(Buffer.from('elsewhere'), Buffer.from(other).indexOf('terraform.tfstate'));
    writeFileSync(join(root, 'other.tfplan'), rewritten({ tfplan: other }));
    await terraform('apply', '-input=false', join(root, 'other.tfplan'));
    const { Contents } = await opened.operator.send(new ListObjectsV2Command({ Bucket: 'our-state' }));
    expect(Contents?.map(({ Key }) => Key)).toContain(`${DIRECTORY}/elsewhere.tfstate`);
  });

  const ofInit = async () => (await readPlanFile(first)).backend ?? { type: '', config: {}, workspace: '' };
  it('is whole the one that init has configured', async () => {
    expect(() => requireSameBackend({ backend: undefined }, directory)).toThrow('"none", not for "s3"');
    requireSameBackend({ backend: await ofInit() }, directory);
  });

  it.each<[string, (backend: PlannedBackend) => PlannedBackend, unknown]>([
    [
      'at another endpoint',
      (backend) => ({ ...backend, config: { ...backend.config, endpoints: { s3: 'http://127.0.0.1:9' } } }),
      'the plan\'s backend has other settings than the configuration: "endpoints"',
    ],
    [
      'in another role',
      (backend) => ({ ...backend, config: { ...backend.config, assume_role: { role_arn: 'arn:aws:iam::1:role/x' } } }),
      'the plan\'s backend has other settings than the configuration: "assume_role"',
    ],
    [
      'with settings of its own, and without ours',
      (backend) => ({ ...backend, config: { a: 1, b: 2, c: 3 } }),
      expect.stringMatching(/: "a", "access_key", "acl", "allowed_account_ids", "assume_role" and \d+ more$/),
    ],
    [
      'of another type',
      (backend) => ({ ...backend, type: 'http' }),
      'the plan is for the backend "http", not for "s3"',
    ],
    [
      'of another workspace',
      (backend) => ({ ...backend, workspace: 'other' }),
      'the plan is for the workspace "other", not for "default"',
    ],
  ])('%s is refused', async (_, other, message) => {
    const backend = other(await ofInit());
    expect(refusalOf(() => requireSameBackend({ backend }, directory))).toEqual({
      phase: 'backend',
      reason: 'plan-not-ours',
      message,
    });
  });
});

function refusalOf(action: () => void): Pick<PhaseError, 'phase' | 'reason' | 'message'> {
  try {
    action();
  } catch (error) {
    if (error instanceof PhaseError) return { phase: error.phase, reason: error.reason, message: error.message };
    throw error;
  }
  throw new Error('nothing was refused');
}

/** Returns a plan with other entries in it. They are not deflated, which would take longer than reading them. */
const rewritten = (entries: Readonly<Record<string, Uint8Array | string | undefined>>, plan = first): Buffer => {
  const all = Object.entries({ ...unzipSync(plan), ...entries });
  return Buffer.from(
    zipSync(
      Object.fromEntries(
        all.flatMap(([name, content]) =>
          content === undefined ? [] : [[name, typeof content === 'string' ? strToU8(content) : content]],
        ),
      ),
      { level: 0 },
    ),
  );
};

/** Returns a plan with other bytes at a place in an entry's header, in the directory of the archive. */
function withHeader(name: string, at: number, bytes: readonly number[], plan = first): Buffer {
  const changed = Buffer.from(plan);
  const directoryAt = changed.readUInt32LE(changed.length - 6);
  changed.set(bytes, changed.indexOf(name, directoryAt) - 46 + at);
  return changed;
}

const withEnd = (at: number, bytes: readonly number[]): Buffer => {
  const changed = Buffer.from(first);
  changed.set(bytes, changed.length - 22 + at);
  return changed;
};

const problemOf = async (bytes: Buffer): Promise<{ reason: string; message: string }> => {
  const error = await readPlanFile(bytes).then(
    () => undefined,
    (problem: unknown) => problem,
  );
  if (!(error instanceof PlanFileError)) throw new Error(`no PlanFileError: ${String(error)}`);
  return { reason: error.reason, message: error.message };
};
const unreadable = (message: string) => ({ reason: 'plan-unreadable', message });

describe('a file that is no plan', () => {
  it('of OpenTofu’s plan encryption is told as that', async () => {
    const envelope = { meta: { 'key_provider.pbkdf2.x': 'e30=' }, encrypted_data: 'AAAA', encryption_version: 'v0' };
    expect(await problemOf(Buffer.from(JSON.stringify(envelope)))).toEqual({
      reason: 'plan-encrypted',
      message: 'the plan file is encrypted',
    });
    expect(await readPlannedState(Buffer.from(JSON.stringify(envelope)))).toBe('encrypted');
  });

  it.each([
    ['is empty', () => Buffer.alloc(0), 'the plan file is no zip archive, or is cut off'],
    ['is text', () => Buffer.from('saved'), 'the plan file is no zip archive, or is cut off'],
    ['is other JSON', () => Buffer.from('{"encrypted_data":""}'), 'the plan file is no zip archive, or is cut off'],
    ['is cut off', () => first.subarray(0, first.length - 1), 'the plan file is no zip archive, or is cut off'],
    ['goes on', () => Buffer.concat([first, Buffer.alloc(1)]), 'the plan file is no zip archive, or is cut off'],
    [
      'begins before its archive',
      () => Buffer.concat([Buffer.from('{}'), first]),
      'the plan file has bytes that belong to no entry',
    ],
    [
      'has a comment',
      () => Buffer.concat([withEnd(20, [22, 0]), first.subarray(-22)]),
      'the plan file has bytes that belong to no entry',
    ],
    ['is one of several parts', () => withEnd(4, [1]), 'the plan file is a part of a zip archive'],
    [
      'counts other entries than it has',
      () => withEnd(8, [1, 0, 1, 0]),
      'the directory of the plan file has a wrong length',
    ],
    ['has too many entries', () => withEnd(8, [0xff, 0xff, 0xff, 0xff]), 'the plan file has more than 10000 entries'],
    ['is encrypted as a zip', () => withHeader('tfplan', 8, [9]), 'the entry "tfplan" of the plan file is encrypted'],
    [
      'is compressed otherwise',
      () => withHeader('tfplan', 10, [12]),
      'the entry "tfplan" of the plan file is compressed in an unknown way (12)',
    ],
    [
      'has another checksum',
      () => withHeader('tfplan', 16, [0, 0, 0, 0]),
      'the entry "tfplan" of the plan file is damaged',
    ],
    [
      'announces less than there is',
      () => withHeader('tfplan', 24, [1, 0, 0, 0]),
      'the entry "tfplan" of the plan file cannot be inflated',
    ],
    [
      'announces more than there is',
      () => withHeader('tfplan', 24, [0, 0, 1, 0]),
      'the entry "tfplan" of the plan file is damaged',
    ],
    [
      'is a bomb',
      () => withHeader('tfstate', 24, [0, 0, 0, 0x10]),
      'the plan file inflates to more than 268435456 bytes',
    ],
    [
      'has a state that nobody could parse',
      () => withHeader('tfstate', 24, [0, 0, 0, 5]),
      'the entry "tfstate" of the plan file has more than 67108864 bytes',
    ],
    [
      'has modules that nobody could parse',
      () => withHeader('tfconfig/modules.json', 24, [0, 0, 1, 1]),
      'the entry "tfconfig/modules.json" of the plan file has more than 8388608 bytes',
    ],
    [
      'has data that leads out',
      () => withHeader('tfplan', 20, [0xff, 0xff, 0, 0]),
      'the plan file is a damaged zip archive',
    ],
    [
      'has an offset that leads nowhere',
      () => withHeader('tfplan', 42, [1, 0, 0, 0]),
      'the plan file is a damaged zip archive',
    ],
    [
      'has a name twice',
      () => renamed('tfstate-prev', 'tfstate-prew', 'tfstate-prew'),
      'the plan file has two entries "tfstate-prew"',
    ],
    [
      'has a name in two lines',
      () => renamed('tfstate-prev', 'tfstate\nprev'),
      'the plan file has an entry with a name that nobody can read',
    ],
  ])('and %s is refused', async (_, bytes, message) => {
    expect(await problemOf(bytes())).toEqual(unreadable(message));
  });

  /** Returns a plan with an entry renamed in the directory of the archive; `another` adds an entry before. */
  function renamed(name: string, to: string, another?: string): Buffer {
    const plan = another === undefined ? first : rewritten({ [another]: '' });
    return withHeader(name, 46, [...Buffer.from(to)], plan);
  }

  it('is refused as zip64, wherever that is said', async () => {
    const message = 'the plan file is a zip64 archive, which no engine writes';
    const locator = Buffer.concat([Buffer.from('PK\x06\x07', 'latin1'), Buffer.alloc(16)]);
    expect(await problemOf(Buffer.concat([first.subarray(0, -22), locator, first.subarray(-22)]))).toEqual(
      unreadable(message),
    );
    const extra = Object.fromEntries(
      Object.entries(unzipSync(first)).map(([name, content]) => [
        name,
        [content, { extra: { 1: new Uint8Array(8) } }] as [Uint8Array, object],
      ]),
    );
    expect(await problemOf(Buffer.from(zipSync(extra)))).toEqual(unreadable(message));
  });
});

describe('an entry that is not what an engine writes', () => {
  const state = (text: string) => ({ tfstate: text });
  const wrong = (name: string, where: string) =>
    `the entry "${name}" of the plan file is not what an engine writes (${where})`;
  it.each<[string, Record<string, Uint8Array | string | undefined>, string]>([
    ['no plan', { tfplan: undefined }, 'the plan file has no entry "tfplan"'],
    ['no state', { tfstate: undefined }, 'the plan file has no entry "tfstate"'],
    [
      'no module manifest',
      { 'tfconfig/modules.json': undefined },
      'the plan file has no entry "tfconfig/modules.json"',
    ],
    [
      'a state that is no JSON',
      state('{"serial": 1, "lineage": "s3cr3t'),
      'the entry "tfstate" of the plan file is no JSON',
    ],
    [
      'a state that is no text',
      { tfstate: Uint8Array.of(0x22, 0xff, 0x22) },
      'the entry "tfstate" of the plan file is no text',
    ],
    [
      'a state with a byte-order mark',
      state('\ufeff{"serial":1,"lineage":""}'),
      'the entry "tfstate" of the plan file is no JSON',
    ],
    ['a state of another form', state('[]'), wrong('tfstate', 'all of it')],
    ['a state without a serial', state('{"lineage":""}'), wrong('tfstate', 'serial')],
    ['a serial that is text', state('{"serial":"1","lineage":""}'), wrong('tfstate', 'serial')],
    ['a second serial for the engine', state('{"serial":1,"lineage":"","Serial":2}'), wrong('tfstate', 'all of it')],
    ['one in letters that fold to it', state('{"serial":1,"lineage":"","ſerial":2}'), wrong('tfstate', 'all of it')],
    [
      'a second directory for the engine',
      { 'tfconfig/modules.json': '[{"Key":"","Dir":".","dir":"own"}]' },
      wrong('tfconfig/modules.json', '0'),
    ],
    [
      'a module twice',
      { 'tfconfig/modules.json': '[{"Key":"","Dir":"."},{"Key":"","Dir":"own"}]' },
      '"tfconfig/modules.json" of the plan file has two modules with one key',
    ],
    ['no root module', { 'tfconfig/modules.json': '[]' }, 'the plan file has no root module'],
    [
      'a file of no module',
      { 'tfconfig/m-other/main.tf': '' },
      'the entry "tfconfig/m-other/main.tf" of the plan file belongs to no module',
    ],
    [
      'a file without a module',
      { 'tfconfig/main.tf': '' },
      'the entry "tfconfig/main.tf" of the plan file belongs to no module',
    ],
    [
      'a file below a directory',
      { 'tfconfig/m-own/x/main.tf': '' },
      'the entry "tfconfig/m-own/x/main.tf" of the plan file belongs to no module',
    ],
    [
      'a lock file that is no text',
      { '.terraform.lock.hcl': Uint8Array.of(0xff) },
      'the entry ".terraform.lock.hcl" of the plan file is no text',
    ],
  ])('is refused: %s', async (_, entries, message) => {
    expect(await problemOf(rewritten(entries))).toEqual(unreadable(message));
  });

  it('may be missing where engines of old have none: the lock file', async () => {
    expect((await readPlanFile(rewritten({ '.terraform.lock.hcl': undefined }))).lockFile).toBeUndefined();
  });
});

interface WrittenBackend {
  readonly settings?: Uint8Array;
  readonly write?: (backend: BinaryWriter) => void;
}

/** Returns the message of a plan in the known format, with these additional fields. */
function messageOf(write: (plan: BinaryWriter) => void, version = 3): Buffer {
  const plan = new BinaryWriter()
    .tag(1, WireType.Varint)
    .uint32(version)
    .tag(14, WireType.LengthDelimited)
    .string('1.11.4');
  write(plan);
  return rewritten({ tfplan: plan.finish() });
}

const withBackend = ({ settings = encode({ bucket: 'b' }), write }: WrittenBackend = {}) =>
  messageOf((plan) => {
    const value = new BinaryWriter().tag(1, WireType.LengthDelimited).bytes(settings).finish();
    const backend = new BinaryWriter().tag(1, WireType.LengthDelimited).string('s3');
    backend.tag(2, WireType.LengthDelimited).bytes(value);
    write?.(backend);
    plan.tag(13, WireType.LengthDelimited).bytes(backend.finish());
  });

describe('the message of a plan', () => {
  it('without a backend has none', async () => {
    expect((await readPlanFile(messageOf(() => {}))).backend).toBeUndefined();
  });

  it('keeps what is not known before the apply, and reads nested settings', async () => {
    const settings = {
      key: new ExtData(0, Uint8Array.of(0)),
      assume_role: { tags: ['a', 1, true, null] },
      mark: '\ufeffx',
    };
    const { backend } = await readPlanFile(withBackend({ settings: encode(settings) }));
    expect(backend).toEqual({ type: 's3', workspace: '', config: settings });
  });

  it.each([
    [6, 'excludes'],
    [16, 'forceReplaces'],
    [32, 'actionTargets'],
  ] as const)('names the addresses in field %i', async (field, name) => {
    const plan = await readPlanFile(
      messageOf((message) =>
        message.tag(field, WireType.LengthDelimited).string('a.b').tag(field, WireType.LengthDelimited).string('a.c'),
      ),
    );
    expect(plan[name]).toEqual(['a.b', 'a.c']);
  });

  it('has values of root variables as they are encoded, and what an apply has to be given again', async () => {
    const value = textValue('a');
    const { variables, applyTimeVariables } = await readPlanFile(
      messageOf((plan) => withEntry(variableEntry('v', value), plan).tag(28, WireType.LengthDelimited).string('w')),
    );
    expect([...variables]).toEqual([['v', value]]);
    expect(applyTimeVariables).toEqual(['w']);
  });

  const withEntry = (entry: Uint8Array, plan: BinaryWriter) => plan.tag(2, WireType.LengthDelimited).bytes(entry);
  const settingsOf = (...bytes: readonly number[]) => withBackend({ settings: Uint8Array.from(bytes) });
  const settings = 'the configuration of the backend in the plan file';
  const ofBucket = [0xa6, ...Buffer.from('bucket')];
  it.each<[string, () => Buffer, string]>([
    ['another format', () => messageOf(() => {}, 4), 'the plan file has format 4, and only 3 is known'],
    ['no format', () => rewritten({ tfplan: '' }), 'the plan file has format none, and only 3 is known'],
    [
      'an unknown mode',
      () => messageOf((plan) => plan.tag(17, WireType.Varint).uint32(3)),
      'the plan file has the unknown mode 3',
    ],
    [
      'a mode beyond 32 bits',
      () => messageOf((plan) => plan.tag(17, WireType.Varint).uint64(2n ** 32n + 1n)),
      'the plan file has the unknown mode 4294967297',
    ],
    [
      'a mode twice',
      () => messageOf((plan) => plan.tag(17, WireType.Varint).uint32(0).tag(17, WireType.Varint).uint32(1)),
      'field 17 of the plan in the plan file is there twice',
    ],
    [
      'a mode that is text',
      () => messageOf((plan) => plan.tag(17, WireType.LengthDelimited).string('x')),
      'field 17 of the plan in the plan file is no number',
    ],
    [
      'a target that is a number',
      () => messageOf((plan) => plan.tag(5, WireType.Varint).uint32(1)),
      'field 5 of the plan in the plan file is a number',
    ],
    [
      'a backend of fixed bytes',
      () => messageOf((plan) => plan.tag(13, WireType.Bit32).fixed32(1)),
      'field 13 of the plan in the plan file has another type',
    ],
    [
      'a target that is no text',
      () => messageOf((plan) => plan.tag(5, WireType.LengthDelimited).bytes(Uint8Array.of(0xff))),
      'field 5 of the plan in the plan file is no text',
    ],
    [
      'a thousand targets',
      () =>
        messageOf((plan) => {
          for (let count = 0; count <= 1000; count++) plan.tag(5, WireType.LengthDelimited).string('a');
        }),
      'field 5 of the plan in the plan file has more than 1000 values',
    ],
    [
      'a variable twice',
      () =>
        messageOf((plan) =>
          withEntry(variableEntry('v', textValue('b')), withEntry(variableEntry('v', textValue('a')), plan)),
        ),
      'the plan file has the variable "v" twice',
    ],
    [
      'a variable with two values',
      () =>
        messageOf((plan) =>
          withEntry(
            Buffer.concat([variableEntry('v', textValue('a')), variableEntry('', textValue('b')).subarray(2)]),
            plan,
          ),
        ),
      'field 2 of the variable in the plan file is there twice',
    ],
    [
      'a variable without a name',
      () => messageOf((plan) => withEntry(variableEntry('', textValue('a')).subarray(2), plan)),
      'the plan file names no name of a variable',
    ],
    [
      'a variable without a value',
      () => messageOf((plan) => withEntry(variableEntry('v', textValue('a')).subarray(0, 3), plan)),
      'the plan file names no value of a variable',
    ],
    [
      'a variable that is a number',
      () => messageOf((plan) => plan.tag(2, WireType.Varint).uint32(1)),
      'field 2 of the plan in the plan file is a number',
    ],
    ['no engine', () => rewritten({ tfplan: Uint8Array.of(8, 3) }), 'the plan file names no version of an engine'],
    [
      'an end in the middle',
      () => rewritten({ tfplan: unzipSync(first).tfplan?.subarray(0, -1) }),
      'the plan in the plan file is damaged',
    ],
    [
      'a field beyond its end',
      () => rewritten({ tfplan: Uint8Array.of(8, 3, 0x22, 0x7f) }),
      'the plan in the plan file is damaged',
    ],
    [
      'groups in groups',
      () => rewritten({ tfplan: new Uint8Array(100_000).fill(0x23) }),
      'the plan in the plan file is damaged',
    ],
    [
      'a backend without type',
      () => messageOf((plan) => plan.tag(13, WireType.LengthDelimited).bytes(new Uint8Array())),
      'the plan file names no configuration of its backend',
    ],
    [
      'a second backend type',
      () => withBackend({ write: (backend) => backend.tag(1, WireType.LengthDelimited).string('local') }),
      'field 1 of the backend in the plan file is there twice',
    ],
    ['settings that are no object', () => withBackend({ settings: encode(['bucket']) }), `${settings} is no object`],
    ['settings that end early', () => settingsOf(0x81, ...ofBucket), `${settings} is damaged`],
    ['settings that go on', () => settingsOf(0x80, 0x80), `${settings} is damaged`],
    [
      'a list of four billion',
      () => settingsOf(0x81, ...ofBucket, 0xdd, 0xff, 0xff, 0xff, 0xff),
      `${settings} is damaged`,
    ],
    [
      'a setting twice',
      () => settingsOf(0x82, ...ofBucket, 0xa1, 0x61, ...ofBucket, 0xa1, 0x62),
      `${settings} has a setting twice`,
    ],
    ['a setting without a name', () => settingsOf(0x81, 0x01, 0x01), `${settings} has a setting without a name`],
    [
      'letters in more bytes than they have',
      () => settingsOf(0x81, ...ofBucket, 0xa2, 0xc1, 0xa2),
      `${settings} has a value that is no text`,
    ],
    [
      'settings that are nested for ever',
      () => withBackend({ settings: new Uint8Array(60_000).fill(0x91) }),
      `${settings} is damaged`,
    ],
    [
      'settings that are nested deeply',
      () => settingsOf(0x81, ...ofBucket, ...Array(40).fill(0x91), 0x01),
      `${settings} is nested too deeply`,
    ],
    [
      'settings of a megabyte',
      () => withBackend({ settings: encode({ bucket: 'b'.repeat(2 ** 20) }) }),
      `${settings} has more than 65536 bytes`,
    ],
  ])('with %s is refused', async (_, bytes, message) => {
    expect(await problemOf(bytes())).toEqual(unreadable(message));
  });
});

describe('whatever the bytes are', () => {
  const isPlanOrProblem = async (bytes: Buffer): Promise<PlanFile | undefined> => {
    try {
      return await readPlanFile(bytes);
    } catch (error) {
      if (!(error instanceof PlanFileError)) throw error;
      expect(error.message).toMatch(/^the plan file|plan file/);
      expect(error.message).toMatch(/^[^\p{Cc}]{1,5000}$/u);
      return undefined;
    }
  };

  /** Edits that set, remove or double bytes at some places. */
  const edits = fc.array(
    fc.record({
      at: fc.double({ min: 0, max: 1, noNaN: true, maxExcluded: true }),
      kind: fc.constantFrom('set', 'set', 'set', 'cut', 'double'),
      bytes: fc.uint8Array({ minLength: 1, maxLength: 4 }),
    }),
    { minLength: 1, maxLength: 4 },
  );
  const edited = (original: Uint8Array, changes: readonly { at: number; kind: string; bytes: Uint8Array }[]): Buffer =>
    changes.reduce((bytes, { at, kind, bytes: some }) => {
      const place = Math.floor(at * bytes.length);
      const [head, tail] = [bytes.subarray(0, place), bytes.subarray(place)];
      if (kind === 'cut') return Buffer.concat([head, tail.subarray(some.length)]);
      if (kind === 'double') return Buffer.concat([head, tail.subarray(0, some[0]), tail]);
      return Buffer.concat([head, some, tail.subarray(some.length)]);
    }, Buffer.from(original));
  const plans = () => [first, ...Object.values(later)];
  const options = { seed: 20_261_129, numRuns: 2000 };

  it('of the archive, the answer is a plan or a PlanFileError', async () => {
    await fc.assert(
      fc.asyncProperty(fc.nat(4), edits, async (which, changes) => {
        await isPlanOrProblem(edited(plans()[which] ?? first, changes));
      }),
      options,
    );
  });

  it('of its directory, the answer is a plan or a PlanFileError', async () => {
    await fc.assert(
      fc.asyncProperty(edits, async (changes) => {
        const start = first.readUInt32LE(first.length - 6);
        await isPlanOrProblem(Buffer.concat([first.subarray(0, start), edited(first.subarray(start), changes)]));
      }),
      options,
    );
  });

  it('of an entry, the answer is a plan or a PlanFileError', async () => {
    const entries = unzipSync(first);
    const read = ['tfplan', 'tfplan', 'tfplan', 'tfstate', 'tfconfig/modules.json', '.terraform.lock.hcl'];
    let plansRead = 0;
    await fc.assert(
      fc.asyncProperty(fc.constantFrom(...read), edits, async (name, changes) => {
        const content = edited(entries[name] ?? new Uint8Array(), changes);
        if (await isPlanOrProblem(rewritten({ [name]: content }))) plansRead++;
      }),
      options,
    );
    // Many edits change values that are not read here. If there were none, the edits would test only the checksums.
    expect(plansRead).toBeGreaterThan(100);
  });

  it('of the settings of a backend, the answer is a plan or a PlanFileError', async () => {
    const settings = encode({ bucket: 'our-state', key: 'k', endpoints: { s3: null, list: [1, 'two', true] } });
    await fc.assert(
      fc.asyncProperty(edits, async (changes) => {
        await isPlanOrProblem(withBackend({ settings: edited(settings, changes) }));
      }),
      options,
    );
  });
});
