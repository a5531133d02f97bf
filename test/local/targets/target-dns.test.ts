import {
  ACMClient,
  AddTagsToCertificateCommand,
  DeleteCertificateCommand,
  DescribeCertificateCommand,
} from '@aws-sdk/client-acm';
import { Route53Client } from '@aws-sdk/client-route-53';
import { AssumeRoleCommand, STSClient } from '@aws-sdk/client-sts';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { AcmCertificates } from '../../../lambdas/adapters/acm-certificates.ts';
import { Route53HostedZones } from '../../../lambdas/adapters/route53-hosted-zones.ts';
import { ensureCertificate } from '../../../lambdas/domain/dns/ensure-certificate.ts';
import { publishDns } from '../../../lambdas/domain/dns/publish-dns.ts';
import type { Outputs } from '../../../lambdas/domain/model/outputs.ts';
import { loadAssembly } from '../../../local/assembly/cloud-assembly.ts';
import { roleSession } from '../../../local/door/callers.ts';
import { createDoor, type LocalDoor } from '../../../local/door/door.ts';
import { type DoorServer, startDoorServer } from '../../../local/door/door-server.ts';
import { openDatabase } from '../../../local/persistence/database.ts';
import { type AcmService, createAcmService } from '../../../local/services/acm/acm-service.ts';
import type { LocalContext } from '../../../local/services/local-context.ts';
import { createRoute53Service, type Route53Service } from '../../../local/services/route53/route53-service.ts';
import { createStsService } from '../../../local/services/sts/sts-service.ts';
import { createTargetDns, type DnsEnvironment } from '../../../local/targets/target-dns.ts';
import { DNS_SETTINGS, HOSTNAME, NOW } from '../../harness/builders.ts';
import { assemblyOf } from '../../harness/synthesized.ts';
import { World } from '../../harness/world.ts';
import { ManualClock } from '../manual-clock.ts';

/**
 * The DNS operations and their adapters against Route 53 and ACM over HTTP, with the permissions of the template's
 * roles.
 */

const CONTROL = '000000000000';
const ACCOUNT = '111111111111';
const FUNCTION_ROLE = `arn:aws:iam::${CONTROL}:role/stagegate-ensure-certificate`;
const CERTIFICATE_ROLE = `arn:aws:iam::${ACCOUNT}:role/stagegate-my-app-dev1-dns`;

/** The clock of Route 53 and ACM. */
const clock = new ManualClock();
let door: LocalDoor;
let server: DoorServer;
let route53: Route53Service;
let acm: AcmService;
let world: World;
let registered: DnsEnvironment;

beforeAll(async () => {
  const log = () => {};
  door = createDoor({ accountId: CONTROL, region: 'eu-west-1', log });
  server = await startDoorServer(door, log);
  const database = openDatabase(undefined);
  route53 = createRoute53Service({ database }, clock);
  acm = createAcmService(
    { database },
    {
      clock,
      findCname: (name) => route53.zones.publicCname(name),
    },
  );
  const targetDns = createTargetDns({
    context: { accountId: CONTROL, log } as unknown as LocalContext,
    door,
    zones: route53.zones,
    assembly: loadAssembly(assemblyOf()),
    findEnvironments: async (roleArn) =>
      [registered].filter(({ certificateRoleArn, zone }) => [certificateRoleArn, zone.roleArn].includes(roleArn)),
  });
  const sts = createStsService({ door }, { beforeAssume: (roleArn) => targetDns.enter(roleArn) });
  for (const { service } of [route53, acm, sts]) door.register(service);
  for (const name of ['ensure-certificate', 'publish-dns', 'check-certificates', 'read']) {
    const role = `arn:aws:iam::${CONTROL}:role/stagegate-${name}`;
    door.policies.putRole(role, {
      Statement: [{ Effect: 'Allow', Principal: { Service: 'lambda.amazonaws.com' }, Action: 'sts:AssumeRole' }],
    });
    door.policies.putRolePolicy(role, 'own', {
      Statement: [{ Effect: 'Allow', Action: 'sts:AssumeRole', Resource: 'arn:aws:iam::*:role/stagegate-*-*-dns' }],
    });
  }
});
afterAll(async () => {
  await server.close();
});

