import { setTimeout as sleep, setImmediate as turn } from 'node:timers/promises';
import { ACMClient } from '@aws-sdk/client-acm';
import {
  CreateArchiveCommand,
  CreateEventBusCommand,
  DescribeArchiveCommand,
  EventBridgeClient,
} from '@aws-sdk/client-eventbridge';
import { CreateKeyCommand, KMSClient } from '@aws-sdk/client-kms';
import { CreateHostedZoneCommand, type CreateHostedZoneCommandInput, Route53Client } from '@aws-sdk/client-route-53';
import { CreateBucketCommand, PutBucketVersioningCommand, PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { CreateScheduleGroupCommand, SchedulerClient } from '@aws-sdk/client-scheduler';
import { CreateTopicCommand, GetSubscriptionAttributesCommand, SNSClient } from '@aws-sdk/client-sns';
import { STSClient } from '@aws-sdk/client-sts';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { AcmCertificates } from '../../lambdas/adapters/acm-certificates.ts';
import { EventBridgeBus } from '../../lambdas/adapters/event-bridge-bus.ts';
import { KmsLinkSigner } from '../../lambdas/adapters/kms-link-signer.ts';
import { KmsWebhookSecrets } from '../../lambdas/adapters/kms-webhook-secrets.ts';
import { Route53HostedZones } from '../../lambdas/adapters/route53-hosted-zones.ts';
import { S3ArtifactStore } from '../../lambdas/adapters/s3-artifact-store.ts';
import { SnsApproverMail } from '../../lambdas/adapters/sns-approver-mail.ts';
import { describeArtifactStore } from '../contracts/artifact-store-contract.ts';
import { describeCertificates } from '../contracts/certificates-contract.ts';
import { describeHostedZones, describeZoneConflicts } from '../contracts/hosted-zones-contract.ts';
import { describeLinkSigner } from '../contracts/link-signer-contract.ts';
import { describePublicDns } from '../contracts/public-dns-contract.ts';
import { describeScheduler } from '../contracts/scheduler-contract.ts';
import { describeWebhookSecrets } from '../contracts/webhook-secrets-contract.ts';
import { FakeLinkSigner } from '../fakes/fake-link-signer.ts';
import { FakePublicDns } from '../fakes/fake-public-dns.ts';
import { FakeWebhookSecrets } from '../fakes/fake-webhook-secrets.ts';
import { InMemoryArtifactStore } from '../fakes/in-memory-artifact-store.ts';
import { InMemoryCertificates } from '../fakes/in-memory-certificates.ts';
import { InMemoryHostedZones } from '../fakes/in-memory-hosted-zones.ts';
import { InMemoryScheduler } from '../fakes/in-memory-scheduler.ts';
import { COMMIT } from '../harness/builders.ts';
import { clientAt, isMotoInstalled, startMoto } from '../harness/moto.ts';
import type { ServerProcess } from '../harness/server-process.ts';
import { openScheduler } from './open-scheduler.ts';

describeArtifactStore('InMemoryArtifactStore', async () => {
  const store = new InMemoryArtifactStore();
  return { store, putWithSum: async (key, text) => void store.putText(key, text) };
});
describeLinkSigner('FakeLinkSigner', async () => new FakeLinkSigner());
describeScheduler('InMemoryScheduler', async () => {
  const scheduler = new InMemoryScheduler();
  return { scheduler, read: async (name) => scheduler.wakeUps.get(name) };
});
describeWebhookSecrets('FakeWebhookSecrets', async () => (generations) => new FakeWebhookSecrets(generations));

/** A role of the account that moto uses for callers who have not assumed a role of another account. */
const DNS_ROLE = {
  roleArn: 'arn:aws:iam::123456789012:role/stagegate-my-app-dev1-dns',
  externalId: 'e'.repeat(32),
  sessionName: 'my-app-dev1-1-abc123',
};
for (const describeThem of [describeHostedZones, describeZoneConflicts])
  describeThem('InMemoryHostedZones', async () => {
    const zones = new InMemoryHostedZones();
    return { zones, role: DNS_ROLE, zoneId: zones.add('Z0123456789', 'acme.example').id, passTime: turn };
  });
describePublicDns('FakePublicDns', async () => {
  const dns = new FakePublicDns();
  dns.delegations.set('acme.example', ['ns-1.acme.example', 'ns-2.acme.example']);
  return { dns, delegated: 'acme.example', servers: ['ns-1.acme.example', 'ns-2.acme.example'] };
});
describeCertificates('InMemoryCertificates', async () => ({
  certificates: new InMemoryCertificates(),
  role: DNS_ROLE,
  passTime: turn,
}));

if (isMotoInstalled()) describe('on moto,', onMoto);

function onMoto(): void {
  let moto: ServerProcess;
  const passTime = () => sleep(50);
  beforeAll(async () => {
    moto = await startMoto();
  });
  afterAll(() => moto.stop());

  describeArtifactStore('S3ArtifactStore', async () => {
    const client = new S3Client({ ...clientAt(moto.endpoint), forcePathStyle: true });
    const Bucket = `artifacts-${Date.now()}-${Math.random().toString(36).slice(2)}`;
    await client.send(
      new CreateBucketCommand({ Bucket, CreateBucketConfiguration: { LocationConstraint: 'eu-west-1' } }),
    );
    const VersioningConfiguration = { Status: 'Enabled' as const };
    await client.send(new PutBucketVersioningCommand({ Bucket, VersioningConfiguration }));
    return {
      store: new S3ArtifactStore(Bucket, client),
      putWithSum: async (Key, Body) => {
        await client.send(new PutObjectCommand({ Bucket, Key, Body, ChecksumAlgorithm: 'SHA256' }));
      },
    };
  });

  const hmacKey = async () => {
    const client = new KMSClient(clientAt(moto.endpoint));
    const hmac = { KeySpec: 'HMAC_256', KeyUsage: 'GENERATE_VERIFY_MAC' } as const;
    const { KeyMetadata } = await client.send(new CreateKeyCommand(hmac));
    return { client, id: KeyMetadata?.KeyId ?? '' };
  };

  describeLinkSigner('KmsLinkSigner', async () => {
    const { client, id } = await hmacKey();
    return new KmsLinkSigner(id, client);
  });

  describeWebhookSecrets('KmsWebhookSecrets', async () => {
    const { client, id } = await hmacKey();
    return (generations) => new KmsWebhookSecrets(id, generations, client);
  });

  describeHostedZones('Route53HostedZones', async () => {
    const at = clientAt(moto.endpoint);
    const owner = new Route53Client(at);
    const create = (CallerReference: string, more: Partial<CreateHostedZoneCommandInput> = {}) =>
      owner.send(new CreateHostedZoneCommand({ Name: 'acme.example', CallerReference, ...more }));
    await create('private', {
      VPC: { VPCRegion: 'eu-west-1', VPCId: 'vpc-1' },
      HostedZoneConfig: { PrivateZone: true },
    });
    const { HostedZone } = await create('public');
    const zones = new Route53HostedZones((access) => new Route53Client({ ...at, ...access }), new STSClient(at));
    return { zones, role: DNS_ROLE, zoneId: HostedZone?.Id?.split('/').at(-1) ?? '', passTime };
  });

  describeCertificates('AcmCertificates', async () => {
    const at = clientAt(moto.endpoint);
    const certificates = new AcmCertificates((access) => new ACMClient({ ...at, ...access }), new STSClient(at));
    return { certificates, role: DNS_ROLE, passTime };
  });

  describeScheduler('EventBridgeScheduler', async () => {
    const client = new SchedulerClient(clientAt(moto.endpoint));
    await client.send(new CreateScheduleGroupCommand({ Name: 'stagegate' }));
    return openScheduler(client);
  });

  describe('SnsApproverMail', () => {
    const topic = async () => {
      const client = new SNSClient(clientAt(moto.endpoint));
      const Name = `approvals-${Math.random().toString(36).slice(2)}`;
      const { TopicArn = '' } = await client.send(new CreateTopicCommand({ Name }));
      return { client, mail: new SnsApproverMail(TopicArn, client) };
    };

    test('subscribes each address for its own messages only, and lists it', async () => {
      const { client, mail } = await topic();
      const arn = await mail.subscribe('alice@staff.example');
      await mail.subscribe('bob@staff.example');
      expect([...(await mail.subscriptions()).keys()].sort()).toEqual(['alice@staff.example', 'bob@staff.example']);
      expect((await mail.subscriptions()).get('alice@staff.example')).toEqual({ confirmed: true, arn });
      const { Attributes } = await client.send(new GetSubscriptionAttributesCommand({ SubscriptionArn: arn }));
      expect(JSON.parse(Attributes?.FilterPolicy ?? '')).toEqual({ recipient: ['alice@staff.example'] });
      expect(Attributes?.FilterPolicyScope).toBe('MessageAttributes');
    });

    test('forgets who is unsubscribed, and takes a message for who is not', async () => {
      const { mail } = await topic();
      await mail.subscribe('bob@staff.example');
      await mail.unsubscribe((await mail.subscribe('alice@staff.example')) ?? '');
      expect([...(await mail.subscriptions()).keys()]).toEqual(['bob@staff.example']);
      await mail.send('bob@staff.example', {
        subject: 'Approve',
        body: 'please\nhttps://stagegate.example/approvals/x',
      });
    });

    test('fails for a topic that does not exist', async () => {
      const { client } = await topic();
      const nowhere = new SnsApproverMail('arn:aws:sns:eu-west-1:123456789012:nowhere', client);
      await expect(nowhere.send('bob@staff.example', { subject: 's', body: 'b' })).rejects.toThrow();
    });
  });

  test('EventBridgeBus publishes what a rule on our source and detail type takes', async () => {
    const client = new EventBridgeClient(clientAt(moto.endpoint));
    const { EventBusArn: EventSourceArn } = await client.send(new CreateEventBusCommand({ Name: 'stagegate' }));
    const EventPattern = JSON.stringify({ source: ['stagegate'], 'detail-type': ['ConfigPushed'] });
    await client.send(new CreateArchiveCommand({ ArchiveName: 'pushes', EventSourceArn, EventPattern }));
    const bus = new EventBridgeBus('stagegate', client);
    const push = { eventId: '1', repository: 'https://git.example/c.git', branch: 'main', after: COMMIT };
    await bus.publish('ConfigPushed', push);
    await expect(bus.publish('ConfigPushed', { ...push, after: 'main' })).rejects.toThrow(/after/);
    const { EventCount } = await client.send(new DescribeArchiveCommand({ ArchiveName: 'pushes' }));
    expect(EventCount).toBe(1);
  });
}
