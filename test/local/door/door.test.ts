import { DescribeKeyCommand, KMSClient } from '@aws-sdk/client-kms';
import { ListTopicsCommand, SNSClient } from '@aws-sdk/client-sns';
import { GetCallerIdentityCommand, STSClient } from '@aws-sdk/client-sts';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import * as z from 'zod';
import { roleSession } from '../../../local/door/callers.ts';
import { createDoor, type LocalDoor, OPERATOR_CREDENTIALS } from '../../../local/door/door.ts';
import { type DoorServer, startDoorServer } from '../../../local/door/door-server.ts';
import { THROTTLING } from '../../../local/door/faults.ts';
import { createJsonProtocol } from '../../../local/door/json-protocol.ts';
import { createQueryProtocol } from '../../../local/door/query-protocol.ts';
import { AwsError, type AwsService } from '../../../local/door/wire.ts';
import type { LocalEvent } from '../../../local/services/local-context.ts';
import { signedFetch } from '../signed-fetch.ts';

const ROLE = 'arn:aws:iam::000000000000:role/worker';
const worker = roleSession(ROLE, 'session');
const Input = z.object({ KeyId: z.string() });

/** The part of KMS that the door needs: one operation whose behaviour depends on its input. */
const kms: AwsService = {
  signingName: 'kms',
  protocol: createJsonProtocol({ targetPrefix: 'TrentService', version: '1.1' }),
  operations: {
    DescribeKey: {
      permissions: (input) => [
        { action: 'kms:DescribeKey', resources: [`arn:aws:test:::${Input.parse(input).KeyId}`] },
      ],
      async perform(input, { caller, region }) {
        const { KeyId } = Input.parse(input);
        if (KeyId === 'missing') throw new AwsError('NotFoundException', 'no such key');
        if (KeyId === 'crash') throw new TypeError('inside');
        return {
          KeyMetadata: { KeyId, Description: `${caller.kind} in ${region}`, CreationDate: new Date(1_000_000) },
        };
      },
    },
  },
};
const sts: AwsService = {
  signingName: 'sts',
  protocol: createQueryProtocol({ namespace: 'https://sts.amazonaws.com/doc/2011-06-15/' }),
  accessDenied: { code: 'AccessDenied', status: 403 },
  operations: {
    GetCallerIdentity: {
      permissions: () => [{ action: 'sts:GetCallerIdentity', resources: ['*'] }],
      perform: async (_, { caller }) => ({
        Arn: caller.kind === 'service' ? '' : caller.arn,
        Account: `<&${caller.accountId}>`,
      }),
    },
  },
};