beforeEach(async () => {
  world = await World.open({ serviceDiscoveryDomain: 'acme.example' });
  await world.change('dev1', { dns: DNS_SETTINGS });
  await world.release();
  registered = {
    application: 'my-app',
    name: 'dev1',
    accountId: ACCOUNT,
    region: 'eu-west-1',
    externalId: 'a'.repeat(32),
    hostname: HOSTNAME,
    certificateNames: [HOSTNAME],
    certificateRoleArn: CERTIFICATE_ROLE,
    zone: {},
  };
});

function services(role = FUNCTION_ROLE) {
  const at = { endpoint: server.url, region: 'eu-west-1' };
  const sts = new STSClient({ ...at, credentials: door.issueCredentials(roleSession(role, 'function')) });
  return {
    store: world.store,
    surroundings: world.surroundings,
    artifacts: world.artifacts,
    patience: { pollSeconds: 1, certificateSeconds: 30, changeSeconds: 30 },
    zones: new Route53HostedZones((access) => new Route53Client({ ...at, ...access }), sts),
    certificates: new AcmCertificates((access) => new ACMClient({ ...at, ...access }), sts),
    publicDns: {
      async nameServers(domain: string) {
        const zone = route53.zones.authority(domain);
        return zone?.name === `${domain}.` ? zone.nameServers : [];
      },
    },
  };
}

/** Repeats a step until its outcome is no longer `pending`. */
async function settle<Answer extends { outcome: string }>(step: () => Promise<Answer>): Promise<Answer> {
  for (let looks = 0; looks < 50; looks++) {
    const answer = await step();
    if (answer.outcome !== 'pending') return answer;
    await clock.advance(0.1);
  }
  throw new Error('waits for ever');
}

const point = (name: string) => {
  const value = (text: string) => ({ value: text, sensitive: false });
  const outputs: Outputs = {
    application: 'my-app',
    environment: 'dev1',
    deploymentId: 'my-app-dev1-1-abc123',
    at: NOW,
    dropped: [],
    values: { lb_name: value(name), lb_zone_id: value('Z32O12XQLNTSW2') },
  };
  return world.write('outputs', outputs);
};
const zoneOf = (accountId: string) => route53.zones.all().find((zone) => zone.accountId === accountId);
const recordsOf = (accountId: string) =>
  (zoneOf(accountId)?.records ?? []).filter(({ type }) => type !== 'NS' && type !== 'SOA');

