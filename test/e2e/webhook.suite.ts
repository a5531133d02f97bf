import { beforeAll, describe, expect, test } from '@jest/globals';
import * as z from 'zod';
import {
  deletePayload,
  pingPayload,
  pullRequestPayload,
  pushPayload,
  signatureOf,
  ZEROS,
} from '../harness/github-payloads.ts';
import { type Delivery, deliverToWebhook, webhookSecretOf } from './github-webhook.ts';
import { sharedCloud } from './shared-cloud.ts';
import { type Answer, TestApplication, type TestCloud } from './test-cloud.ts';

/** GitHub's webhook over real HTTP: requests that GitHub signed make releases, all others change nothing. */
describe('the webhook', () => {
  let cloud: TestCloud;
  let app: TestApplication;
  let other: TestApplication;
  beforeAll(async () => {
    cloud = await sharedCloud();
    // The repository has no branch of this name, so pushes are reported only by the webhook.
    const repository = (url: string) => ({
      configRepository: { url, branch: 'release' },
      // Without promotion to staging, which these tests do not need.
      policy: { development: { autoPromote: false } },
    });
    app = new TestApplication(cloud, 'hooked');
    await app.register(repository('git@github.com:Acme/acme-config.git'));
    other = new TestApplication(cloud, 'other');
    await other.register(repository('https://github.com/acme/acme-config'));
  });

  const secretOf = (name?: string) => webhookSecretOf(cloud, name);
  const deliver = (payload: unknown, delivery?: Delivery) => deliverToWebhook(cloud, payload, delivery);

  /** Makes the payload of a push of this commit to the branch from which the applications deploy. */
  const pushOf = (after: string, facts: Parameters<typeof pushPayload>[0] = {}) =>
    pushPayload({
      ref: 'refs/heads/release',
      after,
      commits: [{ id: after, modified: ['apps/hooked/dev1/main.tf'] }],
      ...facts,
    });

  async function releasesOf({ path }: TestApplication): Promise<string[]> {
    const page = await cloud.expect(200, 'GET', `${path}/releases`);
    return z
      .object({ items: z.array(z.object({ commit: z.string() })) })
      .parse(page)
      .items.map(({ commit }) => commit);
  }

  /** Returns the detail types that the webhook's function has put on the bus. */
  const published = (): string[] =>
    cloud.local.door.calls
      .list()
      .filter(
        ({ caller, service, operation }) => /webhook/.test(caller) && `${service}:${operation}` === 'events:PutEvents',
      )
      .flatMap(({ permissions }) => permissions.flatMap(({ context }) => context?.['events:detail-type'] ?? []));

  test('a signed push deploys itself to the applications it concerns, whichever address they know the repository by', async () => {
    const commit = app.push('from-github');
    expect(await deliver(pushOf(commit), { id: 'first' })).toMatchObject({
      status: 202,
      body: { delivery: 'first', event: 'push', outcome: 'published', published: 'ConfigPushed' },
    });
    expect(await app.reaches('dev1', 1, 'succeeded')).toMatchObject({ commit });
    expect(await releasesOf(other)).toEqual([]);
    expect(await deliver(pushOf(commit), { id: 'first' })).toMatchObject({
      status: 200,
      body: { outcome: 'duplicate' },
    });
    expect(await deliver(pushOf(commit), { id: 'other' })).toMatchObject({
      status: 200,
      body: { outcome: 'duplicate' },
    });
    expect(await releasesOf(app)).toEqual([commit]);
  });

  test('one delivery that arrives eight times at once makes one release', async () => {
    const [before = ''] = await releasesOf(app);
    const commit = app.push('eight-times');
    const told = published().length;
    const answers = await Promise.all(
      Array.from({ length: 8 }, () => deliver(pushOf(commit, { before }), { id: 'eight' })),
    );
    expect(answers.map(({ status }) => status).sort()).toEqual([...Array.from({ length: 7 }, () => 200), 202]);
    expect(published()).toHaveLength(told + 1);
    await app.reaches('dev1', 2, 'succeeded');
    expect(await releasesOf(app)).toEqual([commit, before]);
  });

  test('a push that a newer one has overtaken makes no release, and those after it do', async () => {
    const [head = ''] = await releasesOf(app);
    const [overtaken, newer, newest] = ['overtaken', 'newer', 'newest'].map((value) => app.push(value));
    const push = (before = '', after = '') => deliver(pushOf(after, { before }));
    // No push told how the branch came to this push's start, so it concerns the other application too.
    await push(overtaken, newer);
    await app.reaches('dev1', 3, 'succeeded');
    expect(await cloud.poll('a release of the other', async () => (await releasesOf(other))[0])).toBe(newer);
    await push(head, overtaken);
    const pair = `pair#${head}..${overtaken}`;
    await cloud.poll('the late push', async () => (await cloud.records()).find((record) => record.includes(pair)));
    await push(newer, newest);
    await app.reaches('dev1', 4, 'succeeded');
    expect((await releasesOf(app)).slice(0, 3)).toEqual([newest, newer, head]);
    await other.until('dev1', 1, ({ status }) => status !== 'planning');
  });

  test('a form is as good as JSON', async () => {
    const form = (payload: unknown) => new URLSearchParams({ payload: JSON.stringify(payload) }).toString();
    const contentType = 'application/x-www-form-urlencoded';
    expect((await deliver(form(pingPayload()), { event: 'ping', contentType })).body).toMatchObject({
      outcome: 'ignored',
    });
    const answered = await deliver(form(deletePayload({ ref: 'from-a-form' })), { event: 'delete', contentType });
    expect(answered).toMatchObject({ status: 202, body: { published: 'BranchDeleted' } });
  });

  test('deleted branches and closed pull requests are told to the bus', async () => {
    const told = published().length;
    await deliver(pushPayload({ ref: 'refs/heads/gone', after: ZEROS }));
    await deliver(deletePayload({ ref: 'gone' }), { event: 'delete' });
    await deliver(pullRequestPayload(), { event: 'pull_request' });
    expect(published().slice(told)).toEqual(['BranchDeleted', 'BranchDeleted', 'PullRequestClosed']);
  });

  test('two generations of the secret are valid, a third is not', async () => {
    const statuses = await Promise.all(
      [1, 2, 3].map(async (generation) => {
        const secret = await secretOf(`github/${generation}`);
        return (await deliver(pingPayload(), { event: 'ping', secret })).status;
      }),
    );
    expect(statuses).toEqual([200, 200, 401]);
  });

  test('the secret of a part of the host speaks for that part', async () => {
    const secret = await secretOf('github/2/github.com/acme');
    const query = '?for=github.com/acme';
    const inside = deletePayload({ ref: 'part' });
    const outside = deletePayload({ ref: 'part', repository: 'someone/else' });
    expect((await deliver(inside, { event: 'delete', secret, query })).status).toBe(202);
    expect((await deliver(outside, { event: 'delete', secret, query })).status).toBe(401);
    expect((await deliver(outside, { event: 'delete', secret })).status).toBe(401);
  });

  describe('changes nothing and tells the bus nothing:', () => {
    const push = () => pushOf('c'.repeat(40));
    const text = () => JSON.stringify(push());
    const rows: readonly [string, number, () => Promise<Answer & { text: string }>][] = [
      ['no signature', 401, () => deliver(push(), { signature: '' })],
      ['a signature of another secret', 401, () => deliver(push(), { secret: 'guessed' })],
      [
        'a body changed on its way',
        401,
        async () =>
          deliver(text().replaceAll('c'.repeat(40), 'd'.repeat(40)), {
            signature: signatureOf(await secretOf(), text()),
          }),
      ],
      ['garbage', 401, () => deliver('\u0000{"', { secret: 'guessed' })],
      ['garbage that is signed', 400, () => deliver('\u0000{"')],
      ['a push that is signed and none', 400, () => deliver({ ref: 'refs/heads/release' })],
      ['an event nobody wants', 200, () => deliver({ action: 'created' }, { event: 'star' })],
      ['a tag', 200, () => deliver(pushPayload({ ref: 'refs/tags/release' }))],
      ['more than 4 MiB', 413, () => deliver(text().padEnd(4 * 1024 * 1024 + 1))],
      ['more than Lambda takes', 500, () => deliver(text().padEnd(7 * 1024 * 1024))],
      ['more than the gateway takes', 413, () => deliver(text().padEnd(11 * 1024 * 1024))],
      ['a part of a host that is none', 400, () => deliver(push(), { query: '?for=acme' })],
    ];

    // Waits until all earlier deliveries have had their effects.
    beforeAll(async () => {
      await cloud.everythingDelivered();
      for (const { id } of [...(await app.deployments('dev1')), ...(await other.deployments('dev1'))])
        await cloud.statesOf(id);
      await cloud.everythingDelivered();
    });

    test.each(rows)('%s (%i)', async (_, status, request) => {
      const [records, told] = [await cloud.records(), published().length];
      const answered = await request();
      expect([answered.status, answered.text.includes(await secretOf())]).toEqual([status, false]);
      expect(published()).toHaveLength(told);
      expect(await cloud.records()).toEqual(records);
    });
  });

  test('the function stays within its few permissions, and logs no secret', async () => {
    const denied = cloud.local.door.calls
      .list()
      .filter(({ caller, outcome }) => /webhook/.test(caller) && outcome !== 'ok');
    expect(denied.filter(({ outcome }) => outcome !== 'TransactionCanceledException')).toEqual([]);
    const logged = cloud.local.logs
      .groups()
      .flatMap((group) => cloud.local.logs.read(group).map(({ message }) => message))
      .join('\n');
    expect(logged).toContain('POST /webhooks/github');
    for (const secret of [await secretOf(), await secretOf('github/2'), 'sha256='])
      expect(logged).not.toContain(secret);
  });
});
