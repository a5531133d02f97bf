import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { ChangeResourceRecordSetsCommand, type ResourceRecordSet, Route53Client } from '@aws-sdk/client-route-53';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import * as z from 'zod';
import { roleSession } from '../../local/door/callers.ts';
import { buildsOutsideOfJest } from '../harness/outside-of-jest.ts';
import { temporaryDirectory } from '../local/temporary-directory.ts';
import { TestApplication, TestCloud } from './test-cloud.ts';

/**
 * Hostnames and certificates with real Terraform, Route 53 and ACM over HTTP, and the roles of the synthesized
 * templates. The tests run at the same time, each with its own application: they mostly wait for certificates and
 * records.
 */

const ACCOUNT = '111111111111';
const ZONES_ACCOUNT = '999999999999';
const LOAD_BALANCER = { name: 'lb-1.eu-west-1.elb.example', zoneId: 'Z32O12XQLNTSW2' };
const ALIAS = { record: { kind: 'alias', nameOutput: 'lb_name', zoneIdOutput: 'lb_zone_id' } };

let cloud: TestCloud;
beforeAll(async () => {
  cloud = await TestCloud.start({ files: { 'README.md': 'config' }, buildStandIn: await buildsOutsideOfJest() });
});
afterAll(() => cloud?.stop());

const DnsSchema = z.object({
  hostname: z.string(),
  settings: z.unknown(),
  zone: z.object({ id: z.string(), name: z.string() }).nullable(),
  record: z.object({ type: z.string(), target: z.string(), deploymentId: z.string() }).nullable(),
  certificate: z
    .object({ arn: z.string(), status: z.string(), expiresAt: z.string().optional(), problem: z.string().optional() })
    .nullable(),
});
const EnvironmentSchema = z.object({
  dns: DnsSchema.nullable(),
  outputs: z.record(z.string(), z.object({ value: z.unknown() })),
  events: z.array(z.object({ type: z.string(), reason: z.string().optional() })),
});

const directory = (value: string, outputs = lbOutputs()) => `
variable "domain_name" {
  type = string
}
variable "certificate_arn" {
  type = string
}
resource "terraform_data" "service" {
  input = "${value} at \${var.domain_name} with \${var.certificate_arn}"
}
output "url" {
  value = "https://\${var.domain_name}"
}
output "certificate" {
  value = var.certificate_arn
}
${outputs}
`;
const lbOutputs = (name = LOAD_BALANCER.name) => `
output "lb_name" {
  value = "${name}"
}
output "lb_zone_id" {
  value = "${LOAD_BALANCER.zoneId}"
}
`;

/** An application whose dev1 has DNS below the application's own domain. */
class DnsApplication extends TestApplication {
  get hostname(): string {
    return `${this.name}-dev1-eu-west-1.development.${this.domain}`;
  }

  get domain(): string {
    return `${this.name}.example`;
  }

  static async create(name: string, dns: object = ALIAS, on: TestCloud = cloud): Promise<DnsApplication> {
    const app = new DnsApplication(on, name);
    // Other tests cover stage1 and prod1.
    await app.register({ serviceDiscoveryDomain: app.domain, policy: { development: { autoPromote: false } } });
    await app.configure(dns);
    return app;
  }

  /** Changes the settings of dev1 while no deployment is open there. Without `dns`, dev1 has no DNS. */
  async configure(dns?: object): Promise<void> {
    await this.free('dev1');
    const settings = { stage: 'development', accountId: ACCOUNT, region: 'eu-west-1', ...(dns && { dns }) };
    await this.cloud.expect(200, 'PUT', `${this.path}/environments/dev1`, settings);
  }

  override async release(content: string, more: Readonly<Record<string, string | null>> = {}): Promise<void> {
    await this.releaseFiles('dev1', { [`apps/${this.name}/dev1/main.tf`]: content, ...more });
  }

  async show(): Promise<z.infer<typeof EnvironmentSchema>> {
    return EnvironmentSchema.parse(await this.cloud.expect(200, 'GET', `${this.path}/environments/dev1`));
  }

  async dns(): Promise<z.infer<typeof DnsSchema> | null> {
    return (await this.show()).dns;
  }

  async destroy(release: number): Promise<string> {
    const path = `${this.path}/environments/dev1/deployments`;
    const answer = await this.cloud.expect(202, 'POST', path, { release, operation: 'destroy' });
    return z.object({ id: z.string() }).parse(answer).id;
  }

