import { spawn } from 'node:child_process';
import { DeleteItemCommand, DynamoDBClient, GetItemCommand, UpdateItemCommand } from '@aws-sdk/client-dynamodb';
import { beforeAll, describe, expect, test } from '@jest/globals';
import * as z from 'zod';
import { roleSession } from '../../local/door/callers.ts';
import { sharedCloud } from './shared-cloud.ts';
import { STAFF, TestApplication, type TestCloud } from './test-cloud.ts';

/** What approvers get and decide, and what an auditor can read about it; over HTTP, mail and the real table. */
describe('people', () => {
  let cloud: TestCloud;

  beforeAll(async () => {
    cloud = await sharedCloud();
  });

  const AuditSchema = z.object({
    items: z.array(
      z.looseObject({
        sequence: z.number(),
        type: z.string(),
        by: z.string(),
        via: z.string(),
        hash: z.string(),
        details: z.record(z.string(), z.json()).optional(),
      }),
    ),
    head: z.object({ sequence: z.number(), hash: z.string() }),
  });
  const auditOf = async (name: string) =>
    AuditSchema.parse(await cloud.expect(200, 'GET', `/applications/${name}/audit?limit=100`));

  /** Runs `npm run audit:verify` against the running cloud. */
  function verify(name: string, ...more: string[]): Promise<{ status: number | null; output: string }> {
    return new Promise((resolve, reject) => {
      const args = ['scripts/audit-verify.ts', '--url', cloud.url, '--application', name, ...more];
      const child = spawn(process.execPath, args, { env: { PATH: process.env.PATH } });
      const output: string[] = [];
      for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk) => output.push(String(chunk)));
      child.once('error', reject);
      child.once('close', (status) => resolve({ status, output: output.join('') }));
    });
  }

  /** A gate in the first environment, for tests that do not need the way to a later one. */
  const gated = (staff = 1) => ({ policy: { development: { staff, autoPromote: false } } });

  /** Makes an application whose release 1 waits at the staff gate of dev1, for one person, or also for `second`. */
  async function waiting(name: string, second?: string) {
    const app = new TestApplication(cloud, name, ['dev1']);
    await app.register(gated(second ? 2 : 1));
    if (second) await app.approver(second, 'staff');
    await app.release('one');
    const deployment = await app.waits('dev1', 1, 'staff');
    const path = `${app.path}/environments/dev1/deployments/${deployment.id}`;
    return { app, deployment, path };
  }

  describe('the audit', () => {
    test('tells a release’s way to production, is proven, and is not changed by a flood of GETs and forged links', async () => {
      const app = new TestApplication(cloud, 'audited', ['stage1']);
      await app.register();
      await app.release('one');
      await app.approve(STAFF, 'stage1', 1);
      const { id } = await app.reaches('stage1', 1, 'succeeded');
      await cloud.statesOf(id);
      const { items, head } = await auditOf('audited');
      const types = items.map(({ type }) => type);
      expect(types.filter((type) => type === 'application-configured')).toHaveLength(1);
      expect(items.slice(-2)).toMatchObject([
        { type: 'approved', by: STAFF, via: 'link', gate: 'staff', comment: 'fine', environment: 'stage1' },
        { type: 'plan-consumed', by: 'stagegate', via: 'system', environment: 'stage1' },
      ]);
      // A plan without changes, such as that of dev1, is not consumed.
      expect(types.filter((type) => type === 'plan-consumed')).toHaveLength(1);
      expect(await verify('audited')).toEqual({
        status: 0,
        output: expect.stringContaining(`${head.sequence}:${head.hash}`),
      });

      const link = await app.link(STAFF, 'stage1', 1);
      // The promotion that release 1 is owed finds no further environment, and is settled.
      await cloud.everythingDelivered();
      const before = await cloud.records();
      const form = new URLSearchParams({ decision: 'approve', nonce: 'guessed' });
      for (let batch = 0; batch < 10; batch++)
        await Promise.all(
          Array.from({ length: 10 }, async (_, number) => {
            const forged = link.replace(/\.[^.]*$/, `.${`${batch}${number}`.padStart(43, 'A')}`);
            await (await fetch(link)).text();
            await (await fetch(forged)).text();
            await (await fetch(forged, { method: 'POST', body: form })).text();
          }),
        );
      expect(await cloud.records()).toEqual(before);
    });

    test('tells a refused decision of somebody who may not, once', async () => {
      const { path, deployment } = await waiting('refusing');
      const decision = { decision: 'approve', planDigest: deployment.planDigest };
      for (let times = 0; times < 3; times++)
        await cloud.expect(403, 'POST', `${path}/gates/staff/decisions`, decision, 'stranger@example.com');
      const { items } = await auditOf('refusing');
      expect(items.filter(({ type }) => type === 'refused')).toMatchObject([
        { by: expect.stringContaining('stranger@example.com'), via: 'api', details: { refusal: 'not-an-approver' } },
      ]);
    });

    test('is kept from functions by IAM, and what a hand in the table does is found', async () => {
      const { app } = await waiting('tampered');
      await app.approve(STAFF, 'dev1', 1);
      const { items } = await auditOf('tampered');
      const approval = items.find(({ type }) => type === 'approved');
      const sequence = approval?.sequence ?? 0;
      const Key = { pk: { S: 'AUDIT#tampered' }, sk: { S: `ENTRY#${String(sequence).padStart(10, '0')}` } };
      const TableName = cloud.local.tableName;
      const { dynamodb } = cloud.operator;
      const { Item } = await dynamodb.send(new GetItemCommand({ TableName, Key }));
      const data = { S: (Item?.data?.S ?? '').replace(STAFF, 'mallory@example.com') };
      await dynamodb.send(
        new UpdateItemCommand({
          TableName,
          Key,
          UpdateExpression: 'SET #data = :data',
          ExpressionAttributeNames: { '#data': 'data' },
          ExpressionAttributeValues: { ':data': data },
        }),
      );
      const changed = await verify('tampered');
      expect(changed.status).toBe(1);
      expect(changed.output).toContain(`broken at entry ${sequence}: its content has the hash`);
      await dynamodb.send(new DeleteItemCommand({ TableName, Key }));
      expect((await verify('tampered')).output).toContain(`broken at entry ${sequence}: `);

      // The roles of the functions cannot delete an entry either.
      const { stack, door, endpoint, region } = cloud.local;
      const roles = [...stack.resources].filter(
        ([id, { type }]) => id.startsWith('Functions') && type === 'AWS::IAM::Role',
      );
      expect(roles.length).toBeGreaterThan(20);
      for (const [, { attributes }] of roles) {
        const credentials = door.issueCredentials(roleSession(String(attributes.Arn), 'curious'));
        const client = new DynamoDBClient({ endpoint, region, credentials });
        await expect(client.send(new DeleteItemCommand({ TableName, Key }))).rejects.toThrow(/not authorized/);
        await expect(
          client.send(
            new UpdateItemCommand({
              TableName,
              Key,
              UpdateExpression: 'SET note = :n',
              ExpressionAttributeValues: { ':n': { S: 'x' } },
            }),
          ),
        ).rejects.toThrow(/not authorized/);
        client.destroy();
      }
    });
  });

  describe('mails', () => {
    test('a new link on request replaces the old one, which then decides nothing', async () => {
      const { app, path } = await waiting('renewing');
      const old = await app.link(STAFF, 'dev1', 1);
      await cloud.expect(201, 'POST', `${path}/gates/staff/links`, { email: STAFF });
      const newest = await cloud.mail(
        ({ to, body }) => to === STAFF && body.includes('renewing') && body.includes('replaces an earlier one'),
      );
      expect(newest.links[0]).not.toBe(old);
      const replaced = await fetch(old);
      expect(replaced.status).toBe(410);
      expect(await replaced.text()).toContain('A newer e-mail has replaced');
      expect((await cloud.decide(old, { decision: 'approve', comment: '' })).status).not.toBe(200);
      expect((await cloud.decide(newest.links[0] ?? '', { decision: 'approve', comment: '' })).status).toBe(200);
      await app.reaches('dev1', 1, 'succeeded');
    });

    test('who has not decided is reminded once, however often the clock strikes', async () => {
      const { app } = await waiting('reminding', 'second@example.com');
      await app.approve(STAFF, 'dev1', 1);
      const reminders = async () =>
        (await cloud.mails()).filter(({ subject }) => subject.startsWith('Reminder: approve reminding dev1'));
      await cloud.poll('a reminder', async () => {
        await cloud.strike('stagegate-send-reminders');
        return (await reminders())[0];
      });
      await Promise.all([cloud.strike('stagegate-send-reminders'), cloud.strike('stagegate-send-reminders')]);
      const sent = await reminders();
      expect(sent.map(({ to }) => to)).toEqual(['second@example.com']);
      const { status } = await cloud.decide(sent[0]?.links[0] ?? '', { decision: 'approve', comment: '' });
      expect(status).toBe(200);
      await app.reaches('dev1', 1, 'succeeded');
    });
  });

  describe('subscriptions', () => {
    const EVE = 'eve@example.com';
    const confirmationTo = (email: string) =>
      cloud.mail(({ to, subject }) => to === email && subject.includes('Subscription Confirmation'));

    test('confirmed by the pasted link cannot be ended by the link in a mail', async () => {
      const app = new TestApplication(cloud, 'confirming', ['dev1']);
      await app.register(gated());
      await cloud.expect(201, 'PUT', `${app.path}/approvers/${EVE}`, { gates: ['staff'] });
      const link = (await confirmationTo(EVE)).links[0] ?? '';
      const elsewhere = link.replace('127.0.0.1', 'localhost');
      await cloud.expect(400, 'POST', `${app.path}/approvers/${EVE}/confirmation`, { link: elsewhere });
      const confirmed = await cloud.expect(200, 'POST', `${app.path}/approvers/${EVE}/confirmation`, { link });
      expect(confirmed).toMatchObject({ subscription: 'confirmed', unsubscribeProtected: true });
      await app.release('one');
      await app.waits('dev1', 1, 'staff');
      const mail = await cloud.mail(({ to, subject }) => to === EVE && subject.startsWith('Approve confirming dev1'));
      expect((await fetch(mail.links.at(-1) ?? '')).status).toBe(403);
      const approvers = await cloud.expect(200, 'GET', `${app.path}/approvers`);
      expect(approvers).toMatchObject({
        items: expect.arrayContaining([expect.objectContaining({ email: EVE, subscription: 'confirmed' })]),
      });
    });

    test('ended by the link in a mail are found, shown, asked for again, and raise the alarm', async () => {
      const app = new TestApplication(cloud, 'losing', ['dev1']);
      const lost = 'lost@example.com';
      await app.register(gated());
      await app.approver(lost, 'staff');
      await cloud.strike('stagegate-sweep-subscriptions');
      await app.release('one');
      await app.waits('dev1', 1, 'staff');
      const mail = await cloud.mail(({ to, subject }) => to === lost && subject.startsWith('Approve losing'));
      expect((await fetch(mail.links.at(-1) ?? '')).status).toBe(200);
      const shown = async () => {
        const { items } = z
          .object({ items: z.array(z.object({ email: z.string(), subscription: z.string() })) })
          .parse(await cloud.expect(200, 'GET', `${app.path}/approvers`));
        return items.find(({ email }) => email === lost)?.subscription;
      };
      expect(await shown()).toBe('lost');
      const asked = (await cloud.mails()).filter(({ to }) => to === lost).length;
      await cloud.strike('stagegate-sweep-subscriptions');
      await cloud.strike('stagegate-sweep-subscriptions');
      expect(await shown()).toBe('lost');
      expect((await cloud.mails()).filter(({ to }) => to === lost)).toHaveLength(asked + 1);
      const alarms = z
        .array(z.object({ name: z.string(), state: z.string() }))
        .parse(await cloud.expect(200, 'GET', '/local/alarms.json'));
      expect(alarms).toContainEqual({ name: 'stagegate-ApproversLost', state: 'ALARM' });
      expect((await auditOf('losing')).items.at(-1)).toMatchObject({ type: 'approver-lost', details: { email: lost } });
      await fetch((await confirmationTo(lost)).links[0] ?? '');
      await cloud.strike('stagegate-sweep-subscriptions');
      expect(await shown()).toBe('confirmed');
    });
  });
});