describe('the role and the zone that an operator makes', () => {
  it('carry an environment from its first certificate to its destruction', async () => {
    const id = await world.deploy('dev1', 1);
    expect((await settle(() => ensureCertificate(services(), id))).outcome).toBe('ready');
    expect(zoneOf(ACCOUNT)).toMatchObject({ name: 'development.acme.example.', isDelegated: true });
    await point('lb-1.elb.example');
    expect(await settle(() => publishDns(services(), id))).toEqual({ outcome: 'done' });
    expect(recordsOf(ACCOUNT).map(({ type, alias }) => [type, alias?.name])).toEqual([
      ['CNAME', undefined],
      ['A', 'lb-1.elb.example.'],
    ]);
    await point('lb-2.elb.example');
    expect(await settle(() => publishDns(services(), id))).toEqual({ outcome: 'done' });
    expect(recordsOf(ACCOUNT).at(-1)?.alias?.name).toBe('lb-2.elb.example.');
    await world.change('dev1', { dns: undefined });
    expect(await settle(() => publishDns(services(), id))).toEqual({ outcome: 'done' });
    expect([recordsOf(ACCOUNT), acm.certificates.all()]).toEqual([[], []]);
  });

  it('are in another account where the zone has a role of its own', async () => {
    const roleArn = 'arn:aws:iam::999999999999:role/stagegate-zones-dev1-dns';
    await world.change('dev1', { dns: { ...DNS_SETTINGS, zone: { roleArn } } });
    for (const zone of route53.zones.all()) route53.zones.delegate(zone.id, false);
    registered = { ...registered, zone: { roleArn } };
    const id = await world.deploy('dev1', 1);
    expect((await settle(() => ensureCertificate(services(), id))).outcome).toBe('ready');
    expect(recordsOf('999999999999')).toHaveLength(1);
    expect(acm.certificates.all()[0]?.accountId).toBe(ACCOUNT);
  });

  it('trust who has the external id of now, also after it was another', async () => {
    const enter = async (externalId: string) => {
      registered = { ...registered, externalId };
      const sts = new STSClient({
        endpoint: server.url,
        region: 'eu-west-1',
        maxAttempts: 1,
        credentials: door.issueCredentials(roleSession(FUNCTION_ROLE, 'function')),
      });
      const RoleSessionName = 'my-app-dev1';
      const assumed = await sts.send(
        new AssumeRoleCommand({ RoleArn: CERTIFICATE_ROLE, RoleSessionName, ExternalId: externalId }),
      );
      return assumed.Credentials !== undefined;
    };
    const [one, other] = ['a'.repeat(32), 'b'.repeat(32)];
    expect([await enter(one), await enter(other), await enter(one)]).toEqual([true, true, true]);
  });

  describe('and the certificates of others', () => {
    const TAG = 'stagegate-environment';
    /** Returns a client for an attacker who has got the role, for calls that none of our functions would make. */
    async function asDnsRole(): Promise<ACMClient> {
      const { certificates } = services();
      const role = { roleArn: CERTIFICATE_ROLE, externalId: 'a'.repeat(32), sessionName: 'my-app-dev1-1-abc123' };
      await certificates.request(role, 'eu-west-1', {
        names: [HOSTNAME],
        token: 'own',
        tags: { [TAG]: 'my-app/dev1' },
      });
      const credentials = door.issueCredentials(roleSession(CERTIFICATE_ROLE, role.sessionName));
      return new ACMClient({ endpoint: server.url, region: 'eu-west-1', credentials, maxAttempts: 1 });
    }
    const certificateOf = (tags: Readonly<Record<string, string>>) =>
      acm.certificates.request({ accountId: ACCOUNT, region: 'eu-west-1', names: ['www.other.example'], tags }).arn;
    const refused = (call: Promise<unknown>) =>
      call.then(
        () => 'done',
        ({ name }: Error) => name,
      );
    const attempts = async (CertificateArn: string, tags: Readonly<Record<string, string>>) => {
      const client = await asDnsRole();
      const Tags = Object.entries(tags).map(([Key, Value]) => ({ Key, Value }));
      return [
        await refused(client.send(new AddTagsToCertificateCommand({ CertificateArn, Tags }))),
        await refused(client.send(new DescribeCertificateCommand({ CertificateArn }))),
        await refused(client.send(new DeleteCertificateCommand({ CertificateArn }))),
      ];
    };
    const NOTHING = ['AccessDeniedException', 'AccessDeniedException', 'AccessDeniedException'];

    it.each([
      ['another environment', { [TAG]: 'my-app/prod1' }],
      ['somebody who has marked it as not ours', { [TAG]: 'none' }],
    ])('can neither tag, describe nor delete that of %s', async (_, tags) => {
      const arn = certificateOf(tags);
      expect(await attempts(arn, { [TAG]: 'my-app/dev1' })).toEqual(NOTHING);
      expect(acm.certificates.find(arn)?.tags).toEqual(tags);
    });

    it.each([
      ['the tag of another environment', { [TAG]: 'my-app/prod1' }],
      ['any other tag', { owner: 'my-app' }],
      ['another tag beside its own', { [TAG]: 'my-app/dev1', owner: 'my-app' }],
    ])('can put %s on none', async (_, tags) => {
      const arn = certificateOf({});
      expect(await attempts(arn, tags)).toEqual(NOTHING);
      expect(acm.certificates.find(arn)?.tags).toEqual({});
    });

    it('can take over one that nobody has tagged: IAM cannot tell it from one that was just requested', async () => {
      expect(await attempts(certificateOf({}), { [TAG]: 'my-app/dev1' })).toEqual(['done', 'done', 'done']);
    });

    it('cannot delete one that something serves, tagged or not', async () => {
      const arn = certificateOf({});
      acm.certificates.change(arn, { inUseBy: ['arn:aws:elasticloadbalancing:lb'] });
      expect(await attempts(arn, { [TAG]: 'my-app/dev1' })).toEqual(['done', 'done', 'ResourceInUseException']);
    });
  });

  it('let nobody in with another external id, nor another function', async () => {
    await world.change('dev1', { externalId: 'b'.repeat(32) });
    const id = await world.deploy('dev1', 1);
    await expect(ensureCertificate(services(), id)).rejects.toThrow('does not trust Stagegate with this external id');
    await world.change('dev1', { externalId: 'a'.repeat(32) });
    const other = services(`arn:aws:iam::${CONTROL}:role/stagegate-read`);
    await expect(ensureCertificate(other, id)).rejects.toThrow('does not trust Stagegate with this external id');
  });
});
