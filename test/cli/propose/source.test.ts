import { expect, test } from '@jest/globals';
import { encodedRef, readSource } from '../../../cli/propose/source.ts';

test.each([
  ['./modules/web', 'local', '', './modules/web'],
  ['../../modules/web/', 'local', '', '../../modules/web'],
  ['acme/net/aws', 'registry', 'acme/net/aws', ''],
  ['registry.terraform.io/acme/net/aws', 'registry', 'acme/net/aws', ''],
  ['app.acme.example/team/net/aws//modules/vpc', 'registry', 'app.acme.example/team/net/aws', 'modules/vpc'],
  ['git::https://git.example.com/acme.git//modules/web?ref=v1', 'git', 'git.example.com/acme', 'modules/web'],
  ['git::https://token:x@git.example.com/acme.git', 'git', 'git.example.com/acme', ''],
  ['git::ssh://git@git.example.com/acme.git//web', 'git', 'git.example.com/acme', 'web'],
  ['git@github.com:acme/modules.git//web?ref=v1', 'git', 'github.com/acme/modules', 'web'],
  ['github.com/acme/modules//web?ref=v1', 'git', 'github.com/acme/modules', 'web'],
  ['github.com/acme/modules/web', 'git', 'github.com/acme/modules', 'web'],
  ['https://files.example.com/web-1.0.0.zip', 'other', 'https://files.example.com/web-1.0.0.zip', ''],
  ['s3::https://bucket.example.com/web.zip//sub', 'other', 's3::https://bucket.example.com/web.zip', 'sub'],
])('%s', (source, kind, name, directory) => {
  expect(readSource(source)).toMatchObject({ kind, package: name, directory });
});

test.each([
  ['git::https://h.example/r.git?ref=v1', ['v1']],
  ['git::https://h.example/r.git?depth=1&ref=v1&sshkey=x', ['v1']],
  ['git::https://h.example/r.git?ref=feature%2Fx', ['feature/x']],
  ['git::https://h.example/r.git?ref=', ['']],
  ['git::https://h.example/r.git?ref=a&ref=b', ['a', 'b']],
  ['git::https://h.example/r.git?xref=a', []],
  ['git::https://h.example/r.git?ref', []],
])('the refs of %s', (source, refs) => {
  const read = readSource(source).refs;
  expect(read.map(({ value }) => value)).toEqual(refs);
  for (const { start, end, value } of read) expect(decodeURIComponent(source.slice(start, end))).toBe(value);
});

test.each([
  ['web-v1.0.0', 'web-v1.0.0'],
  ['modules/web/v1', 'modules/web/v1'],
  ['v1.0.0+build', 'v1.0.0%2Bbuild'],
])('the ref %s in a query', (ref, written) => {
  expect(encodedRef(ref)).toBe(written);
});
