// biome-ignore-all lint/suspicious/noTemplateCurlyInString: these are templates of Terraform
import { describe, expect, test } from '@jest/globals';
import { LockFileError, readLockFile } from '../../../buildspecs/program/providers/lock-file.ts';
import { lockFileOf } from './packages.ts';

const AWS = 'registry.terraform.io/hashicorp/aws';
const [A, B] = ['a'.repeat(64), 'b'.repeat(64)];
const H1 = 'h1:Ijt7pOlB7Tr7maGQIqtsLFbl7pSMIj06TVdkoSBcYOw=';

const read = (text: string) => readLockFile('lock.hcl', text);
const mistakesIn = async (text: string) => {
  try {
    await read(text);
  } catch (error) {
    if (error instanceof LockFileError) return error.message.split('\n');
    throw error;
  }
  return [];
};

describe('a lock file', () => {
  test('says which providers, and which hashes their packages may have', async () => {
    const text = `# This file is maintained automatically by "terraform init".\n\n${lockFileOf(AWS, '5.100.0', [H1, `zh:${A}`, `zh:${B}`, `zh:${A}`])}`;
    expect(await read(text)).toEqual([
      {
        address: AWS,
        host: 'registry.terraform.io',
        namespace: 'hashicorp',
        type: 'aws',
        version: '5.100.0',
        hashes: [H1, `zh:${A}`, `zh:${B}`],
        zipHashes: [A, B],
        line: 3,
      },
    ]);
  });

  test('may be empty, and may have blocks that are no providers', async () => {
    expect(await read('')).toEqual([]);
    expect(await read('module "x" {\n}\n')).toEqual([]);
  });

  test('may name a provider without hashes, or with hashes of schemes that we do not know', async () => {
    const [withoutAny] = await read(`provider "${AWS}" {\n  version = "5.100.0"\n}\n`);
    const [withOthers] = await read(lockFileOf(AWS, '5.100.0', [H1, 'h9:abc']));
    expect([withoutAny?.zipHashes, withOthers?.zipHashes]).toEqual([[], []]);
  });

  test.each(['localhost:8443/acme/thing', 'registry.opentofu.org/hashicorp/aws', 'example.com/Acme_1/my-thing'])(
    'may name %s',
    async (address) => {
      expect(await mistakesIn(lockFileOf(address, '1.0.0-beta.1+build', []))).toEqual([]);
    },
  );

  test.each([
    '../../../etc/passwd',
    '../acme/thing',
    'example.com/../thing',
    'example.com/acme/..',
    'example.com/acme/thing/more',
    'example.com/acme/a b',
    'example.com/acme',
    '/etc/passwd',
    'example.com//thing',
    'example.com/acme/*',
    'example.com:/acme/thing',
    'exa$mple.com/acme/thing',
    'https://example.com/acme/thing',
    `example.com/acme/${'t'.repeat(101)}`,
  ])('may not name a provider "%s": it becomes a path and configuration', async (address) => {
    expect(await mistakesIn(`\n${lockFileOf(address, '1.0.0', [])}`)).toEqual([
      `lock.hcl:2: the address of a provider must be an address like "registry.terraform.io/hashicorp/aws", not ${JSON.stringify(address)}`,
    ]);
  });

  test.each(['1.0', '../1.0.0', '1.0.0/..', '1.0.0-', 'v1.0.0', '1.0.0-a/b', '', `1.0.0-${'a'.repeat(100)}`])(
    'may not have the version "%s"',
    async (version) => {
      const [mistake, ...more] = await mistakesIn(lockFileOf(AWS, version, []));
      expect(mistake).toMatch(/^lock\.hcl:2: version /);
      expect(more).toEqual([]);
    },
  );

  test.each([`zh:${'A'.repeat(64)}`, `zh:${'a'.repeat(63)}`, `zh:../../${A}`, 'zh:', A, 'h1:a b'])(
    'may not have the hash "%s"',
    async (hash) => {
      const text = lockFileOf(AWS, '5.100.0', [`zh:${A}`, hash]);
      expect(await mistakesIn(text)).toEqual([
        `lock.hcl:5: a hash must be a hash like "zh:<64 hexadecimal digits>", not ${JSON.stringify(hash)}`,
      ]);
    },
  );

  // The engine evaluates these. If they were read differently here, another provider would be reported than installed.
  test.each([
    ['a condition', '[true ? "h1:AAAA=" : "h1:BBBB="]'],
    ['a text in brackets', '[("h1:AAAA=")]'],
    ['a template', '["h1:${"AAAA="}"]'],
    ['a heredoc', '[<<E\nh1:AAAA=\nE\n]'],
    ['a list in a list', '[["h1:AAAA="]]'],
    ['a name', '[hash]'],
    ['a number', '[1]'],
  ])('may not have %s for a hash', async (_, hashes) => {
    const text = `provider "${AWS}" {\n  version = "1.0.0"\n  hashes = ${hashes}\n}\n`;
    const [mistake, ...more] = await mistakesIn(text);
    expect(mistake).toMatch(
      /^lock\.hcl:3: a hash must be a hash like "zh:<64 hexadecimal digits>", as a plain text, not /,
    );
    expect(more).toEqual([]);
  });

  test.each([
    '["h1:AAAA=", "h1:BBBB="][0]',
    '([ "h1:AAAA=" ])',
    '[for each in ["h1:AAAA="] : each]',
    'true ? ["h1:AAAA="] : []',
    'concat(["h1:AAAA="])',
    '{ a = "h1:AAAA=" }',
    '"h1:AAAA="',
    '["h1:AAAA="] == []',
  ])('may not have the hashes %s', async (hashes) => {
    expect(await mistakesIn(`provider "${AWS}" {\n  version = "1.0.0"\n  hashes = ${hashes}\n}\n`)).toEqual([
      `lock.hcl:3: hashes must be a plain list of texts, not ${JSON.stringify(hashes)}`,
    ]);
  });

  test('may have comments, and a comma at the end of its hashes', async () => {
    const text = `provider "${AWS}" {\n  version = "1.0.0"\n  hashes = [ # one\n    "h1:AAAA=", // two\n    /* three */ "h1:BBBB=",\n  ]\n}\n`;
    expect((await read(text))[0]?.hashes).toEqual(['h1:AAAA=', 'h1:BBBB=']);
  });

  test.each(['("1.0.0")', 'true ? "1.0.0" : "2.0.0"', '["1.0.0"][0]', '1'])(
    'may not have the version %s, which has to be evaluated',
    async (version) => {
      const [mistake] = await mistakesIn(`provider "${AWS}" {\n  version = ${version}\n}\n`);
      expect(mistake).toMatch(/^lock\.hcl:2: version must be a version like "5\.100\.0", not /);
    },
  );

  test('has all its mistakes told together, each with its line', async () => {
    const text = `${lockFileOf('x', '1.0.0', [])}${lockFileOf(AWS, '1', ['zh:1'])}${lockFileOf(AWS, '1.0.0', [])}${lockFileOf(AWS, '1.0.0', [])}`;
    expect(
      (await mistakesIn(text)).map((mistake) => mistake.replace(/^lock\.hcl:(\d+): (\S+ \S+).*/, '$1 $2')),
    ).toEqual(['1 the address', '7 version must', '9 a hash', '17 the provider']);
  });

  test.each([
    ['no HCL', 'provider "a" {\n', /^lock\.hcl:\d+: this is no HCL$/],
    [
      'a provider without a name',
      'provider {\n  version = "1.0.0"\n}\n',
      /^lock\.hcl:1: the address of a provider .* not nothing$/,
    ],
    ['a provider with two names', `provider "${AWS}" "x" {\n  version = "1.0.0"\n}\n`, /^lock\.hcl:1: the address/],
    [
      'no version',
      `provider "${AWS}" {\n}\n`,
      /^lock\.hcl:1: version must be a version like "5\.100\.0", not nothing$/,
    ],
    ['a version that is computed', `provider "${AWS}" {\n  version = "\${x}.0.0"\n}\n`, /^lock\.hcl:2: version /],
    [
      'a hash that is computed',
      `provider "${AWS}" {\n  version = "1.0.0"\n  hashes = ["zh:\${x}"]\n}\n`,
      /^lock\.hcl:3: a hash /,
    ],
    [
      'too many hashes',
      lockFileOf(
        AWS,
        '1.0.0',
        Array.from({ length: 101 }, (_, index) => `zh:${String(index).padStart(64, '0')}`),
      ),
      /^lock\.hcl:3: 101 hashes/,
    ],
  ])('with %s is refused', async (_, text, expected) => {
    const [mistake] = await mistakesIn(text);
    expect(mistake).toMatch(expected);
  });
});
