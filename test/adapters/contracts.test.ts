import {
  CreateArchiveCommand,
  CreateEventBusCommand,
  DescribeArchiveCommand,
  EventBridgeClient,
} from '@aws-sdk/client-eventbridge';
import { CreateKeyCommand, KMSClient } from '@aws-sdk/client-kms';
import { CreateBucketCommand, PutBucketVersioningCommand, S3Client } from '@aws-sdk/client-s3';
import { CreateScheduleGroupCommand, SchedulerClient } from '@aws-sdk/client-scheduler';
import { CreateTopicCommand, GetSubscriptionAttributesCommand, SNSClient } from '@aws-sdk/client-sns';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { EventBridgeBus } from '../../lambdas/adapters/event-bridge-bus.ts';
import { KmsLinkSigner } from '../../lambdas/adapters/kms-link-signer.ts';
import { KmsWebhookSecrets } from '../../lambdas/adapters/kms-webhook-secrets.ts';
import { S3ArtifactStore } from '../../lambdas/adapters/s3-artifact-store.ts';
import { SnsApproverMail } from '../../lambdas/adapters/sns-approver-mail.ts';
import { COMMIT } from '../builders.ts';
import { describeArtifactStore } from '../contracts/artifact-store-contract.ts';
import { describeLinkSigner } from '../contracts/link-signer-contract.ts';
import { describeScheduler } from '../contracts/scheduler-contract.ts';
import { describeWebhookSecrets } from '../contracts/webhook-secrets-contract.ts';
import { FakeLinkSigner } from '../fakes/fake-link-signer.ts';
import { FakeWebhookSecrets } from '../fakes/fake-webhook-secrets.ts';
import { InMemoryArtifactStore } from '../fakes/in-memory-artifact-store.ts';
import { InMemoryScheduler } from '../fakes/in-memory-scheduler.ts';
import { clientAt, isMotoInstalled, startMoto } from '../moto.ts';
import type { ServerProcess } from '../server-process.ts';
import { openScheduler } from './open-scheduler.ts';

describeArtifactStore('InMemoryArtifactStore', async () => new InMemoryArtifactStore());
describeLinkSigner('FakeLinkSigner', async () => new FakeLinkSigner());
describeScheduler('InMemoryScheduler', async () => {
  const scheduler = new InMemoryScheduler();
  return { scheduler, read: async (name) => scheduler.wakeUps.get(name) };
});
describeWebhookSecrets('FakeWebhookSecrets', async () => (generations) => new FakeWebhookSecrets(generations));
if (isMotoInstalled()) describe('on moto,', onMoto);

function onMoto(): void {
  let moto: ServerProcess;
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
    return new S3ArtifactStore(Bucket, client);
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
