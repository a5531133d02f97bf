import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  chmodSync,
  linkSync,
  mkdirSync,
  mkdtempSync,
  renameSync,
  rmSync,
  symlinkSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { ContentHashes } from '../../../buildspecs/program/modules/content-hashes.ts';
import { listContent } from '../../../buildspecs/program/modules/module-content.ts';
import { readDocument } from '../../docs/documents.ts';

let root: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'stagegate-content-'));
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

/** Writes files into a directory of the test, in the order given, and returns the directory. */
function directoryOf(name: string, files: Readonly<Record<string, string | Buffer>>): string {
  const directory = join(root, name);
  mkdirSync(directory, { recursive: true });
  for (const [path, content] of Object.entries(files)) {
    mkdirSync(dirname(join(directory, path)), { recursive: true });
    writeFileSync(join(directory, path), content);
  }
  return directory;
}

const identityOf = (directory: string): string => new ContentHashes().identityOf(listContent(directory, () => false));
const identityOfFiles = (files: Readonly<Record<string, string | Buffer>>): string => {
  const directory = directoryOf('module', files);
  const identity = identityOf(directory);
  rmSync(directory, { recursive: true });
  return identity;
};

const FILES = { 'main.tf': 'resource\n', 'modules/logs/main.tf': 'logs\n', 'files/run.sh': '#!/bin/sh\n' };

