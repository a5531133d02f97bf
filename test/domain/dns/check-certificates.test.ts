import { beforeEach, describe, expect, test } from '@jest/globals';
import { checkCertificates } from '../../../lambdas/domain/dns/check-certificates.ts';
import type { DescribedCertificate } from '../../../lambdas/domain/model/dns/certificate.ts';
import { LISTINGS } from '../../../lambdas/domain/model/table/listings.ts';
import { DNS_SETTINGS } from '../../harness/builders.ts';
import { DnsWorld } from '../../harness/dns-world.ts';

let world: DnsWorld;
let arn: string;
beforeEach(async () => {
  world = await DnsWorld.openWithDns();
  await world.run();
  world.events.published.length = 0;
  arn = (await world.dns())?.certificate.arn ?? '';
});

const change = (facts: Partial<DescribedCertificate>) => world.certificates.change(arn, facts);
const told = () => world.events.published.map(({ name, detail }) => [name, 'problem' in detail ? detail.problem : '']);
const lines = async () =>
  (await world.store.list(LISTINGS.environmentEvents('my-app', 'dev1'))).items.map(({ type, reason }) => [
    type,
    reason,
  ]);
const daysFromNow = (days: number) => new Date(Date.parse(world.surroundings.now()) + days * 86_400_000).toISOString();

describe('the check of certificates', () => {
  test('keeps status and expiry up to date, and tells nothing while all is well', async () => {
    world.surroundings.advance(24 * 3600);
    expect(await checkCertificates(world)).toEqual([]);
    expect((await world.dns())?.certificate).toMatchObject({ status: 'issued', checkedAt: world.surroundings.now() });
    expect([told(), await lines()]).toEqual([[], []]);
  });

  test('writes nothing when it finds nothing new within a day', async () => {
    world.surroundings.advance(24 * 3600);
    await checkCertificates(world);
    const recorded = await world.dns();
    world.surroundings.advance(6 * 3600);
    expect(await checkCertificates(world)).toEqual([]);
    expect(await world.dns()).toEqual(recorded);
  });

  test('tells of a renewal once', async () => {
    change({ expiresAt: '2028-12-23T23:59:59.000Z', renewal: { status: 'success' } });
    for (let times = 0; times < 2; times++) expect(await checkCertificates(world)).toEqual([]);
    expect(world.events.published).toEqual([
      {
        name: 'CertificateRenewed',
        detail: {
          application: 'my-app',
          environment: 'dev1',
          certificateArn: arn,
          status: 'issued',
          hostname: 'my-app-dev1-eu-west-1.development.acme.example',
          expiresAt: '2028-12-23T23:59:59.000Z',
        },
      },
    ]);
    expect(await lines()).toEqual([['certificate-renewed', 'valid until 2028-12-23T23:59:59.000Z']]);
    expect((await world.dns())?.certificate.expiresAt).toBe('2028-12-23T23:59:59.000Z');
  });

  test('tells of a renewal also when a deployment saw it first', async () => {
    change({ expiresAt: '2028-12-23T23:59:59.000Z' });
    await world.run();
    world.events.published.length = 0;
    await checkCertificates(world);
    expect(told()).toEqual([['CertificateRenewed', '']]);
  });

  test.each<[string, () => Partial<DescribedCertificate>]>([
    ['renewal_failed', () => ({ renewal: { status: 'failed', reason: 'CAA_ERROR' } })],
    ['renewal_pending_validation', () => ({ renewal: { status: 'pending_validation' } })],
    ['expiring', () => ({ expiresAt: daysFromNow(29) })],
    ['expired', () => ({ status: 'expired', expiresAt: daysFromNow(-1) })],
    ['revoked', () => ({ status: 'revoked' })],
    ['inactive', () => ({ status: 'inactive' })],
  ])('tells of %s once, and answers it every time', async (problem, facts) => {
    change(facts());
    for (let times = 0; times < 2; times++)
      expect(await checkCertificates(world)).toEqual([{ application: 'my-app', environment: 'dev1', problem }]);
    expect(told()).toEqual([['CertificateFailing', problem]]);
    expect(await lines()).toEqual([['certificate-failing', problem]]);
  });

  test.each([31, 400])('is content with %d days left', async (days) => {
    change({ expiresAt: daysFromNow(days) });
    expect(await checkCertificates(world)).toEqual([]);
  });

  test('tells of a certificate that somebody deleted', async () => {
    world.certificates.held.clear();
    expect(await checkCertificates(world)).toEqual([
      { application: 'my-app', environment: 'dev1', problem: 'missing' },
    ]);
    expect((await world.dns())?.certificate.status).toBe('missing');
  });

  test('tells of each new problem, and of an old one that came back', async () => {
    for (const facts of [
      { expiresAt: daysFromNow(20) },
      { status: 'expired' as const },
      { status: 'issued' as const, expiresAt: daysFromNow(395) },
      { expiresAt: daysFromNow(20) },
    ]) {
      change(facts);
      await checkCertificates(world);
    }
    expect(told()).toEqual([
      ['CertificateFailing', 'expiring'],
      ['CertificateFailing', 'expired'],
      ['CertificateRenewed', ''],
      ['CertificateFailing', 'expiring'],
    ]);
  });

  test('tells it again rather than never when it could not be written down', async () => {
    change({ status: 'expired' });
    const { transact } = world.store;
    world.store.transact = () => Promise.reject(new Error('crash'));
    expect(await checkCertificates(world)).toEqual([expect.objectContaining({ problem: 'Error: crash' })]);
    world.store.transact = transact;
    await checkCertificates(world);
    expect(told()).toEqual([
      ['CertificateFailing', 'expired'],
      ['CertificateFailing', 'expired'],
    ]);
  });

  test('leaves a certificate to the deployment that still waits for it', async () => {
    world.certificates.isVisible = () => false;
    await world.change('stage1', { dns: DNS_SETTINGS });
    await world.run('stage1', { release: 2 });
    expect((await world.dns('stage1'))?.certificate.status).toBe('pending_validation');
    expect(await checkCertificates(world)).toEqual([]);
  });

  test('asks about the others when one cannot be asked about', async () => {
    await world.change('stage1', { dns: DNS_SETTINGS });
    await world.run('stage1', { release: 2 });
    change({ status: 'expired' });
    const { describe: ask } = world.certificates;
    world.certificates.describe = async (...call) => {
      if (call[2] === arn) throw new Error('AccessDenied');
      return ask.apply(world.certificates, call);
    };
    world.surroundings.advance(24 * 3600);
    expect(await checkCertificates(world)).toEqual([
      { application: 'my-app', environment: 'dev1', problem: 'Error: AccessDenied' },
    ]);
    expect((await world.dns('stage1'))?.certificate.checkedAt).toBe(world.surroundings.now());
  });

  test('does not write over a certificate that a deployment has replaced meanwhile', async () => {
    const { describe: ask } = world.certificates;
    world.certificates.describe = async (...call) => {
      world.certificates.describe = ask;
      change({ status: 'expired' });
      await world.run();
      return ask.apply(world.certificates, call);
    };
    await checkCertificates(world);
    const dns = await world.dns();
    expect(dns?.certificate.arn).not.toBe(arn);
    expect(dns?.certificate.status).toBe('issued');
  });

  test('acts as the role of each environment', async () => {
    world.certificates.roles.clear();
    await checkCertificates(world);
    expect([...world.certificates.roles]).toEqual(['arn:aws:iam::111111111111:role/stagegate-my-app-dev1-dns']);
  });
});