describe('the door', () => {
  let door: LocalDoor;
  let server: DoorServer;
  let events: LocalEvent[];
  const clients: { destroy(): void }[] = [];
  beforeEach(async () => {
    events = [];
    door = createDoor({ accountId: '000000000000', region: 'eu-west-1', log: (event) => void events.push(event) });
    door.register(kms);
    door.register(sts);
    door.policies.putRole(ROLE, { Statement: { Effect: 'Allow', Principal: '*', Action: 'sts:AssumeRole' } });
    door.policies.putRolePolicy(ROLE, 'own', {
      Statement: [
        {
          Effect: 'Allow',
          Action: 'kms:*',
          Resource: ['arn:aws:test:::mine', 'arn:aws:test:::missing', 'arn:aws:test:::crash'],
        },
      ],
    });
    server = await startDoorServer(door, (event) => void events.push(event));
  });
  afterEach(async () => {
    for (const client of clients.splice(0)) client.destroy();
    await server.close();
  });

  const open = <T extends { destroy(): void }>(client: T): T => {
    clients.push(client);
    return client;
  };
  const config = (credentials: { accessKeyId: string; secretAccessKey: string }) => ({
    endpoint: server.url,
    region: 'eu-west-1',
    credentials,
    maxAttempts: 1,
  });
  const kmsOf = (credentials: { accessKeyId: string; secretAccessKey: string }) =>
    open(new KMSClient(config(credentials)));
  const describeKey = (client: KMSClient, KeyId: string) => client.send(new DescribeKeyCommand({ KeyId }));

  test('knows the caller by the access key and lets the SDK read the answer', async () => {
    const { KeyMetadata } = await describeKey(kmsOf(door.issueCredentials(worker)), 'mine');
    expect(KeyMetadata).toMatchObject({
      KeyId: 'mine',
      Description: 'role in eu-west-1',
      CreationDate: new Date(1_000_000),
    });
    expect((await describeKey(kmsOf(OPERATOR_CREDENTIALS), 'other')).KeyMetadata?.Description).toBe(
      'operator in eu-west-1',
    );
  });

  test('answers AccessDenied with the code of each protocol', async () => {
    const credentials = door.issueCredentials(worker);
    const message = (action: string, resource: string) =>
      `User: arn:aws:sts::000000000000:assumed-role/worker/session is not authorized to perform: ${action} on resource: ${resource} because no identity-based policy allows the ${action} action`;
    await expect(describeKey(kmsOf(credentials), 'yours')).rejects.toMatchObject({
      name: 'AccessDeniedException',
      message: message('kms:DescribeKey', 'arn:aws:test:::yours'),
      $metadata: { httpStatusCode: 400 },
    });
    await expect(open(new STSClient(config(credentials))).send(new GetCallerIdentityCommand())).rejects.toMatchObject({
      name: 'AccessDenied',
      message: message('sts:GetCallerIdentity', '*'),
      $metadata: { httpStatusCode: 403 },
    });
  });

  test('escapes what it answers in XML', async () => {
    const { Account } = await open(new STSClient(config(OPERATOR_CREDENTIALS))).send(new GetCallerIdentityCommand());
    expect(Account).toBe('<&000000000000>');
  });

  test('refuses unknown, revoked, expired and forged credentials', async () => {
    const unknown = { accessKeyId: 'ASIA0000000000000000', secretAccessKey: 'x' };
    await expect(describeKey(kmsOf(unknown), 'mine')).rejects.toMatchObject({ name: 'UnrecognizedClientException' });
    await expect(open(new STSClient(config(unknown))).send(new GetCallerIdentityCommand())).rejects.toMatchObject({
      name: 'InvalidClientTokenId',
    });

    const issued = door.issueCredentials(worker);
    await expect(describeKey(kmsOf({ ...issued, secretAccessKey: 'guessed' }), 'mine')).rejects.toMatchObject({
      name: 'SignatureDoesNotMatch',
    });
    const { sessionToken: _, ...withoutToken } = issued;
    await expect(describeKey(kmsOf(withoutToken), 'mine')).rejects.toMatchObject({
      name: 'UnrecognizedClientException',
    });
    door.revokeCredentials(issued.accessKeyId);
    await expect(describeKey(kmsOf(issued), 'mine')).rejects.toMatchObject({ name: 'UnrecognizedClientException' });

    const { expiration: _unread, ...expired } = door.issueCredentials(worker, -1);
    await expect(describeKey(kmsOf(expired), 'mine')).rejects.toMatchObject({ name: 'ExpiredTokenException' });
  });

  test('a signature covers the body', async () => {
    const signed = await new Promise<RequestInit & { url: string }>((resolve) => {
      const original = globalThis.fetch;
      globalThis.fetch = async (url, init) => {
        resolve({ ...init, url: String(url) });
        return new Response();
      };
      const headers = { 'x-amz-target': 'TrentService.DescribeKey', 'content-type': 'application/x-amz-json-1.1' };
      void signedFetch(server.url, {
        service: 'kms',
        region: 'eu-west-1',
        credentials: OPERATOR_CREDENTIALS,
        method: 'POST',
        headers,
        body: '{"KeyId":"a"}',
      });
      globalThis.fetch = original;
    });
    const { host: _, ...headers } = signed.headers as Record<string, string>;
    const send = async (body: string) => (await fetch(signed.url, { method: 'POST', headers, body })).status;
    expect(await send('{"KeyId":"a"}')).toBe(200);
    expect(await send('{"KeyId":"b"}')).toBe(403);
  });

  test('names what it does not support', async () => {
    await expect(open(new SNSClient(config(OPERATOR_CREDENTIALS))).send(new ListTopicsCommand())).rejects.toMatchObject(
      {
        $metadata: { httpStatusCode: 501 },
      },
    );
    expect(events.map(({ message }) => message)).toContainEqual(
      expect.stringContaining('service sns is not supported by the local cloud'),
    );
    const headers = { 'x-amz-target': 'TrentService.CreateKey' };
    const answer = await signedFetch(server.url, {
      service: 'kms',
      region: 'eu-west-1',
      credentials: OPERATOR_CREDENTIALS,
      method: 'POST',
      headers,
      body: '{}',
    });
    expect({ status: answer.status, body: await answer.json() }).toEqual({
      status: 400,
      body: { __type: 'UnknownOperationException', message: 'kms:CreateKey is not supported by the local cloud' },
    });
    await expect(door.call(worker, 'route53', 'ChangeResourceRecordSets', {})).rejects.toThrow(
      'the local cloud has no service route53',
    );
  });

  test('bad input is a ValidationException, a crash an InternalFailure that is logged', async () => {
    await expect(door.call(worker, 'kms', 'DescribeKey', {})).rejects.toMatchObject({
      code: 'ValidationException',
      status: 400,
    });
    await expect(describeKey(kmsOf(door.issueCredentials(worker)), 'crash')).rejects.toMatchObject({
      name: 'InternalFailure',
      message: 'inside',
    });
    expect(events).toContainEqual({
      source: 'kms',
      message: 'DescribeKey crashed',
      fields: { error: expect.stringContaining('TypeError: inside') },
    });
  });

  test('records every call with caller, permissions and outcome', async () => {
    const client = kmsOf(door.issueCredentials(worker));
    await describeKey(client, 'mine');
    await describeKey(client, 'missing').catch(() => undefined);
    await describeKey(client, 'yours').catch(() => undefined);
    expect(
      door.calls.list().map(({ caller, service, operation, permissions, outcome }) => ({
        caller,
        service,
        operation,
        permissions,
        outcome,
      })),
    ).toEqual(
      [
        ['mine', 'ok'],
        ['missing', 'NotFoundException'],
        ['yours', 'AccessDeniedException'],
      ].map(([key, outcome]) => ({
        caller: worker.kind === 'role' ? worker.arn : '',
        service: 'kms',
        operation: 'DescribeKey',
        permissions: [{ action: 'kms:DescribeKey', resources: [`arn:aws:test:::${key}`] }],
        outcome,
      })),
    );
  });

  test('a check without a call refuses and is recorded too', () => {
    expect(() => door.authorize(worker, { action: 'iam:PassRole', resources: [ROLE] })).toThrow(
      'is not authorized to perform: iam:PassRole',
    );
    expect(door.calls.list()).toMatchObject([
      { service: 'iam', operation: 'authorize', outcome: 'AccessDeniedException' },
    ]);
    expect(() => door.authorize(worker, { action: 'kms:Decrypt', resources: [] })).toThrow(
      'the permission names no resource',
    );
  });

  test('a question about a permission is recorded, and its "no" is not reported as a denial', () => {
    events.length = 0;
    expect(door.allows(worker, { action: 's3:ListBucket', resources: ['arn:aws:s3:::mine'] })).toBe(false);
    expect(door.calls.list().at(-1)).toMatchObject({ operation: 'authorize', outcome: 'AccessDeniedException' });
    expect(events).toEqual([]);
    expect(() => door.authorize(worker, { action: 's3:ListBucket', resources: ['arn:aws:s3:::mine'] })).toThrow();
    expect(events).toMatchObject([{ source: 'iam', message: 'denied' }]);
  });

  describe('faults', () => {
    const mine = { KeyId: 'mine' };
    test('fail as many calls as they say, then no more', async () => {
      door.faults.add({ service: 'kms', operation: 'DescribeKey', times: 2, error: THROTTLING });
      const codes = [];
      for (const _ of [1, 2, 3]) {
        codes.push(
          await door.call(worker, 'kms', 'DescribeKey', mine).then(
            () => 'ok',
            (error: AwsError) => error.code,
          ),
        );
      }
      expect(codes).toEqual(['ThrottlingException', 'ThrottlingException', 'ok']);
    });

    test('concern one caller only, when they name it', async () => {
      door.faults.add({
        service: 'kms',
        operation: 'DescribeKey',
        caller: 'assumed-role/other',
        times: 1,
        error: THROTTLING,
      });
      await expect(door.call(worker, 'kms', 'DescribeKey', mine)).resolves.toBeDefined();
      door.faults.clear();
      door.faults.add({
        service: 'kms',
        operation: 'DescribeKey',
        caller: 'assumed-role/worker',
        times: 1,
        error: THROTTLING,
      });
      await expect(door.call(worker, 'kms', 'DescribeKey', mine)).rejects.toMatchObject({
        code: 'ThrottlingException',
      });
    });

    test('may lose the answer of a call that was performed', async () => {
      let performed = 0;
      door.register({
        ...kms,
        signingName: 'counter',
        operations: {
          Count: {
            permissions: () => [],
            perform: async () => {
              performed += 1;
            },
          },
        },
      });
      door.faults.add({
        service: 'counter',
        operation: 'Count',
        times: 1,
        when: 'after',
        error: { code: 'InternalFailure', status: 500 },
      });
      await expect(door.call(worker, 'counter', 'Count', {})).rejects.toMatchObject({ code: 'InternalFailure' });
      expect(performed).toBe(1);
    });

    test('may delay a call', async () => {
      const order: string[] = [];
      door.faults.add({ service: 'kms', operation: 'DescribeKey', times: 1, delayMs: 50 });
      await Promise.all([
        door.call(worker, 'kms', 'DescribeKey', mine).then(() => order.push('delayed')),
        door.call(worker, 'kms', 'DescribeKey', mine).then(() => order.push('plain')),
      ]);
      expect(order).toEqual(['plain', 'delayed']);
    });
  });

  test('serves no pages of web sites, whatever they sign', async () => {
    const headers = { 'x-amz-target': 'TrentService.DescribeKey', origin: 'https://evil.example' };
    const props = { service: 'kms', region: 'eu-west-1', credentials: OPERATOR_CREDENTIALS, method: 'POST', headers };
    expect((await signedFetch(server.url, { ...props, body: '{"KeyId":"a"}' })).status).toBe(403);
    expect(door.calls.list()).toEqual([]);
  });

  test('ends no connection for being idle: a process that is held up would send its next request into the end', async () => {
    door.route('/open/', () => ({ status: 200, headers: {}, body: '' }));
    const { headers } = await fetch(`${server.url}/open/`);
    expect([headers.get('connection'), headers.get('keep-alive')]).toEqual(['keep-alive', null]);
  });

  test('serves unsigned paths that were routed to it, the longest prefix first', async () => {
    door.route('/credentials/', () => ({ status: 200, headers: {}, body: 'any' }));
    door.route('/credentials/build/', ({ path }) => ({ status: 200, headers: {}, body: path }));
    expect(await (await fetch(`${server.url}/credentials/x`)).text()).toBe('any');
    expect(await (await fetch(`${server.url}/credentials/build/7`)).text()).toBe('/credentials/build/7');
    const unsigned = await fetch(`${server.url}/elsewhere`);
    expect({ status: unsigned.status, body: await unsigned.json() }).toMatchObject({
      status: 403,
      body: {
        __type: 'MissingAuthenticationTokenException',
        message: 'GET /elsewhere is not signed and is no path of the local cloud',
      },
    });
  });
});