describe('the identity of a module', () => {
  test('is a fixed number for a fixed content: it is compared with those of years ago', () => {
    expect(identityOfFiles(FILES)).toBe('cc0ea5db1ecbd2cde35c13499d6098420d5b9532fee7cd48ef5fe4bef51a8ce0');
    expect(identityOfFiles({})).toBe('1ebe08346c5fd93657df58b5af718d5294366349c9e96ec26f130fbc5d98a28c');
  });

  test('does not depend on where the module is, in which order its files were written, and when', () => {
    const reversed = Object.fromEntries(Object.entries(FILES).reverse());
    const directory = directoryOf('.terraform/modules/web', reversed);
    execFileSync('touch', ['-d', '2001-01-01', join(directory, 'main.tf')]);
    expect(identityOf(directory)).toBe(identityOfFiles(FILES));
  });

  test('is what the commands in the documentation print', () => {
    const directory = directoryOf('module', {
      ...FILES,
      'a.tf': 'a',
      'a/b': 'b',
      'a-b': '',
      'with space\nand line': 'x',
      '-n': 'y',
      '.hidden/x': 'z',
      'modules/.terraform/x': 'z',
      größe: 'ü',
    });
    chmodSync(join(directory, 'files/run.sh'), 0o755);
    symlinkSync('../main.tf', join(directory, 'files/link'));
    mkdirSync(join(directory, 'empty'));
    const [, commands = ''] = /^```sh\n([^`]+)^```/m.exec(readDocument('docs/module-identities.md')) ?? [];
    const printed = execFileSync('bash', ['-c', commands], { cwd: directory, encoding: 'utf8' });
    expect(printed.split(' ')[0]?.trim()).toBe(identityOf(directory));
  });

  test.each([
    ['a byte of a file', { ...FILES, 'main.tf': 'resourcE\n' }],
    ['the end of a file', { ...FILES, 'main.tf': 'resource\n\n' }],
    [
      'the name of a file',
      { 'other.tf': 'resource\n', 'modules/logs/main.tf': 'logs\n', 'files/run.sh': '#!/bin/sh\n' },
    ],
    ['the directory of a file', { 'main.tf': 'resource\n', 'logs/main.tf': 'logs\n', 'files/run.sh': '#!/bin/sh\n' }],
    ['a file more', { ...FILES, 'empty.tf': '' }],
    ['a file less', { 'main.tf': 'resource\n', 'modules/logs/main.tf': 'logs\n' }],
    ['two contents that change places', { ...FILES, 'main.tf': 'logs\n', 'modules/logs/main.tf': 'resource\n' }],
  ])('changes with %s', (_, files) => {
    expect(identityOfFiles(files)).not.toBe(identityOfFiles(FILES));
  });

  test.each<[string, Readonly<Record<string, string>>, Readonly<Record<string, string>>]>([
    ['a name and a content', { ab: 'c' }, { a: 'bc' }],
    ['two files and one', { a: 'x', b: 'y' }, { a: 'xb\0y' }],
    ['a directory and a name', { 'a/b': '' }, { 'a-b': '' }],
    ['the end of a name and the next file', { 'a\nfile': '', b: '' }, { a: '', 'file\nb': '' }],
  ])('tells apart what written one after the other would look the same: %s', (_, one, other) => {
    expect(identityOfFiles(one)).not.toBe(identityOfFiles(other));
  });

  test('counts whether the owner may execute a file, and no other bit of it', () => {
    const directory = directoryOf('module', FILES);
    const place = join(directory, 'files/run.sh');
    const plain = identityOf(directory);
    chmodSync(place, 0o677);
    expect(identityOf(directory)).toBe(plain);
    chmodSync(place, 0o700);
    const executable = identityOf(directory);
    chmodSync(place, 0o755);
    expect([identityOf(directory), executable === plain]).toEqual([executable, false]);
  });

  test('counts the target of a link as it is written, and follows no link', () => {
    const directory = directoryOf('module', FILES);
    const outside = directoryOf('outside', { x: '1' });
    const link = join(directory, 'link');
    const identityWith = (target: string) => {
      symlinkSync(target, link);
      const identity = identityOf(directory);
      unlinkSync(link);
      return identity;
    };
    const identities = ['main.tf', './main.tf', 'nowhere', '.', '../outside'].map(identityWith);
    expect(new Set([...identities, identityOf(directory)]).size).toBe(6);
    const [, , , , toOutside] = identities;
    writeFileSync(join(outside, 'x'), '2');
    expect(identityWith('../outside')).toBe(toOutside);
  });

  test('tells a link from a file that contains its target', () => {
    const directory = directoryOf('module', {});
    symlinkSync('main.tf', join(directory, 'a'));
    expect(identityOf(directory)).not.toBe(identityOfFiles({ a: 'main.tf' }));
  });

  test('takes a hard link as the file that it is', () => {
    const directory = directoryOf('module', { a: 'x' });
    linkSync(join(directory, 'a'), join(directory, 'b'));
    expect(identityOf(directory)).toBe(identityOfFiles({ a: 'x', b: 'x' }));
  });

  test.each([
    '.git/HEAD',
    '.terraform/modules/modules.json',
    '.terraform.lock.hcl',
    'modules/logs/.hidden',
    'a/.b/c/d',
  ])('does not count %s: a name begins with a dot', (path) => {
    expect(identityOfFiles({ ...FILES, [path]: 'x' })).toBe(identityOfFiles(FILES));
  });

  test('does not count empty directories, nor a named pipe', () => {
    const directory = directoryOf('module', FILES);
    mkdirSync(join(directory, 'empty/deeper'), { recursive: true });
    execFileSync('bash', ['-c', 'mkfifo pipe'], { cwd: directory });
    expect(identityOf(directory)).toBe(identityOfFiles(FILES));
  });

  test('sorts by bytes, as other programs do: a directory is not together with what is in it', () => {
    const directory = directoryOf('module', { 'a/b': '', 'a-b': '', a0: '', Z: '', é: '', '￿': '', '😀': '' });
    const paths = listContent(directory, () => false).map(({ path }) => path.toString());
    expect(paths).toEqual(['Z', 'a-b', 'a/b', 'a0', 'é', '￿', '😀']);
  });

  test('has names that are no UTF-8, and tells them apart', () => {
    const directory = directoryOf('module', {});
    const inDirectory = (byte: number) => Buffer.concat([Buffer.from(`${directory}/x`), Buffer.from([byte])]);
    writeFileSync(inDirectory(0xff), '1');
    const first = identityOf(directory);
    renameSync(inDirectory(0xff), inDirectory(0xfe));
    expect(identityOf(directory)).not.toBe(first);
  });

  test('is the same for a file of many pieces, whoever hashes it', () => {
    const large = Buffer.alloc(3 * 1024 * 1024 + 1, 'stagegate');
    const sha256 = (content: Buffer | string) => createHash('sha256').update(content).digest('hex');
    const expected = sha256(`stagegate-module-1\0file\0large\0${sha256(large)}\0`);
    expect(identityOfFiles({ large })).toBe(expected);
  });

  test('is of the bytes that a file had when it was first read: each is read once', () => {
    const directory = directoryOf('module', FILES);
    const hashes = new ContentHashes();
    const read = () => hashes.identityOf(listContent(directory, () => false));
    const first = read();
    writeFileSync(join(directory, 'main.tf'), 'other\n');
    expect(read()).toBe(first);
  });
});
