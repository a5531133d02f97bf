import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  ConfirmSubscriptionCommand,
  GetSubscriptionAttributesCommand,
  GetTopicAttributesCommand,
  ListSubscriptionsByTopicCommand,
  ListSubscriptionsCommand,
  PublishCommand,
  SetSubscriptionAttributesCommand,
  SNSClient,
  SubscribeCommand,
  UnsubscribeCommand,
} from '@aws-sdk/client-sns';
import { describe, expect, test } from '@jest/globals';
import type { WireRequest, WireResponse } from '../../../local/door/wire.ts';
import { accountId, region } from '../cloud-names.ts';
import { type OpenCloud, openCloud } from '../open-cloud.ts';

const TopicArn = `arn:aws:sns:${region}:${accountId}:approvals`;

interface World {
  readonly cloud: OpenCloud;
  readonly client: SNSClient;
}

async function withTopic(
  use: (world: World) => Promise<void>,
  properties: (cloud: OpenCloud) => object = () => ({}),
  directory?: string,
) {
  const cloud = await openCloud({ directory });
  const client = new SNSClient(cloud.operator);
  try {
    await cloud.provision(cloud.sns, 'AWS::SNS::Topic', { TopicName: 'approvals', ...properties(cloud) });
    await use({ cloud, client });
  } finally {
    client.destroy();
    await cloud.close();
  }
}

/** Opens a link of a mail as a browser does. */
async function open(cloud: OpenCloud, link: string, method = 'GET'): Promise<WireResponse> {
  const url = new URL(link);
  const request: WireRequest = {
    method,
    path: url.pathname,
    query: url.searchParams,
    headers: {},
    body: Buffer.alloc(0),
  };
  const route = cloud.sns.localRoutes[url.pathname];
  if (!route) throw new Error(`no page at ${link}`);
  return route(request);
}

const lastLink = (cloud: OpenCloud): string => cloud.sns.mails().at(-1)?.links.at(-1) ?? '';
const tokenOf = (link: string): string => new URL(link).searchParams.get('Token') ?? '';
const recipients = (cloud: OpenCloud, subject: string): string[] =>
  cloud.sns
    .mails()
    .filter((mail) => mail.subject === subject)
    .map(({ to }) => to);

async function subscribe({ client }: World, Endpoint: string, Attributes?: Record<string, string>): Promise<string> {
  const command = new SubscribeCommand({
    TopicArn,
    Protocol: 'email',
    Endpoint,
    ReturnSubscriptionArn: true,
    Attributes,
  });
  return (await client.send(command)).SubscriptionArn ?? '';
}

async function subscribeAndConfirm(
  world: World,
  endpoint: string,
  attributes?: Record<string, string>,
): Promise<string> {
  const arn = await subscribe(world, endpoint, attributes);
  await open(world.cloud, lastLink(world.cloud));
  return arn;
}