  /** Waits until a deployment has ended and returns it. */
  async ended(id: string): Promise<{ status: string; error?: { reason: string; message: string } | null }> {
    const look = async () => {
      const found = (await this.deployments('dev1')).find((each) => each.id === id);
      return found && !['queued', 'planning', 'awaiting_approval', 'applying'].includes(found.status)
        ? found
        : undefined;
    };
    return this.cloud.poll(`the end of ${id}`, look, { about: this.name });
  }

  zone() {
    const zone = this.cloud.local.route53.zones.all().find(({ name }) => name.endsWith(`${this.domain}.`));
    if (!zone) throw new Error(`there is no zone for ${this.domain}`);
    return zone;
  }

  /** Returns the names and types of all records in the zone, except those that every zone has. */
  records(): { name: string; type: string; target: string | undefined }[] {
    return this.zone()
      .records.filter(({ type }) => type !== 'NS' && type !== 'SOA')
      .map(({ name, type, values, alias }) => ({ name, type, target: alias?.name ?? values?.[0] }));
  }

  /** Changes a record in the zone as another person would. */
  async interfere(set: Partial<ResourceRecordSet> = {}): Promise<void> {
    const ResourceRecordSet: ResourceRecordSet = {
      Name: this.hostname,
      Type: 'A',
      TTL: 60,
      ResourceRecords: [{ Value: '192.0.2.1' }],
      ...set,
    };
    await this.cloud.operator.route53.send(
      new ChangeResourceRecordSetsCommand({
        HostedZoneId: this.zone().id,
        ChangeBatch: { Changes: [{ Action: 'UPSERT', ResourceRecordSet }] },
      }),
    );
  }

  /** Makes ACM ignore the records that prove the name. */
  holdCertificate(): void {
    this.cloud.local.acm.certificates.heldNames.add(this.hostname);
  }

  letCertificateGo(): void {
    this.cloud.local.acm.certificates.heldNames.delete(this.hostname);
  }

  /** Changes the record as if the deployment had waited ten minutes longer. */
  waitedTenMinutes(): Promise<void> {
    const WaitingSchema = z.looseObject({ since: z.string() });
    return this.cloud.changeRecord({ pk: `ENV#${this.name}#dev1`, sk: 'DNS' }, ({ waiting, ...dns }) => {
      const { since, ...what } = WaitingSchema.parse(waiting);
      return { ...dns, waiting: { ...what, since: new Date(Date.parse(since) - 600_000).toISOString() } };
    });
  }

  certificates() {
    return this.cloud.local.acm.certificates.all().filter(({ names }) => names.includes(this.hostname));
  }
}

const addressOf = (app: DnsApplication) => app.records().filter(({ name }) => name === `${app.hostname}.`);
const THEIRS = { type: 'A', target: '192.0.2.1' };
const without = (states: readonly string[], ...names: string[]) => states.filter((state) => !names.includes(state));

