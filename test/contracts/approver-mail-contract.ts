import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import type { ApproverMail } from '../../lambdas/domain/ports.ts';

/** The topic as SNS and its subscribers see it. */
export interface OpenTopic {
  readonly mail: ApproverMail;
  /** A plain click on the link of the newest confirmation mail. */
  click(email: string): Promise<void>;
  /** That link. */
  confirmationLink(email: string): string;
  /** Subjects of what the address was sent beside confirmations. */
  received(email: string): string[];
  /** How many confirmation mails the address was sent. */
  asked(email: string): number;
  /** Two days pass. */
  forget(): Promise<void>;
  close(): Promise<void>;
}

const ALICE = 'alice@staff.example';
const BOB = 'bob@staff.example';

/** What everything that calls itself an ApproverMail must do. */
export function describeApproverMail(name: string, open: () => Promise<OpenTopic>): void {
  describe(name, () => {
    let topic: OpenTopic;
    let mail: ApproverMail;
    beforeEach(async () => {
      topic = await open();
      mail = topic.mail;
    });
    afterEach(() => topic.close());
    const of = async (email: string) => (await mail.subscriptions()).get(email);

    test('an address is subscribed once it has confirmed, and each gets only its own mails', async () => {
      expect(await mail.subscribe(ALICE)).toBeUndefined();
      expect(await of(ALICE)).toEqual({ confirmed: false });
      await topic.click(ALICE);
      await mail.subscribe(BOB);
      await topic.click(BOB);
      const arn = (await of(ALICE))?.arn;
      expect(await of(ALICE)).toEqual({ confirmed: true, arn: expect.stringMatching(/^arn:/) });
      await mail.send(ALICE, { subject: 'for Alice', body: 'x' });
      await mail.send(BOB, { subject: 'for Bob', body: 'x' });
      expect([topic.received(ALICE), topic.received(BOB)]).toEqual([['for Alice'], ['for Bob']]);
      expect(await mail.subscribe(ALICE)).toBe(arn);
      expect([topic.asked(ALICE), topic.asked(BOB)]).toEqual([1, 1]);
    });

    test('who is asked again gets another confirmation mail, of which only the newest link counts', async () => {
      await mail.subscribe(ALICE);
      const older = topic.confirmationLink(ALICE);
      await mail.subscribe(ALICE);
      expect(topic.asked(ALICE)).toBe(2);
      await expect(mail.confirm(ALICE, older)).rejects.toMatchObject({ refusal: 'confirmation-refused' });
      expect(await of(ALICE)).toEqual({ confirmed: false });
      expect(await mail.confirm(ALICE, topic.confirmationLink(ALICE))).toMatchObject({ unsubscribeProtected: true });
    });

    test('a pasted link confirms and protects, and does so when pasted again', async () => {
      await mail.subscribe(ALICE);
      const link = topic.confirmationLink(ALICE);
      const confirmation = await mail.confirm(ALICE, ` ${link}\n`);
      expect(confirmation).toEqual({ arn: expect.stringMatching(/^arn:/), unsubscribeProtected: true });
      expect(await of(ALICE)).toEqual({ confirmed: true, arn: confirmation.arn });
      expect(await mail.confirm(ALICE, link)).toEqual(confirmation);
    });

    test('a click before it leaves the subscription unprotected, which is told', async () => {
      await mail.subscribe(ALICE);
      await topic.click(ALICE);
      const arn = (await of(ALICE))?.arn;
      expect(await mail.confirm(ALICE, topic.confirmationLink(ALICE))).toEqual({ arn, unsubscribeProtected: false });
    });

    const changed = (change: (url: URL) => void) => (link: string) => {
      const url = new URL(link);
      change(url);
      return url.href;
    };
    test.each<[string, (link: string) => string]>([
      ['no link at all', () => 'please confirm'],
      ['an empty text', () => ' '],
      ['the bare token', (link) => new URL(link).searchParams.get('Token') ?? ''],
      [
        'a link to another host',
        changed((url) => Object.assign(url, { host: 'sns.eu-west-1.amazonaws.com.evil.example' })),
      ],
      ['a host of another region', changed((url) => Object.assign(url, { host: 'sns.us-east-1.amazonaws.com' }))],
      [
        'a host hidden behind a name',
        changed((url) => Object.assign(url, { username: 'sns.eu-west-1.amazonaws.com' })),
      ],
      ['another scheme', (link) => link.replace(/^https?/, 'ftp')],
      ['another page', changed((url) => Object.assign(url, { pathname: '/unsubscribe.html' }))],
      [
        'the link of another topic',
        changed((url) => url.searchParams.set('TopicArn', 'arn:aws:sns:eu-west-1:111111111111:other')),
      ],
      ['two topics', changed((url) => url.searchParams.append('TopicArn', 'arn:aws:sns:eu-west-1:111111111111:other'))],
      ['the link of another address', changed((url) => url.searchParams.set('Endpoint', BOB))],
      ['no address', changed((url) => url.searchParams.delete('Endpoint'))],
      ['no token', changed((url) => url.searchParams.delete('Token'))],
      ['a token that is none', changed((url) => url.searchParams.set('Token', '../../x?y=z'))],
    ])('fails for %s, confirms nobody and repeats no token', async (_, spoil) => {
      await mail.subscribe(ALICE);
      await mail.subscribe(BOB);
      const link = topic.confirmationLink(ALICE);
      const token = new URL(link).searchParams.get('Token') ?? 'none';
      const error = await mail.confirm(ALICE, spoil(link)).catch((thrown: unknown) => thrown);
      expect(error).toMatchObject({ name: 'InvalidInputError', issues: [{ field: 'link' }] });
      expect(String(error)).not.toContain(token);
      expect([await of(ALICE), await of(BOB)]).toEqual([{ confirmed: false }, { confirmed: false }]);
    });

    test('fails for the token of another address under the name of this one', async () => {
      await mail.subscribe(ALICE);
      await mail.subscribe(BOB);
      const disguised = changed((url) => url.searchParams.set('Endpoint', ALICE))(topic.confirmationLink(BOB));
      await expect(mail.confirm(ALICE, disguised)).rejects.toThrow();
      expect(await of(ALICE)).toEqual({ confirmed: false });
    });

    test.each([
      ['as it is', (link: string) => link.replace('%2B', '+')],
      ['encoded', (link: string) => link],
    ])('takes the link of an address with a plus sign, %s', async (_, written) => {
      const address = 'alice+approvals@staff.example';
      await mail.subscribe(address);
      const link = written(topic.confirmationLink(address));
      expect(await mail.confirm(address, link)).toMatchObject({ unsubscribeProtected: true });
    });

    test('fails for a link that is older than two days', async () => {
      await mail.subscribe(ALICE);
      const link = topic.confirmationLink(ALICE);
      await topic.forget();
      await expect(mail.confirm(ALICE, link)).rejects.toMatchObject({ refusal: 'confirmation-refused' });
      expect(await of(ALICE)).toBeUndefined();
    });

    test('forgets who is unsubscribed', async () => {
      await mail.subscribe(ALICE);
      const { arn } = await mail.confirm(ALICE, topic.confirmationLink(ALICE));
      await mail.unsubscribe(arn);
      expect(await of(ALICE)).toBeUndefined();
      await mail.send(ALICE, { subject: 'nobody reads this', body: 'x' });
      expect(topic.received(ALICE)).toEqual([]);
    });

    test('has room for 200 addresses, refuses one more, also of two at once, and has room again afterwards', async () => {
      for (let number = 1; number < 200; number++) await mail.subscribe(`person${number}@staff.example`);
      const both = await Promise.allSettled([mail.subscribe(ALICE), mail.subscribe(BOB)]);
      expect(both.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected']);
      expect(both.find(({ status }) => status === 'rejected')).toMatchObject({ reason: { refusal: 'approver-limit' } });
      expect((await mail.subscriptions()).size).toBe(200);
      expect(await mail.subscribe('person1@staff.example')).toBeUndefined();
      await topic.click('person1@staff.example');
      await mail.unsubscribe((await of('person1@staff.example'))?.arn ?? '');
      const left = (await of(ALICE)) ? BOB : ALICE;
      expect(await mail.subscribe(left)).toBeUndefined();
    });
  });
}