describe('subscribing', () => {
  test('sends the confirmation mail of AWS, whose link confirms', () =>
    withTopic(async (world) => {
      const { cloud, client } = world;
      const plain = new SubscribeCommand({ TopicArn, Protocol: 'email', Endpoint: 'ann@acme.example' });
      expect((await client.send(plain)).SubscriptionArn).toBe('pending confirmation');
      const [mail] = cloud.sns.mails();
      expect(mail).toMatchObject({
        to: 'ann@acme.example',
        subject: 'AWS Notification - Subscription Confirmation',
        sentAt: '2026-01-01T00:00:00.000Z',
      });
      expect(mail?.body).toContain('You have chosen to subscribe to the topic');
      const [link = ''] = mail?.links ?? [];
      expect(link).toMatch(/^http:\/\/127\.0\.0\.1:4700\/local\/sns\/confirmation\.html\?TopicArn=/);
      expect((await client.send(new ListSubscriptionsByTopicCommand({ TopicArn }))).Subscriptions).toEqual([
        {
          SubscriptionArn: 'PendingConfirmation',
          Owner: accountId,
          Protocol: 'email',
          Endpoint: 'ann@acme.example',
          TopicArn,
        },
      ]);
      expect(await open(cloud, link, 'HEAD')).toMatchObject({ status: 405 });
      const page = await open(cloud, link);
      expect(page).toMatchObject({ status: 200, body: expect.stringContaining('Subscription confirmed!') });
      const [subscription] = (await client.send(new ListSubscriptionsCommand({}))).Subscriptions ?? [];
      expect(subscription?.SubscriptionArn).toMatch(new RegExp(`^${TopicArn}:[0-9a-f-]{36}$`));
    }));

  test('gives the ARN when asked to, although it is not confirmed', () =>
    withTopic(async (world) => {
      const SubscriptionArn = await subscribe(world, 'ann@acme.example', { FilterPolicy: '{"recipient":["ann"]}' });
      const { Attributes } = await world.client.send(new GetSubscriptionAttributesCommand({ SubscriptionArn }));
      expect(Attributes).toEqual({
        SubscriptionArn,
        TopicArn,
        Protocol: 'email',
        Endpoint: 'ann@acme.example',
        Owner: accountId,
        PendingConfirmation: 'true',
        ConfirmationWasAuthenticated: 'false',
        RawMessageDelivery: 'false',
        FilterPolicy: '{"recipient":["ann"]}',
        FilterPolicyScope: 'MessageAttributes',
      });
    }));

  test('again mails again while it is pending, and changes nothing afterwards', () =>
    withTopic(async (world) => {
      const first = await subscribe(world, 'ann@acme.example');
      const oldLink = lastLink(world.cloud);
      expect(await subscribe(world, 'ann@acme.example')).toBe(first);
      expect(world.cloud.sns.mails()).toHaveLength(2);
      expect((await open(world.cloud, oldLink)).status).toBe(403);
      await open(world.cloud, lastLink(world.cloud));
      expect(await subscribe(world, 'ann@acme.example')).toBe(first);
      expect(world.cloud.sns.mails()).toHaveLength(2);
      await expect(subscribe(world, 'ann@acme.example', { FilterPolicy: '{"a":["b"]}' })).rejects.toThrow(
        'already exists with different attributes',
      );
    }));

  test.each<[title: string, fields: object, name: string]>([
    ['another protocol', { Protocol: 'https', Endpoint: 'https://acme.example' }, 'InvalidParameterException'],
    ['what is no address', { Endpoint: 'ann' }, 'InvalidParameterException'],
    ['a malformed filter policy', { Attributes: { FilterPolicy: '{"a":1}' } }, 'InvalidParameterException'],
    ['an unknown attribute', { Attributes: { RedrivePolicy: '{}' } }, 'InvalidParameterException'],
    ['an unknown topic', { TopicArn: `${TopicArn}-2` }, 'NotFoundException'],
  ])('is refused for %s', (_title, fields, name) =>
    withTopic(async ({ cloud, client }) => {
      const command = new SubscribeCommand({ TopicArn, Protocol: 'email', Endpoint: 'ann@acme.example', ...fields });
      await expect(client.send(command)).rejects.toMatchObject({ name });
      expect(cloud.sns.mails()).toEqual([]);
    }),
  );
});

describe('confirming by the API', () => {
  test('with the token of the link may protect against unsubscribing by a link', () =>
    withTopic(async (world) => {
      const { cloud, client } = world;
      const SubscriptionArn = await subscribe(world, 'ann@acme.example');
      const Token = tokenOf(lastLink(cloud));
      const confirm = new ConfirmSubscriptionCommand({ TopicArn, Token, AuthenticateOnUnsubscribe: 'true' });
      expect((await client.send(confirm)).SubscriptionArn).toBe(SubscriptionArn);
      expect((await client.send(confirm)).SubscriptionArn).toBe(SubscriptionArn);
      const { Attributes } = await client.send(new GetSubscriptionAttributesCommand({ SubscriptionArn }));
      expect(Attributes).toMatchObject({ PendingConfirmation: 'false', ConfirmationWasAuthenticated: 'true' });
      await client.send(new PublishCommand({ TopicArn, Message: 'hello', Subject: 'News' }));
      expect((await open(cloud, lastLink(cloud))).status).toBe(403);
      expect((await client.send(new ListSubscriptionsByTopicCommand({ TopicArn }))).Subscriptions).toHaveLength(1);
      await client.send(new UnsubscribeCommand({ SubscriptionArn }));
      expect((await client.send(new ListSubscriptionsByTopicCommand({ TopicArn }))).Subscriptions ?? []).toEqual([]);
    }));

  test('fails for a token that is none or older than two days', () =>
    withTopic(async (world) => {
      const { cloud, client } = world;
      await subscribe(world, 'ann@acme.example');
      const link = lastLink(cloud);
      await expect(client.send(new ConfirmSubscriptionCommand({ TopicArn, Token: 'x' }))).rejects.toMatchObject({
        name: 'InvalidParameterException',
      });
      await cloud.clock.advance(2 * 24 * 3600);
      await expect(client.send(new ConfirmSubscriptionCommand({ TopicArn, Token: tokenOf(link) }))).rejects.toThrow(
        'Token',
      );
      expect((await open(cloud, link)).status).toBe(403);
      expect((await client.send(new ListSubscriptionsByTopicCommand({ TopicArn }))).Subscriptions ?? []).toEqual([]);
    }));

  test('cannot be taken back by what is no ARN', () =>
    withTopic(async (world) => {
      await subscribe(world, 'ann@acme.example');
      const unsubscribe = new UnsubscribeCommand({ SubscriptionArn: 'PendingConfirmation' });
      await expect(world.client.send(unsubscribe)).rejects.toMatchObject({ name: 'InvalidParameterException' });
    }));
});