describe('an environment with DNS', () => {
  test.concurrent('gets its certificate before the plan, which is told of it, and its record after the apply', async () => {
    const app = await DnsApplication.create('dns-life');
    await app.release(directory('one'));
    const { id } = await app.reaches('dev1', 1, 'succeeded');

    const states = await cloud.statesOf(id);
    expect(states).toContain('WaitForCertificate');
    expect(states).toContain('WaitForDns');
    expect(without(states, 'WaitForCertificate', 'WaitForDns').join(' ')).toMatch(
      /^AcquireEnvironment NeedsCertificate\? (?:EnsureCertificate IsCertificateReady\? )+PreparePlan Plan AnalyzePlan .*RecordOutputs NeedsDns\? (?:PublishDns IsDnsPublished\? )+RecordSuccess AnnounceSuccess KeepTree ReleaseEnvironment HowDidItEnd\? Succeeded$/,
    );
    const { dns, outputs } = await app.show();
    expect(dns).toMatchObject({
      hostname: app.hostname,
      zone: { name: `development.${app.domain}` },
      record: { type: 'A', target: LOAD_BALANCER.name, deploymentId: id },
      certificate: { status: 'issued', expiresAt: expect.stringMatching(/^20\d\d-/) },
    });
    expect(outputs.url?.value).toBe(`https://${app.hostname}`);
    expect(outputs.certificate?.value).toBe(dns?.certificate?.arn);
    expect(addressOf(app)).toEqual([{ name: `${app.hostname}.`, type: 'A', target: `${LOAD_BALANCER.name}.` }]);
    expect(app.certificates()).toMatchObject([{ accountId: ACCOUNT, region: 'eu-west-1', status: 'ISSUED' }]);

    // The next release uses the same certificate and record, and does not wait.
    await app.release(directory('two'));
    const second = await app.reaches('dev1', 2, 'succeeded');
    expect(await cloud.statesOf(second.id)).toEqual([
      ...[
        'AcquireEnvironment',
        'NeedsCertificate?',
        'EnsureCertificate',
        'IsCertificateReady?',
        'PreparePlan',
        'Plan',
        'AnalyzePlan',
      ],
      ...['WhatNext?', 'ConsumePlan', 'IsPlanConsumed?', 'Apply', 'RecordOutputs', 'NeedsDns?', 'PublishDns'],
      ...[
        'IsDnsPublished?',
        'RecordSuccess',
        'AnnounceSuccess',
        'KeepTree',
        'ReleaseEnvironment',
        'HowDidItEnd?',
        'Succeeded',
      ],
    ]);
    expect(app.certificates()).toHaveLength(1);
    expect((await app.dns())?.record?.deploymentId).toBe(id);

    // The record changes with the outputs.
    await app.release(directory('three', lbOutputs('lb-2.eu-west-1.elb.example')));
    await app.reaches('dev1', 3, 'succeeded');
    expect(addressOf(app)).toMatchObject([{ target: 'lb-2.eu-west-1.elb.example.' }]);

    // When the environment is destroyed, the records are removed after the apply, and the certificate last.
    const destruction = await app.destroy(3);
    expect((await app.ended(destruction)).status).toBe('succeeded');
    expect(await cloud.statesOf(destruction)).not.toContain('EnsureCertificate');
    expect([app.records(), app.certificates()]).toEqual([[], []]);
    expect(await app.dns()).toMatchObject({ hostname: app.hostname, zone: null, record: null, certificate: null });
  });

  test.concurrent('is withdrawn with the next deployment when the setting is taken away', async () => {
    const app = await DnsApplication.create('dns-gone', { record: { kind: 'cname', nameOutput: 'lb_name' } });
    await app.release(directory('one'));
    await app.reaches('dev1', 1, 'succeeded');
    expect(addressOf(app)).toMatchObject([{ type: 'CNAME', target: LOAD_BALANCER.name }]);
    await app.configure();
    expect(await app.dns()).toMatchObject({ settings: null, certificate: { status: 'issued' } });
    await app.release('output "lb_name" {\n  value = "unused.example"\n}\n');
    await app.reaches('dev1', 2, 'succeeded');
    expect([app.records(), app.certificates(), await app.dns()]).toEqual([[], [], null]);
  });

  test.concurrent('has its zone in another account, which has a role of its own for it', async () => {
    const roleArn = `arn:aws:iam::${ZONES_ACCOUNT}:role/stagegate-zones-dev1-dns`;
    const app = await DnsApplication.create('dns-away', { ...ALIAS, zone: { roleArn } });
    await app.release(directory('one'));
    await app.reaches('dev1', 1, 'succeeded');
    expect(app.zone().accountId).toBe(ZONES_ACCOUNT);
    expect(app.certificates()).toMatchObject([{ accountId: ACCOUNT, status: 'ISSUED' }]);
    expect(addressOf(app)).toHaveLength(1);
  });

  test.concurrent('whose directory says another domain name is refused, naming the file', async () => {
    const app = await DnsApplication.create('dns-other');
    await app.release(directory('one'), {
      [`apps/${app.name}/dev1/terraform.tfvars`]: 'domain_name = "www.acme.example"\n',
    });
    const { error } = await app.reaches('dev1', 1, 'failed');
    expect(error?.message).toContain('domain_name');
    expect(error?.message).toContain('terraform.tfvars');
  });

  test.concurrent('and a name too long for a common name gets a certificate for a short one as well', async () => {
    const app = await DnsApplication.create('dns-with-a-rather-long-name');
    expect(app.hostname.length).toBeGreaterThan(64);
    await app.release(directory('one'));
    await app.reaches('dev1', 1, 'succeeded');
    const [certificate] = app.certificates();
    expect(certificate?.names).toEqual([
      expect.stringMatching(/^c-[0-9a-f]{12}\.development\.dns-with-a-rather-long-name\.example$/),
      app.hostname,
    ]);
  });

  test.concurrent('has a role that can write no other name and touch no other certificate', async () => {
    const app = await DnsApplication.create('dns-narrow');
    await app.release(directory('one'));
    await app.reaches('dev1', 1, 'succeeded');
    const role = roleSession(`arn:aws:iam::${ACCOUNT}:role/stagegate-${app.name}-dev1-dns`, 'somebody');
    const access = { region: 'eu-west-1', endpoint: cloud.local.endpoint, maxAttempts: 1 };
    const client = new Route53Client({ ...access, credentials: cloud.local.door.issueCredentials(role) });
    const record = { Type: 'A' as const, TTL: 60, ResourceRecords: [{ Value: '192.0.2.1' }] };
    const change = (Action: 'CREATE' | 'UPSERT', Name: string) =>
      client.send(
        new ChangeResourceRecordSetsCommand({
          HostedZoneId: app.zone().id,
          ChangeBatch: { Changes: [{ Action, ResourceRecordSet: { ...record, Name } }] },
        }),
      );
    await expect(change('CREATE', `www.development.${app.domain}`)).rejects.toMatchObject({ name: 'AccessDenied' });
    await expect(change('UPSERT', app.hostname)).rejects.toMatchObject({ name: 'AccessDenied' });
    const { door } = cloud.local;
    const other = await cloud.poll('a certificate of somebody else', async () =>
      cloud.local.acm.certificates.all().find(({ names }) => !names.includes(app.hostname)),
    );
    for (const operation of ['DescribeCertificate', 'DeleteCertificate'])
      await expect(door.call(role, 'acm', operation, { CertificateArn: other.arn })).rejects.toMatchObject({
        code: 'AccessDeniedException',
      });
  });
});

