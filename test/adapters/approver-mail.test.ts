import { SNSClient } from '@aws-sdk/client-sns';
import { SnsApproverMail } from '../../lambdas/adapters/sns-approver-mail.ts';
import { describeApproverMail, type OpenTopic } from '../contracts/approver-mail-contract.ts';
import { InMemoryApproverMail } from '../fakes/in-memory-approver-mail.ts';
import { accountId, region } from '../local/cloud-names.ts';
import { openCloud } from '../local/open-cloud.ts';

const CONFIRMATION = 'AWS Notification - Subscription Confirmation';

describeApproverMail('InMemoryApproverMail', async () => {
  const mail = new InMemoryApproverMail();
  return {
    mail,
    click: async (email) => void mail.click(email),
    confirmationLink: (email) => mail.confirmationLink(email),
    received: (email) => mail.sent.filter(({ to }) => to === email).map(({ subject }) => subject),
    asked: (email) => mail.asked.filter((address) => address === email).length,
    forget: async () => mail.forgetUnconfirmed(),
    close: async () => {},
  };
});

describeApproverMail('SnsApproverMail on the local SNS', async (): Promise<OpenTopic> => {
  const cloud = await openCloud();
  await cloud.provision(cloud.sns, 'AWS::SNS::Topic', { TopicName: 'approvals' });
  const client = new SNSClient(cloud.operator);
  const mailsTo = (email: string) => cloud.sns.mails().filter(({ to }) => to === email);
  const linkTo = (email: string) => mailsTo(email).findLast(({ subject }) => subject === CONFIRMATION)?.links[0] ?? '';
  return {
    mail: new SnsApproverMail(`arn:aws:sns:${region}:${accountId}:approvals`, client),
    async click(email) {
      const { pathname: path, searchParams: query } = new URL(linkTo(email));
      await cloud.sns.localRoutes[path]?.({ method: 'GET', path, query, headers: {}, body: Buffer.alloc(0) });
    },
    confirmationLink: linkTo,
    received: (email) => mailsTo(email).flatMap(({ subject }) => (subject === CONFIRMATION ? [] : [subject])),
    asked: (email) => mailsTo(email).filter(({ subject }) => subject === CONFIRMATION).length,
    forget: () => cloud.clock.advance(2 * 24 * 3600),
    async close() {
      client.destroy();
      await cloud.close();
    },
  };
});
