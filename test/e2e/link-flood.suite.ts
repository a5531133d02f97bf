import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { sharedCloud } from './shared-cloud.ts';
import { STAFF, TestApplication, type TestCloud } from './test-cloud.ts';

/** Mail scanners and people who guess links change nothing through the public routes. */
describe('a flood of links', () => {
  let cloud: TestCloud;
  beforeAll(async () => {
    cloud = await sharedCloud();
  });
  afterAll(() => {
    // A running flood would keep the cloud from stopping.
    flood.abort();
  });

  const flood = new AbortController();

  const MANY = 1000;
  const AT_ONCE = 20;
  /** The local cloud answers only some tens of pages a second when other suites run at the same time. */
  const PATIENCE_MS = 300_000;

  interface Answer {
    readonly status: number;
    readonly headers: Readonly<Record<string, string>>;
    readonly body: string;
  }

  /** Headers that differ only by the time of a request. */
  const OF_THE_MOMENT = new Set(['date', 'apigw-requestid', 'connection', 'keep-alive']);

  /** Sends a request. It is repeated when the gateway's throttle refuses it before any of our functions run. */
  async function ask(url: string, init: RequestInit = {}): Promise<Answer> {
    const response = await fetch(url, { ...init, redirect: 'manual', signal: flood.signal });
    if (response.status === 429) {
      await response.text();
      await sleep(200);
      return ask(url, init);
    }
    const headers = [...response.headers].filter(([name]) => !OF_THE_MOMENT.has(name));
    return { status: response.status, headers: Object.fromEntries(headers), body: await response.text() };
  }

  /** Sends all requests, a few at a time; returns the distinct answers. */
  async function distinct(requests: readonly (() => Promise<Answer>)[]): Promise<Answer[]> {
    const answers = new Map<string, Answer>();
    const waiting = [...requests];
    const work = async (): Promise<void> => {
      for (let request = waiting.pop(); request; request = waiting.pop()) {
        const answer = await request();
        answers.set(JSON.stringify(answer), answer);
      }
    };
    await Promise.all(Array.from({ length: AT_ONCE }, work));
    return [...answers.values()];
  }

  /** Makes invalid tokens: cut, changed, lengthened, swapped and invented ones. */
  function forged(token: string): string[] {
    const [content = '', mac = ''] = token.split('.');
    const other = Buffer.from(content, 'base64url').toString('utf8').replace('staff@', 'stuff@');
    return Array.from({ length: MANY }, (_, at) => {
      const turned = mac.slice(0, at % 43) + (mac[at % 43] === 'A' ? 'B' : 'A') + mac.slice((at % 43) + 1);
      const kinds = [
        `${content}.${turned}`,
        `${Buffer.from(other).toString('base64url')}.${mac}`,
        token.slice(0, 1 + (at % (token.length - 1))),
        `${token}${at}`,
        `${content}${mac}`,
        `${content}.${content}`,
        encodeURIComponent(`%00${at}🤷 .. <${at}>`),
        `${at}`,
        'x'.repeat(1 + (at % 1500)),
      ];
      return kinds[at % kinds.length] ?? '';
    });
  }

  describe('a link that waits for a decision', () => {
    let app: TestApplication;
    let link: string;
    let token: string;
    let before: string[];
    beforeAll(async () => {
      app = new TestApplication(cloud, 'flooded', ['dev1']);
      await app.register({ policy: { development: { staff: 1, autoPromote: false } } });
      await app.release('one');
      const { id } = await app.waits('dev1', 1, 'staff');
      await cloud.taskToken(id, 'staff');
      link = await app.link(STAFF, 'dev1', 1);
      token = link.split('/approvals/')[1] ?? '';
      before = await cloud.records();
    });
    const form = () => new URLSearchParams({ decision: 'approve', nonce: 'A'.repeat(43), comment: '' });

    test(
      'shows a thousand times the same, and nothing is written',
      async () => {
        const looks: RequestInit[] = [
          {},
          { headers: { 'sec-purpose': 'prefetch;prerender', purpose: 'prefetch' } },
          { headers: { 'user-agent': 'SafeLinks', 'x-forwarded-for': '203.0.113.9' } },
        ];
        const shown = await distinct(
          Array.from({ length: MANY }, (_, at) => () => ask(link, looks[at % looks.length])),
        );
        expect(shown).toMatchObject([
          { status: 200, headers: { 'cache-control': 'no-store', 'referrer-policy': 'no-referrer' } },
        ]);
        const methods = ['HEAD', 'OPTIONS', 'PUT', 'DELETE', 'PATCH'].map((method) => () => ask(link, { method }));
        for (const { status } of await distinct(methods)) expect(status).toBe(405);
        expect(await cloud.records()).toEqual(before);
      },
      PATIENCE_MS,
    );

    test(
      'is not found by guessing: a thousand forged ones get one answer and reach nothing',
      async () => {
        const strangers = forged(token).map((stranger) => `${cloud.url}/approvals/${stranger}`);
        const posts = strangers.filter((_, at) => at % 7 === 0);
        const unknown = await distinct([
          ...strangers.map((url) => () => ask(url)),
          ...posts.map((url) => () => ask(url, { method: 'POST', body: form() })),
        ]);
        expect(unknown).toMatchObject([{ status: 404, body: expect.stringContaining('This link leads nowhere') }]);
        expect(await cloud.records()).toEqual(before);
      },
      PATIENCE_MS,
    );

    test('is decided by nobody who was not shown its form, is in no log, and is decided by its person after all', async () => {
      const blind = await distinct(Array.from({ length: 50 }, () => () => ask(link, { method: 'POST', body: form() })));
      expect(blind.map(({ status }) => status)).toEqual([400]);
      expect(await cloud.records()).toEqual(before);
      const logged = cloud.local.logs.groups().flatMap((group) => cloud.local.logs.read(group));
      expect(logged.length).toBeGreaterThan(0);
      expect(logged.filter(({ message }) => message.includes(token.slice(0, 40)))).toEqual([]);
      expect((await cloud.decide(link, { decision: 'approve' })).status).toBe(200);
      await app.reaches('dev1', 1, 'succeeded');
    });
  });
});