describe('what stands in the way', () => {
  test.concurrent('a zone that is not delegated is told at once, before anything is planned', async () => {
    const app = await DnsApplication.create('dns-lost');
    const { zones } = cloud.local.route53;
    const { id, nameServers } = zones.create({ accountId: ACCOUNT, name: `development.${app.domain}` });
    await app.release(directory('one'));
    const deployment = await app.reaches('dev1', 1, 'failed');
    expect(deployment.error).toMatchObject({ reason: 'zone-not-delegated' });
    for (const part of [id, `development.${app.domain}`, ...nameServers])
      expect(deployment.error?.message).toContain(part);
    expect(await cloud.statesOf(deployment.id)).toEqual([
      ...['AcquireEnvironment', 'NeedsCertificate?', 'EnsureCertificate', 'IsCertificateReady?', 'RecordFailure'],
      ...['AnnounceEnding', 'KeepTree', 'ReleaseEnvironment', 'HowDidItEnd?', 'Failed'],
    ]);
    expect(app.certificates()).toEqual([]);
    // After the zone is delegated, the same release succeeds.
    zones.delegate(id, true);
    await cloud.expect(202, 'POST', `${app.path}/environments/dev1/deployments`, { release: 1 });
    await app.reaches('dev1', 1, 'succeeded');
  });

  test.concurrent('a certificate that stays PENDING_VALIDATION ends the deployment with a reason that names the zone', async () => {
    const app = await DnsApplication.create('dns-stuck');
    app.holdCertificate();
    await app.release(directory('one'));
    const { id } = await app.until('dev1', 1, ({ status }) => status === 'planning');
    const waits = async () => (await cloud.statesSoFar(id)).filter((state) => state === 'WaitForCertificate').length;
    await cloud.poll('six times of waiting', async () => (await waits()) > 5 || undefined);
    await app.waitedTenMinutes();
    const { error } = await app.reaches('dev1', 1, 'failed');
    const { id: zone, name } = app.zone();
    expect(error?.reason).toBe('certificate-pending');
    expect(error?.message).toContain('still PENDING_VALIDATION after 300 seconds');
    expect(error?.message).toContain(`zone ${zone} (${name.slice(0, -1)})`);
    const states = await cloud.statesOf(id);
    expect(states.filter((state) => state === 'WaitForCertificate').length).toBeGreaterThan(5);
    expect(states).not.toContain('Plan');
    expect(await app.dns()).toMatchObject({ certificate: { status: 'pending_validation' } });
    // The certificate still exists, and the next deployment waits for the same one.
    app.letCertificateGo();
    await cloud.expect(202, 'POST', `${app.path}/environments/dev1/deployments`, { release: 1 });
    await app.reaches('dev1', 1, 'succeeded');
    expect(app.certificates()).toHaveLength(1);
  });

  test.concurrent('a record of somebody else is refused before the plan, and again after the apply', async () => {
    const app = await DnsApplication.create('dns-theirs');
    await app.release(directory('one'));
    await app.reaches('dev1', 1, 'succeeded');

    await app.interfere();
    await app.release(directory('two'));
    const before = await app.reaches('dev1', 2, 'failed');
    expect(before.error).toMatchObject({
      reason: 'record-not-ours',
      message: expect.stringContaining(`A ${app.hostname} -> 192.0.2.1 exists in zone ${app.zone().id}`),
    });
    expect(await cloud.statesOf(before.id)).not.toContain('Plan');
    expect(addressOf(app)).toMatchObject([THEIRS]);
  });

  test.concurrent('a record that appears while the environment is applied is not overwritten', async () => {
    const app = await DnsApplication.create('dns-hijack');
    const permit = join(temporaryDirectory(), 'permit');
    const wait = `while [ ! -e ${permit} ]; do sleep 0.1; done`;
    const slow = `resource "terraform_data" "slow" {\n  provisioner "local-exec" {\n    command = "${wait}"\n  }\n}\n`;
    await app.release(directory('one') + slow);
    await app.until('dev1', 1, ({ status }) => status === 'applying');
    await app.interfere();
    writeFileSync(permit, '');
    const { id, error } = await app.reaches('dev1', 1, 'failed');
    expect(error?.reason).toBe('record-not-ours');
    expect(addressOf(app)).toMatchObject([THEIRS]);
    expect(await cloud.expect(200, 'GET', `${app.path}/environments/dev1/deployments/${id}`)).toMatchObject({
      applied: 'yes',
    });
  });

  test.concurrent('an output that the contract names and Terraform does not have is told after the apply', async () => {
    const app = await DnsApplication.create('dns-silent');
    await app.release(directory('one', ''));
    const { id, error } = await app.reaches('dev1', 1, 'failed');
    expect(error).toMatchObject({
      reason: 'output-missing',
      message: expect.stringMatching(/output "lb_name".*does not exist; the outputs are: .*certificate/),
    });
    expect(await cloud.expect(200, 'GET', `${app.path}/environments/dev1/deployments/${id}`)).toMatchObject({
      applied: 'yes',
    });
    expect(addressOf(app)).toEqual([]);
    await app.release(directory('one'));
    await app.reaches('dev1', 2, 'succeeded');
    expect(addressOf(app)).toHaveLength(1);
  });

  test.concurrent('two environments whose names make the same hostname are not both registered', async () => {
    const app = await DnsApplication.create('dns-a');
    const other = new TestApplication(cloud, 'dns');
    const repository = { url: 'https://git.example.com/config.git', branch: 'main', provider: 'github-enterprise' };
    const pipeline = ['a-dev1', 'stage1', 'prod1'];
    await cloud.expect(201, 'PUT', other.path, {
      client: 'acme',
      configRepository: repository,
      serviceDiscoveryDomain: app.domain,
      pipeline,
    });
    const settings = { stage: 'development', accountId: ACCOUNT, region: 'eu-west-1', dns: ALIAS };
    expect(await cloud.expect(409, 'PUT', `${other.path}/environments/a-dev1`, settings)).toMatchObject({
      type: 'urn:stagegate:problem:names-taken',
      detail: 'the names of roles of dns/a-dev1 and of dns-a/dev1 both contain "dns-a-dev1"; choose another name',
    });
  });

  test.concurrent('another change of the zone that is under way is waited for', async () => {
    const app = await DnsApplication.create('dns-busy');
    const about = app.hostname;
    // More failures than the SDK's own retries: the state machine must retry, too.
    const error = { code: 'PriorRequestNotComplete', message: 'The request was rejected', status: 400 };
    cloud.local.door.faults.add({ service: 'route53', operation: 'ChangeResourceRecordSets', about, times: 5, error });
    await app.release(directory('one'));
    await app.reaches('dev1', 1, 'succeeded');
    expect(addressOf(app)).toHaveLength(1);
  });

  test.concurrent('a change whose answer is lost is not mistaken for somebody else’s', async () => {
    const app = await DnsApplication.create('dns-echo');
    const error = { code: 'InternalFailure', status: 500 };
    const fault = {
      service: 'route53',
      operation: 'ChangeResourceRecordSets',
      about: app.hostname,
      times: 1,
      error,
      when: 'after' as const,
    };
    cloud.local.door.faults.add(fault);
    await app.release(directory('one'));
    await app.reaches('dev1', 1, 'succeeded');
    expect(addressOf(app)).toHaveLength(1);
  });

  test.concurrent('a role that the account does not let in is told', async () => {
    const app = await DnsApplication.create('dns-closed');
    const error = { code: 'AccessDenied', message: 'is not authorized to perform: sts:AssumeRole', status: 403 };
    cloud.local.door.faults.add({
      service: 'sts',
      operation: 'AssumeRole',
      caller: 'ensure-certificate',
      about: `stagegate-${app.name}-dev1-dns`,
      times: 9,
      error,
    });
    await app.release(directory('one'));
    expect((await app.reaches('dev1', 1, 'failed')).error).toMatchObject({
      reason: 'role-not-assumable',
      message: expect.stringContaining('does not trust Stagegate'),
    });
  });

  test.concurrent('a deployment that waits for its certificate can be canceled', async () => {
    const app = await DnsApplication.create('dns-cancel');
    app.holdCertificate();
    await app.release(directory('one'));
    await cloud.poll('a certificate', async () => (app.certificates().length > 0 ? true : undefined));
    const { id } = await app.until('dev1', 1, () => true);
    await cloud.expect(202, 'POST', `${app.path}/environments/dev1/deployments/${id}/cancel`);
    await app.reaches('dev1', 1, 'canceled');
    expect(await cloud.statesOf(id)).not.toContain('Plan');
  });

  test.concurrent('a certificate that something still serves is waited for', async () => {
    const app = await DnsApplication.create('dns-served');
    await app.release(directory('one'));
    await app.reaches('dev1', 1, 'succeeded');
    const [{ arn } = { arn: '' }] = app.certificates();
    const { certificates } = cloud.local.acm;
    certificates.change(arn, { inUseBy: ['arn:aws:elasticloadbalancing:lb'] });
    const id = await app.destroy(1);
    await cloud.poll('the records to go', async () => (app.records().length === 0 ? true : undefined));
    expect(app.certificates()).toHaveLength(1);
    certificates.change(arn, { inUseBy: [] });
    expect((await app.ended(id)).status).toBe('succeeded');
    expect(app.certificates()).toEqual([]);
  });

  test('a deployment that waits for its certificate goes on waiting after a restart', async () => {
    // Not concurrent: its cloud loads its own programs, which the test runner refuses when another test ends at the
    // same time.
    const data = temporaryDirectory();
    const own = await TestCloud.start({ files: { 'README.md': 'config' }, data });
    try {
      const app = await DnsApplication.create('dns-kept', ALIAS, own);
      app.holdCertificate();
      await app.release(directory('one'));
      await own.poll('a proof in the zone', async () => {
        const zone = own.local.route53.zones.all().find(({ name }) => name.endsWith(`${app.domain}.`));
        return zone && app.records().length > 0 ? true : undefined;
      });
      await own.restart(data);
      await app.reaches('dev1', 1, 'succeeded');
      expect(app.certificates()).toMatchObject([{ status: 'ISSUED' }]);
      expect(addressOf(app)).toHaveLength(1);
    } finally {
      await own.stop();
    }
  });
});

