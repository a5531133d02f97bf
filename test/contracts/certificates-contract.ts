import { beforeAll, describe, expect, test } from '@jest/globals';
import type { DescribedCertificate } from '../../lambdas/domain/model/dns/certificate.ts';
import type { AssumedRole, Certificates } from '../../lambdas/domain/ports.ts';

interface Open {
  readonly certificates: Certificates;
  readonly role: AssumedRole;
  /** Lets a little of the time pass in which the service makes up its records. */
  passTime(): Promise<unknown>;
}

const REGION = 'eu-west-1';
const NAMES = ['web.acme.example', 'my-app-dev1-eu-west-1.development.acme.example'];

/** What everything that calls itself Certificates must do. */
export function describeCertificates(name: string, open: () => Promise<Open>): void {
  describe(name, () => {
    let { certificates, role, passTime }: Open = {} as Open;
    beforeAll(async () => {
      ({ certificates, role, passTime } = await open());
    });
    const request = (token: string, names = NAMES) =>
      certificates.request(role, REGION, { names, token, tags: { 'stagegate-environment': 'my-app/dev1' } });
    const describe_ = (arn: string) => certificates.describe(role, REGION, arn);
    async function until(arn: string, isWanted: (certificate: DescribedCertificate) => boolean) {
      for (;;) {
        const certificate = await describe_(arn);
        if (certificate && isWanted(certificate)) return certificate;
        await passTime();
      }
    }

    test('asks for a certificate of all names, in the region and the account of the role', async () => {
      const arn = await request('names');
      expect(arn).toMatch(/^arn:aws:acm:eu-west-1:\d{12}:certificate\/.+/);
      const certificate = await until(arn, () => true);
      expect(certificate.names.toSorted()).toEqual(NAMES.toSorted());
      expect(certificate).toMatchObject({ arn, status: 'pending_validation', usedBy: [] });
    });

    test('asks once with one token', async () => {
      const arn = await request('once');
      expect(await request('once')).toBe(arn);
      expect(await request('twice')).not.toBe(arn);
    });

    test('tells a record for each name in the end', async () => {
      const arn = await request('records');
      const { validation } = await until(arn, ({ withoutRecord }) => withoutRecord.length === 0);
      for (const wanted of NAMES)
        expect(validation).toContainEqual({
          name: expect.stringMatching(new RegExp(`^_[^.]+\\.${wanted}$`)),
          type: 'CNAME',
          value: expect.stringMatching(/^_[^.]+\..*[a-z]$/),
        });
    });

    test('knows nothing of a certificate that was deleted, and deletes it again without complaint', async () => {
      const arn = await request('deleted', ['gone.acme.example']);
      expect(await certificates.delete(role, REGION, arn)).toBe('deleted');
      expect(await describe_(arn)).toBeUndefined();
      expect(await certificates.delete(role, REGION, arn)).toBe('deleted');
    });

    test('knows nothing of a certificate that never was', async () => {
      const account = role.roleArn.split(':')[4];
      const arn = `arn:aws:acm:${REGION}:${account}:certificate/00000000-0000-4000-8000-000000000000`;
      expect(await describe_(arn)).toBeUndefined();
    });
  });
}