describe('publishing', () => {
  test('mails every confirmed subscriber whose filter lets the message pass', () =>
    withTopic(async (world) => {
      const { cloud, client } = world;
      const only = (recipient: string) => ({ FilterPolicy: JSON.stringify({ recipient: [recipient] }) });
      await subscribeAndConfirm(world, 'all@acme.example');
      await subscribeAndConfirm(world, 'ann@acme.example', only('ann'));
      await subscribeAndConfirm(world, 'bob@acme.example', only('bob'));
      await subscribe(world, 'pending@acme.example');
      await client.send(
        new PublishCommand({
          TopicArn,
          Subject: 'Approve my-app in prod1',
          Message: 'Please decide:\nhttp://127.0.0.1:4700/approvals/abc?x=1\n',
          MessageAttributes: { recipient: { DataType: 'String', StringValue: 'ann' } },
        }),
      );
      expect(recipients(cloud, 'Approve my-app in prod1').sort()).toEqual(['all@acme.example', 'ann@acme.example']);
      const mail = cloud.sns.mails().at(-1);
      expect(mail?.links[0]).toBe('http://127.0.0.1:4700/approvals/abc?x=1');
      expect(mail?.links[1]).toMatch(/^http:\/\/127\.0\.0\.1:4700\/local\/sns\/unsubscribe\.html\?SubscriptionArn=/);
      expect(mail?.body).toContain('\n--\nIf you wish to stop receiving notifications from this topic');
    }));

  test('no longer reaches who followed the unsubscribe link', () =>
    withTopic(async (world) => {
      const { cloud, client } = world;
      await subscribeAndConfirm(world, 'ann@acme.example');
      await client.send(new PublishCommand({ TopicArn, Subject: 'One', Message: 'hello' }));
      const link = lastLink(cloud);
      expect((await open(cloud, link)).status).toBe(200);
      expect((await open(cloud, link)).status).toBe(404);
      await client.send(new PublishCommand({ TopicArn, Subject: 'Two', Message: 'hello' }));
      expect(recipients(cloud, 'One')).toEqual(['ann@acme.example']);
      expect(recipients(cloud, 'Two')).toEqual([]);
    }));

  test('follows a changed filter policy', () =>
    withTopic(async (world) => {
      const { cloud, client } = world;
      const SubscriptionArn = await subscribeAndConfirm(world, 'ann@acme.example');
      const set = (AttributeValue: string) =>
        client.send(
          new SetSubscriptionAttributesCommand({ SubscriptionArn, AttributeName: 'FilterPolicy', AttributeValue }),
        );
      await set('{"recipient":["bob"]}');
      await client.send(new PublishCommand({ TopicArn, Subject: 'One', Message: 'hello' }));
      await set('{}');
      await client.send(new PublishCommand({ TopicArn, Subject: 'Two', Message: 'hello' }));
      expect(
        cloud.sns
          .mails()
          .map(({ subject }) => subject)
          .slice(1),
      ).toEqual(['Two']);
      await expect(set('{"a":1}')).rejects.toMatchObject({ name: 'InvalidParameterException' });
    }));

  test.each<[title: string, fields: object, name: string]>([
    ['a subject of 100 characters', { Subject: 'x'.repeat(100) }, 'InvalidParameterException'],
    ['a subject with a line break', { Subject: 'a\nb' }, 'InvalidParameterException'],
    ['an empty message', { Message: '' }, 'InvalidParameterException'],
    ['a message above 256 KiB', { Message: 'x'.repeat(256 * 1024 + 1) }, 'InvalidParameterException'],
    ['an unknown topic', { TopicArn: `${TopicArn}-2` }, 'NotFoundException'],
  ])('is refused for %s', (_title, fields, name) =>
    withTopic(async (world) => {
      await subscribeAndConfirm(world, 'ann@acme.example');
      await expect(
        world.client.send(new PublishCommand({ TopicArn, Message: 'hello', ...fields })),
      ).rejects.toMatchObject({ name });
      expect(world.cloud.sns.mails()).toHaveLength(1);
    }),
  );

  test('takes a subject of 99 characters', () =>
    withTopic(async (world) => {
      await subscribeAndConfirm(world, 'ann@acme.example');
      await world.client.send(new PublishCommand({ TopicArn, Message: 'hello', Subject: 'x'.repeat(99) }));
      expect(world.cloud.sns.mails()).toHaveLength(2);
    }));
});