describe('certificates in the course of time', () => {
  const check = () => cloud.strike('stagegate-check-certificates');
  const published = () =>
    cloud.local.door.calls.list().filter(({ service, operation }) => service === 'events' && operation === 'PutEvents');

  // Not concurrent: a check looks at the certificates of all applications, also at one that is being withdrawn.
  test('a renewal and a certificate that is about to expire become events and show on the environment', async () => {
    const app = await DnsApplication.create('dns-aging');
    await app.release(directory('one'));
    await app.reaches('dev1', 1, 'succeeded');
    const [{ arn } = { arn: '' }] = app.certificates();
    const { certificates } = cloud.local.acm;
    const inDays = (days: number) => Date.now() + days * 86_400_000;

    certificates.change(arn, { notAfter: inDays(500), renewal: { status: 'SUCCESS' } });
    await check();
    expect((await app.show()).events[0]).toMatchObject({ type: 'certificate-renewed' });

    certificates.change(arn, { notAfter: inDays(20), renewal: { status: 'PENDING_VALIDATION' } });
    await check();
    await check();
    const { dns, events } = await app.show();
    expect(dns?.certificate).toMatchObject({ problem: 'renewal_pending_validation', status: 'issued' });
    expect(events.slice(0, 2).map(({ type }) => type)).toEqual(['certificate-failing', 'certificate-renewed']);
    // Each event was announced once.
    expect(published().filter(({ caller }) => caller.includes('check-certificates'))).toHaveLength(2);
  });
});
