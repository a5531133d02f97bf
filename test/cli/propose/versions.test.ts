import { describe, expect, test } from '@jest/globals';
import { exactVersion, relationTo } from '../../../cli/propose/constraint.ts';
import { decideRegistryVersion } from '../../../cli/propose/registry-version.ts';
import { compareVersions, readVersion, readVersionRef } from '../../../cli/propose/version-order.ts';

function version(text: string) {
  const read = readVersion(text);
  if (!read) throw new Error(text);
  return read;
}

describe('versions', () => {
  const ordered = [
    '0.9',
    '1.0.0-alpha',
    '1.0.0-alpha.1',
    '1.0.0-rc.2',
    '1.0.0-rc.10',
    '1.0.0',
    '1.0.1',
    '1.2',
    '1.10.0',
    'v2.0.0',
  ];

  test('have the order of semantic versioning', () => {
    for (const [one, here] of ordered.entries())
      for (const [other, there] of ordered.entries())
        expect(Math.sign(compareVersions(version(here), version(there)))).toBe(Math.sign(one - other));
  });

  test.each([
    ['1.2.3', '', '1.2.3'],
    ['v1.2.3', 'v', '1.2.3'],
    ['web-service-v1.0.0', 'web-service-v', '1.0.0'],
    ['modules/web/1.0', 'modules/web/', '1.0'],
    ['k8s-1.29-v2.0.0', 'k8s-1.29-v', '2.0.0'],
    ['1.2.3-4.5', '', '1.2.3-4.5'],
  ])('are read from the ref %s', (ref, family, numbers) => {
    expect(readVersionRef(ref)).toEqual({ family, version: version(numbers) });
  });

  test.each(['main', 'v1', 'release', '2024', 'fix-1', 'rev1.2.3', '0123456789abcdef0123456789abcdef01234567'])(
    'are not read from the ref %s',
    (ref) => {
      expect(readVersionRef(ref)).toBeUndefined();
    },
  );
});

describe('a version constraint', () => {
  test.each([
    ['~> 5.0', '5.1.2', 'allows'],
    ['~> 5.0', '6.0.0', 'behind'],
    ['~> 5.0', '4.9.9', 'ahead'],
    ['~> 5.0.1', '5.0.9', 'allows'],
    ['~> 5.0.1', '5.1.0', 'behind'],
    ['~> 5', '6.0.0', 'allows'],
    ['>= 1.0, < 2.0', '1.5.0', 'allows'],
    ['>= 1.0, < 2.0', '2.0.0', 'behind'],
    ['>= 1.0, < 2.0', '0.9.0', 'ahead'],
    ['> 1.0, <= 2.0', '2.0.0', 'allows'],
    ['!= 1.5.0', '1.5.0', 'unclear'],
    ['>= 2.0, < 1.0', '1.5.0', 'unclear'],
    ['~> 1.0', '1.5.0-rc.1', 'unclear'],
    ['1.5.0-rc.1', '1.5.0-rc.1', 'allows'],
    ['latest', '1.0.0', 'unclear'],
    ['', '1.0.0', 'unclear'],
  ])('%j of %s: %s', (constraint, ran, relation) => {
    expect(relationTo(constraint, version(ran))).toBe(relation);
  });

  test.each([
    ['1.2.3', '1.2.3'],
    ['= 1.2.3', '1.2.3'],
    [' =1.2.3 ', '1.2.3'],
  ])('%j allows one version', (constraint, written) => {
    const exact = exactVersion(constraint);
    expect(constraint.slice(exact?.start, exact?.end)).toBe(written);
  });

  test.each(['~> 1.0', '>= 1.0', '1.0, 2.0', '!= 1.0'])('%j allows more', (constraint) => {
    expect(exactVersion(constraint)).toBeUndefined();
  });
});

test.each([
  ['1.0.0', '1.1.0', 'change'],
  ['1.1.0', '1.1.0', 'same'],
  ['1.1', '1.1.0', 'same'],
  ['1.2.0', '1.1.0', 'ahead'],
  ['~> 4.0', '5.1.2', 'change'],
  ['~> 5.0', '5.1.2', 'same'],
  ['~> 6.0', '5.1.2', 'ahead'],
  ['!= 5.1.2', '5.1.2', 'undecided'],
  ['1.0.0', '~> 5.0', 'undecided'],
])('a registry call with %j after %s ran: %s', (written, ran, verdict) => {
  expect(decideRegistryVersion(written, ran, 'dev1').verdict).toBe(verdict);
});
