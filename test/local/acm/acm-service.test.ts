import {
  AddTagsToCertificateCommand,
  type CertificateDetail,
  DeleteCertificateCommand,
  DescribeCertificateCommand,
  ListCertificatesCommand,
  ListTagsForCertificateCommand,
  RequestCertificateCommand,
  type RequestCertificateCommandInput,
} from '@aws-sdk/client-acm';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { describeCertificates } from '../../contracts/certificates-contract.ts';
import { ALL, DNS_ROLE, type DnsCloud, openDnsCloud, ZONE_ACCOUNT } from '../open-dns-cloud.ts';
import { temporaryDirectory } from '../temporary-directory.ts';

let cloud: DnsCloud;
let zoneId: string;
beforeAll(async () => {
  cloud = await openDnsCloud();
  zoneId = cloud.route53.zones.create({ accountId: ZONE_ACCOUNT, name: 'acme.example', isDelegated: true }).id;
});
const contractClouds: DnsCloud[] = [];
afterAll(async () => {
  for (const each of [cloud, ...contractClouds]) await each.close();
});

describeCertificates('AcmCertificates on the local ACM', async () => {
  const own = await openDnsCloud();
  contractClouds.push(own);
  return { certificates: own.certificates, role: DNS_ROLE, passTime: () => own.clock.advance(0.1) };
});

const refusal = (call: Promise<unknown>) =>
  call.then(
    () => 'no error',
    ({ name, message }: Error) => `${name}: ${message}`,
  );
const request = async (input: Partial<RequestCertificateCommandInput> = {}) => {
  const { CertificateArn = '' } = await cloud.operator.acm.send(
    new RequestCertificateCommand({ DomainName: 'web.acme.example', ValidationMethod: 'DNS', ...input }),
  );
  return CertificateArn;
};
const describe_ = async (CertificateArn: string): Promise<CertificateDetail> =>
  (await cloud.operator.acm.send(new DescribeCertificateCommand({ CertificateArn }))).Certificate ?? {};

const UNTIL_RECORDS_SECONDS = 0.3;

/** Puts every validation record of a certificate into the zone. */
async function prove(arn: string, zone = zoneId): Promise<void> {
  await cloud.clock.advance(UNTIL_RECORDS_SECONDS);
  for (const { ResourceRecord } of (await describe_(arn)).DomainValidationOptions ?? [])
    cloud.route53.zones.change(zone, [
      {
        action: 'UPSERT',
        set: { name: ResourceRecord?.Name ?? '', type: 'CNAME', ttl: 60, values: [ResourceRecord?.Value ?? ''] },
      },
    ]);
}

describe('the local ACM', () => {
  it('tells the record only some moments after the request', async () => {
    const arn = await request();
    const [early] = (await describe_(arn)).DomainValidationOptions ?? [];
    expect([early?.DomainName, early?.ResourceRecord]).toEqual(['web.acme.example', undefined]);
    await cloud.clock.advance(UNTIL_RECORDS_SECONDS);
    const [late] = (await describe_(arn)).DomainValidationOptions ?? [];
    expect(late?.ResourceRecord?.Name).toMatch(/^_[0-9a-f]{32}\.web\.acme\.example\.$/);
  });

  it('issues once every record is in a delegated zone, for thirteen months', async () => {
    const arn = await request({ SubjectAlternativeNames: ['web2.acme.example'] });
    expect((await describe_(arn)).Status).toBe('PENDING_VALIDATION');
    await prove(arn);
    const { Status, NotAfter, SubjectAlternativeNames } = await describe_(arn);
    expect([Status, SubjectAlternativeNames]).toEqual(['ISSUED', ['web.acme.example', 'web2.acme.example']]);
    expect(((NotAfter?.getTime() ?? 0) - cloud.clock.now()) / 86_400_000).toBe(395);
  });

  it('issues nothing for a record in a zone that is not delegated', async () => {
    const { id } = cloud.route53.zones.create({ accountId: ZONE_ACCOUNT, name: 'hidden.example' });
    const arn = await request({ DomainName: 'web.hidden.example' });
    await prove(arn, id);
    expect((await describe_(arn)).Status).toBe('PENDING_VALIDATION');
    cloud.route53.zones.delegate(id, true);
    expect((await describe_(arn)).Status).toBe('ISSUED');
  });

  it('issues nothing for a name that a test holds back', async () => {
    const arn = await request({ DomainName: 'held.acme.example' });
    cloud.acm.certificates.heldNames.add('held.acme.example');
    await prove(arn);
    expect((await describe_(arn)).Status).toBe('PENDING_VALIDATION');
    cloud.acm.certificates.heldNames.delete('held.acme.example');
    expect((await describe_(arn)).Status).toBe('ISSUED');
  });

  it('keeps a certificate that something serves', async () => {
    const arn = await request();
    cloud.acm.certificates.change(arn, { inUseBy: ['arn:aws:elasticloadbalancing:lb'] });
    expect(await cloud.certificates.delete({ ...DNS_ROLE }, 'eu-west-1', arn).catch(() => 'denied')).toBe('denied');
    const deletion = new DeleteCertificateCommand({ CertificateArn: arn });
    expect(await refusal(cloud.operator.acm.send(deletion))).toContain('ResourceInUseException');
    expect((await describe_(arn)).InUseBy).toEqual(['arn:aws:elasticloadbalancing:lb']);
  });

  it('tells of a renewal that fails', async () => {
    const arn = await request();
    cloud.acm.certificates.change(arn, { renewal: { status: 'FAILED' }, failureReason: 'CAA_ERROR' });
    const { RenewalSummary, FailureReason } = await describe_(arn);
    expect([RenewalSummary?.RenewalStatus, FailureReason]).toEqual(['FAILED', 'CAA_ERROR']);
  });

  it('keeps tags', async () => {
    const arn = await request({ Tags: [{ Key: 'a', Value: '1' }] });
    const Tags = [{ Key: 'b', Value: '2' }];
    await cloud.operator.acm.send(new AddTagsToCertificateCommand({ CertificateArn: arn, Tags }));
    const answer = await cloud.operator.acm.send(new ListTagsForCertificateCommand({ CertificateArn: arn }));
    expect(answer.Tags).toEqual([{ Key: 'a', Value: '1' }, ...Tags]);
  });

  it.each<[string, Partial<RequestCertificateCommandInput>, string]>([
    ['a common name of more than 64 characters', { DomainName: `${'a'.repeat(53)}.acme.example` }, '64 octets'],
    ['what is no name', { DomainName: 'not a name' }, 'a domain name'],
    ['validation by e-mail', { ValidationMethod: 'EMAIL' }, 'only validation by DNS'],
    ['a token with other characters', { IdempotencyToken: 'a-b' }, 'word characters'],
    ['an option it does not know', { KeyAlgorithm: 'RSA_4096' }, 'KeyAlgorithm'],
  ])('refuses %s by name', async (_, input, words) => {
    const refused = await refusal(request(input));
    expect(refused).toContain('ValidationException');
    expect(refused).toContain(words);
  });

  it('refuses operations it does not have by name', async () => {
    expect(await refusal(cloud.operator.acm.send(new ListCertificatesCommand({})))).toContain('ListCertificates');
  });

  it('keeps certificates', async () => {
    const directory = temporaryDirectory();
    const before = await openDnsCloud(directory);
    const wanted = { names: ['web.acme.example'], token: 'once', tags: {} };
    const arn = await before.certificates.request(DNS_ROLE, 'eu-west-1', wanted);
    await before.close();
    const after = await openDnsCloud(directory);
    expect(await after.certificates.request(DNS_ROLE, 'eu-west-1', wanted)).toBe(arn);
    expect(await after.certificates.describe(DNS_ROLE, 'eu-west-1', arn)).toMatchObject({
      status: 'pending_validation',
    });
    await after.close();
  });
});

