import { PublishCommand, SNSClient, SubscribeCommand } from '@aws-sdk/client-sns';
import { describe, expect, test } from '@jest/globals';
import type { WireResponse } from '../../../local/door/wire.ts';
import { createPages } from '../../../local/pages/create-pages.ts';
import { accountId, region } from '../cloud-names.ts';
import type { OpenCloud } from '../open-cloud.ts';
import { createMachine, INVOKE, startExecution, withCloud } from '../states/open-machine.ts';

async function read(cloud: OpenCloud, path: string, method = 'GET'): Promise<WireResponse> {
  const routes = createPages(cloud);
  const keys = Object.keys(routes).filter((key) => key === path || (key.endsWith('/') && path.startsWith(key)));
  const route = routes[keys.sort((a, b) => b.length - a.length)[0] ?? ''];
  if (!route) throw new Error(`no page at ${path}`);
  return route({ method, path, query: new URLSearchParams(), headers: {}, body: Buffer.alloc(0) });
}

const text = async (cloud: OpenCloud, path: string): Promise<string> => String((await read(cloud, path)).body);

describe('the pages', () => {
  test('show executions with their states, timings, data and errors', () =>
    withCloud(async (cloud, client) => {
      await createMachine(cloud, {
        Try: {
          Type: 'Task',
          Resource: INVOKE,
          Arguments: { FunctionName: 'work', Payload: 1 },
          Retry: [{ ErrorEquals: ['Oops'], MaxAttempts: 1 }],
          Catch: [{ ErrorEquals: ['Oops'], Next: 'Pause' }],
          Next: 'Pause',
        },
        Pause: { Type: 'Wait', Seconds: 90, Next: 'Rejected' },
        Rejected: { Type: 'Fail', Error: 'Rejected', Cause: 'by <staff>' },
      });
      cloud.functions.add('work', () => {
        throw Object.assign(new Error('no'), { name: 'Oops' });
      });
      await startExecution(client, 'my-run', { n: 1 });
      await cloud.clock.advance(2);
      expect(await text(cloud, '/local/executions')).toMatch(/my-run[\s\S]*running[\s\S]*Pause/);
      const running = await text(cloud, '/local/executions/machine/my-run');
      expect(running).toContain('<meta http-equiv="refresh"');
      expect(running).toMatch(/Try[\s\S]*2 attempts[\s\S]*Oops[\s\S]*error handled[\s\S]*Pause[\s\S]*running/);
      await cloud.clock.advance(90);
      const failed = await text(cloud, '/local/executions/machine/my-run');
      expect(failed).not.toContain('http-equiv="refresh"');
      expect(failed).toContain('by &#60;staff&#62;');
      expect(failed).not.toContain('by <staff>');
      expect(failed).toMatch(/Pause[\s\S]*done[\s\S]*1 min 30 s[\s\S]*Rejected[\s\S]*ended here/);
      expect(failed).toContain('ExecutionFailed');
    }));

  test('show the mails, readable and machine-readable', () =>
    withCloud(async (cloud) => {
      const sns = new SNSClient(cloud.operator);
      await cloud.provision(cloud.sns, 'AWS::SNS::Topic', { TopicName: 'approvals' });
      const TopicArn = `arn:aws:sns:${region}:${accountId}:approvals`;
      await sns.send(new SubscribeCommand({ TopicArn, Protocol: 'email', Endpoint: 'ann@acme.example' }));
      const confirmation = new URL(cloud.sns.mails()[0]?.links[0] ?? '');
      await cloud.sns.localRoutes[confirmation.pathname]?.({
        method: 'GET',
        path: confirmation.pathname,
        query: confirmation.searchParams,
        headers: {},
        body: Buffer.alloc(0),
      });
      await sns.send(
        new PublishCommand({
          TopicArn,
          Subject: 'Approve <b>',
          Message: 'see http://127.0.0.1/approvals/abc?a=1&b=2 now',
        }),
      );
      sns.destroy();
      const page = await text(cloud, '/local/outbox');
      expect(page).toContain('<a href="http://127.0.0.1/approvals/abc?a=1&#38;b=2">');
      expect(page).toContain('Approve &#60;b&#62;');
      expect(page.indexOf('Approve')).toBeLessThan(page.indexOf('Subscription Confirmation'));
      const { headers, body } = await read(cloud, '/local/outbox.json');
      expect(headers['content-type']).toBe('application/json');
      expect(JSON.parse(String(body))).toMatchObject([
        { to: 'ann@acme.example', subject: 'AWS Notification - Subscription Confirmation' },
        {
          to: 'ann@acme.example',
          subject: 'Approve <b>',
          links: ['http://127.0.0.1/approvals/abc?a=1&b=2', expect.stringContaining('unsubscribe')],
          sentAt: '2026-01-01T00:00:00.000Z',
        },
      ]);
    }));

  test('show what lies in the queues', () =>
    withCloud(async (cloud) => {
      await cloud.provision(cloud.sqs, 'AWS::SQS::Queue', { QueueName: 'dead-letters' });
      const operator = { kind: 'operator', arn: 'arn:aws:iam::111111111111:user/operator', accountId } as const;
      const QueueUrl = `https://sqs.${region}.amazonaws.com/${accountId}/dead-letters`;
      await cloud.door.call(operator, 'sqs', 'SendMessage', {
        QueueUrl,
        MessageBody: '{"detail":1}',
        MessageAttributes: { ERROR_CODE: { DataType: 'String', StringValue: 'NO_PERMISSIONS' } },
      });
      expect(await text(cloud, '/local/queues')).toMatch(
        /dead-letters[\s\S]*1 message[\s\S]*NO_PERMISSIONS[\s\S]*detail/,
      );
      expect(await text(cloud, '/local/')).toContain('1 message in');
    }));

  test('say what there is not, and can only be read', () =>
    withCloud(async (cloud) => {
      expect((await read(cloud, '/local/executions/machine/none')).status).toBe(404);
      expect((await read(cloud, '/local/nonsense')).status).toBe(404);
      expect((await read(cloud, '/local/outbox', 'POST')).status).toBe(405);
      expect(await text(cloud, '/local/executions')).toContain('No execution has been started yet');
    }));

  test('need nothing from elsewhere', () =>
    withCloud(async (cloud) => {
      for (const path of ['/local/', '/local/executions', '/local/outbox', '/local/queues']) {
        expect(await text(cloud, path)).not.toMatch(/<script|<link|src=|url\(|@import/);
      }
    }));
});
