import { describe, expect, test } from '@jest/globals';
import { certificateNamesOf, hostnameOf, isWithin, zoneNamesFor } from '../../../lambdas/domain/model/dns/hostname.ts';
import { anApplication, anEnvironment } from '../../harness/builders.ts';

const refusal = (work: () => unknown): unknown => {
  try {
    return work();
  } catch (error) {
    return error;
  }
};

describe('a hostname', () => {
  test('is made of application, environment, region, stage and service discovery domain', () => {
    const application = anApplication({ name: 'shop', serviceDiscoveryDomain: 'acme.example' });
    const environment = anEnvironment({ name: 'prod1', stage: 'production', region: 'us-east-1' });
    expect(hostnameOf(application, environment)).toBe('shop-prod1-us-east-1.production.acme.example');
  });

  test('needs a service discovery domain', () => {
    expect(refusal(() => hostnameOf(anApplication(), anEnvironment()))).toMatchObject({
      refusal: 'no-service-domain',
      message: expect.stringContaining('"my-app"'),
    });
  });

  const named = (app: number, env: number, domain = 'acme.example') =>
    [
      anApplication({ name: 'a'.repeat(app), serviceDiscoveryDomain: domain }),
      anEnvironment({ name: 'e'.repeat(env), region: 'ap-southeast-2' }),
    ] as const;

  test('may have a first part of 63 characters, and no longer one', () => {
    expect(hostnameOf(...named(31, 16)).split('.')[0]).toHaveLength(63);
    expect(refusal(() => hostnameOf(...named(32, 16)))).toMatchObject({
      refusal: 'hostname-too-long',
      message: expect.stringMatching(/"a{32}-e{16}-ap-southeast-2", has 64 characters; DNS allows 63/),
    });
  });

  test('may have 253 characters, and no more', () => {
    const domain = (length: number) =>
      `${'d'.repeat(60)}.`
        .repeat(5)
        .slice(-(length - 4))
        .replace(/^\./, 'd')
        .concat('test');
    const fixed = 'a-e-ap-southeast-2.development.'.length;
    expect(hostnameOf(...named(1, 1, domain(253 - fixed)))).toHaveLength(253);
    expect(refusal(() => hostnameOf(...named(1, 1, domain(254 - fixed))))).toMatchObject({
      refusal: 'hostname-too-long',
      message: expect.stringContaining('DNS allows 253'),
    });
  });
});

describe('the names of its certificate', () => {
  const PARENT = 'development.acme.example';
  const hostname = (length: number) => `${'a'.repeat(length - PARENT.length - 1)}.${PARENT}`;

  test('are the hostname alone as long as it fits into a common name', () => {
    expect(certificateNamesOf(hostname(64))).toEqual([hostname(64)]);
  });

  test('begin with a short name of its own under the same parent where it does not', () => {
    const [common, ...others] = certificateNamesOf(hostname(65));
    expect(others).toEqual([hostname(65)]);
    expect(common).toMatch(/^c-[0-9a-f]{12}\.development\.acme\.example$/);
    expect(certificateNamesOf(hostname(65))[0]).toBe(common);
    expect(certificateNamesOf(`b${hostname(65).slice(1)}`)[0]).not.toBe(common);
  });

  test('never share the short name with a hostname: those end with a region', () => {
    const [common = ''] = certificateNamesOf(hostname(65));
    expect(common.split('.')[0]).not.toMatch(/-[a-z]{2}(-[a-z]+)+-\d$/);
  });

  test('are refused where even the short name does not fit', () => {
    const parent = (length: number) => `development.${'d'.repeat(length - 'development..test'.length)}.test`;
    const long = (length: number) => `my-app-dev1-eu-west-1.${parent(length)}`;
    expect(certificateNamesOf(long(49))[0]).toHaveLength(64);
    expect(refusal(() => certificateNamesOf(long(50)))).toMatchObject({
      refusal: 'hostname-too-long',
      message: expect.stringContaining('has 65'),
    });
  });
});

test('a zone for a name is the nearest of those above it, and no top-level domain', () => {
  expect(zoneNamesFor('a.b.acme.example')).toEqual(['a.b.acme.example', 'b.acme.example', 'acme.example']);
});

test.each([
  ['acme.example', 'acme.example', true],
  ['a.acme.example', 'acme.example', true],
  ['evilacme.example', 'acme.example', false],
  ['acme.example', 'a.acme.example', false],
])('%s is within %s: %s', (name, domain, expected) => {
  expect(isWithin(name, domain)).toBe(expected);
});