describe('access to certificates', () => {
  afterEach(() => cloud.allow(ALL));
  const tag = 'stagegate-environment';
  let requests = 0;
  const requestAs = (names: string[], tags: Record<string, string> = { [tag]: 'my-app/dev1' }) =>
    cloud.certificates.request(DNS_ROLE, 'eu-west-1', { names, token: `access${++requests}`, tags });

  it('can be limited to names and tags at the request', async () => {
    const own = { StringEquals: { [`aws:RequestTag/${tag}`]: 'my-app/dev1' } };
    cloud.allow([
      {
        Effect: 'Allow',
        Action: 'acm:RequestCertificate',
        Resource: '*',
        Condition: { ...own, 'ForAllValues:StringEquals': { 'acm:DomainNames': ['web.acme.example'] } },
      },
      {
        Effect: 'Allow',
        Action: 'acm:AddTagsToCertificate',
        Condition: own,
        Resource: `arn:aws:acm:eu-west-1:${ZONE_ACCOUNT}:certificate/*`,
      },
    ]);
    expect(await refusal(requestAs(['web.acme.example']))).toBe('no error');
    expect(await refusal(requestAs(['web.acme.example', 'www.acme.example']))).toContain('AccessDenied');
    expect(await refusal(requestAs(['web.acme.example'], { [tag]: 'my-app/prod1' }))).toContain('AccessDenied');
    expect(await refusal(requestAs(['web.acme.example'], {}))).toContain('AccessDenied');
  });

  it('can be limited to tags with certain keys', async () => {
    cloud.allow([
      {
        Effect: 'Allow',
        Action: ['acm:RequestCertificate', 'acm:AddTagsToCertificate'],
        Resource: '*',
        Condition: { 'ForAllValues:StringEquals': { 'aws:TagKeys': [tag] } },
      },
    ]);
    expect(await refusal(requestAs(['b.acme.example']))).toBe('no error');
    expect(await refusal(requestAs(['b.acme.example'], { [tag]: 'my-app/dev1', other: '1' }))).toContain(
      'AccessDenied',
    );
  });

  it('can be limited to certificates that have the tag', async () => {
    const [own, other] = [await requestAs(['a.acme.example']), await requestAs(['b.acme.example'], { [tag]: 'x/y' })];
    cloud.allow([
      {
        Effect: 'Allow',
        Action: ['acm:DescribeCertificate', 'acm:DeleteCertificate'],
        Resource: '*',
        Condition: { StringEquals: { [`aws:ResourceTag/${tag}`]: 'my-app/dev1' } },
      },
    ]);
    expect(await refusal(cloud.certificates.describe(DNS_ROLE, 'eu-west-1', other))).toContain('AccessDenied');
    expect(await refusal(cloud.certificates.delete(DNS_ROLE, 'eu-west-1', other))).toContain('AccessDenied');
    expect(await cloud.certificates.delete(DNS_ROLE, 'eu-west-1', own)).toBe('deleted');
  });

  it('ends at the account', async () => {
    expect(await refusal(cloud.certificates.describe(DNS_ROLE, 'eu-west-1', await request()))).toContain(
      'AccessDenied',
    );
  });
});