describe('permissions', () => {
  const allow = (Action: string | string[], Resource: string) => ({ Effect: 'Allow', Action, Resource });

  test('are those of the caller or of the topic policy', () =>
    withTopic(async ({ cloud, client }) => {
      const caller = new SNSClient(cloud.bearer(cloud.addRole('publisher', [allow('sns:Publish', TopicArn)])));
      const denied = { name: 'AuthorizationErrorException' };
      await caller.send(new PublishCommand({ TopicArn, Message: 'hello' }));
      await expect(
        caller.send(new SubscribeCommand({ TopicArn, Protocol: 'email', Endpoint: 'a@b.example' })),
      ).rejects.toMatchObject(denied);
      await expect(caller.send(new ListSubscriptionsByTopicCommand({ TopicArn }))).rejects.toMatchObject(denied);
      await cloud.provision(cloud.sns, 'AWS::SNS::TopicPolicy', {
        Topics: [TopicArn],
        PolicyDocument: {
          Statement: [
            {
              Effect: 'Deny',
              Principal: '*',
              Action: 'sns:Publish',
              Resource: TopicArn,
              Condition: { Bool: { 'aws:SecureTransport': 'true' } },
            },
          ],
        },
      });
      await expect(caller.send(new PublishCommand({ TopicArn, Message: 'hello' }))).rejects.toMatchObject(denied);
      expect((await client.send(new GetTopicAttributesCommand({ TopicArn }))).Attributes).toMatchObject({
        Owner: accountId,
        SubscriptionsPending: '0',
      });
      caller.destroy();
    }));

  test('of an encrypted topic include those of its key', () =>
    withTopic(
      async (world) => {
        const { cloud } = world;
        await subscribeAndConfirm(world, 'ann@acme.example');
        const publish = allow('sns:Publish', TopicArn);
        const key = allow(['kms:GenerateDataKey*', 'kms:Decrypt'], cloud.keyArn);
        const without = new SNSClient(cloud.bearer(cloud.addRole('without-key', [publish])));
        const withKey = new SNSClient(cloud.bearer(cloud.addRole('with-key', [publish, key])));
        await expect(without.send(new PublishCommand({ TopicArn, Message: 'hello' }))).rejects.toMatchObject({
          name: 'KMSAccessDeniedException',
          message: expect.stringContaining('kms:GenerateDataKey'),
        });
        await withKey.send(new PublishCommand({ TopicArn, Message: 'hello' }));
        expect(cloud.sns.mails()).toHaveLength(2);
        without.destroy();
        withKey.destroy();
      },
      (cloud) => ({ KmsMasterKeyId: cloud.keyArn }),
    ));
});

test('subscriptions and mails outlive a restart', async () => {
  const directory = mkdtempSync(join(tmpdir(), 'stagegate-sns-'));
  try {
    let link = '';
    await withTopic(
      async (world) => {
        await subscribe(world, 'ann@acme.example');
        link = lastLink(world.cloud);
      },
      undefined,
      directory,
    );
    await withTopic(
      async ({ cloud, client }) => {
        expect((await open(cloud, link)).status).toBe(200);
        await client.send(new PublishCommand({ TopicArn, Subject: 'News', Message: 'hello' }));
        expect(cloud.sns.mails().map(({ subject }) => subject)).toEqual([
          'AWS Notification - Subscription Confirmation',
          'News',
        ]);
      },
      undefined,
      directory,
    );
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
});

test('a topic with unknown properties is refused by name', async () => {
  await expect(
    withTopic(
      async () => {},
      () => ({ FifoTopic: true }),
    ),
  ).rejects.toThrow('FifoTopic');
  await expect(
    withTopic(
      async () => {},
      () => ({ Subscription: [] }),
    ),
  ).rejects.toThrow('Subscription');
});
