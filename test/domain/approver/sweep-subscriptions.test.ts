import { beforeEach, describe, expect, test } from '@jest/globals';
import { confirmApprover } from '../../../lambdas/domain/approver/confirm-approver.ts';
import { registerApprover } from '../../../lambdas/domain/approver/register-approver.ts';
import { sweepSubscriptions } from '../../../lambdas/domain/approver/sweep-subscriptions.ts';
import type { Approver } from '../../../lambdas/domain/model/approver.ts';
import { LISTINGS } from '../../../lambdas/domain/model/table/listings.ts';
import type { ApproverMail } from '../../../lambdas/domain/ports.ts';
import { listAll } from '../../../lambdas/domain/transaction/list-all.ts';
import { anApplication } from '../../harness/builders.ts';
import { World } from '../../harness/world.ts';

const EVE = 'eve@client.example';
const ADMIN = 'arn:aws:iam::1:user/ada';

describe('the sweep over subscriptions', () => {
  let world: World;
  beforeEach(async () => {
    world = new World();
    await world.write('application', anApplication());
    await register();
  });
  const register = (application = 'my-app') =>
    registerApprover(world, application, EVE, { gates: ['client'], principals: [] }, ADMIN);
  /** Returns the same mail with some functions replaced. */
  const mailBut = (other: Partial<ApproverMail>): ApproverMail => ({
    subscribe: (email) => world.mail.subscribe(email),
    confirm: (email, link) => world.mail.confirm(email, link),
    unsubscribe: (arn) => world.mail.unsubscribe(arn),
    subscriptions: () => world.mail.subscriptions(),
    send: (email, message) => world.mail.send(email, message),
    ...other,
  });
  const sweep = () => sweepSubscriptions(world);
  const eve = async (application = 'my-app'): Promise<Approver | undefined> =>
    world.store.get('approver', { application, email: EVE });
  const losses = async () =>
    (await listAll(world.store, LISTINGS.audit('my-app', 'ascending'))).filter(({ type }) => type === 'approver-lost');

  test('writes down who has confirmed by a click', async () => {
    const arn = world.mail.click(EVE);
    expect(await sweep()).toEqual({ lost: [], failures: [] });
    expect(await eve()).toMatchObject({
      subscription: 'confirmed',
      subscriptionArn: arn,
      unsubscribeProtected: false,
    });
  });

  test('changes nothing where everything is as it was', async () => {
    await confirmApprover(world, 'my-app', EVE, world.mail.confirmationLink(EVE), ADMIN);
    const before = await eve();
    expect(before).toMatchObject({ unsubscribeProtected: true });
    await sweep();
    expect(await eve()).toEqual(before);
    expect(world.mail.asked).toEqual([EVE]);
  });

  test('finds who is gone, says so once, and subscribes them again once', async () => {
    world.mail.click(EVE);
    await sweep();
    world.mail.lose(EVE);
    expect(await sweep()).toEqual({ lost: [{ application: 'my-app', email: EVE }], failures: [] });
    expect(await eve()).toMatchObject({ subscription: 'lost', unsubscribeProtected: false });
    expect((await eve())?.subscriptionArn).toBeUndefined();
    expect(await sweep()).toEqual({ lost: [], failures: [] });
    world.mail.lose(EVE);
    expect(await sweep()).toEqual({ lost: [], failures: [] });
    expect(world.mail.asked).toEqual([EVE, EVE]);
    expect(await losses()).toMatchObject([
      { by: 'stagegate', via: 'system', details: { email: EVE, gates: ['client'] } },
    ]);
  });

  test('finds them confirmed again', async () => {
    world.mail.click(EVE);
    await sweep();
    world.mail.lose(EVE);
    await sweep();
    await confirmApprover(world, 'my-app', EVE, world.mail.confirmationLink(EVE), ADMIN);
    expect(await sweep()).toEqual({ lost: [], failures: [] });
    expect(await eve()).toMatchObject({ subscription: 'confirmed', unsubscribeProtected: true });
  });

  test('leaves alone who never confirmed: the address may be a stranger’s', async () => {
    world.mail.lose(EVE);
    expect(await sweep()).toEqual({ lost: [], failures: [] });
    expect(await eve()).toMatchObject({ subscription: 'pending' });
    expect(world.mail.asked).toEqual([EVE]);
  });

  test('mails one confirmation to an approver of several applications', async () => {
    await world.write('application', anApplication({ name: 'other' }));
    await register('other');
    world.mail.click(EVE);
    await sweep();
    world.mail.lose(EVE);
    const { lost } = await sweep();
    expect(lost).toEqual([
      { application: 'my-app', email: EVE },
      { application: 'other', email: EVE },
    ]);
    expect(world.mail.asked.slice(2)).toEqual([EVE]);
    expect(await eve('other')).toMatchObject({ subscription: 'lost' });
  });

  test('does not take for lost what only the list of SNS does not show', async () => {
    world.mail.click(EVE);
    await sweep();
    const lagging = mailBut({ subscriptions: async () => new Map() });
    expect(await sweepSubscriptions({ ...world, mail: lagging })).toEqual({ lost: [], failures: [] });
    expect(await eve()).toMatchObject({ subscription: 'confirmed' });
  });

  test('leaves a record that changed meanwhile for the next time', async () => {
    world.mail.click(EVE);
    await sweep();
    world.mail.lose(EVE);
    const changing = mailBut({
      async subscriptions() {
        await register();
        world.mail.lose(EVE);
        return new Map();
      },
    });
    expect((await sweepSubscriptions({ ...world, mail: changing })).lost).toEqual([]);
    expect(await eve()).toMatchObject({ subscription: 'pending' });
  });

  test('compares again what changed meanwhile, although SNS says the same', async () => {
    const arn = world.mail.click(EVE);
    const changing = mailBut({
      async subscriptions() {
        const before = await eve();
        if (before) await world.write('approver', { ...before, principals: ['arn:aws:iam::1:user/eve'] });
        return world.mail.subscriptions();
      },
    });
    await sweepSubscriptions({ ...world, mail: changing });
    expect(await eve()).toMatchObject({ subscription: 'pending' });
    await sweep();
    expect(await eve()).toMatchObject({ subscription: 'confirmed', subscriptionArn: arn });
  });

  test('of eight at the same time finds a loss once', async () => {
    world.mail.click(EVE);
    await sweep();
    world.mail.lose(EVE);
    const sweeps = await Promise.all(Array.from({ length: 8 }, sweep));
    expect(sweeps.flatMap(({ lost }) => lost)).toHaveLength(1);
    expect(await losses()).toHaveLength(1);
  });

  test('says who is lost also when the topic has no room for them any more', async () => {
    world.mail.click(EVE);
    await sweep();
    world.mail.lose(EVE);
    for (let number = 0; number < 200; number++) world.mail.click(`person${number}@example.com`);
    expect(await sweep()).toEqual({ lost: [{ application: 'my-app', email: EVE }], failures: [] });
    expect(await eve()).toMatchObject({ subscription: 'lost' });
  });

  test('looks after the others when one cannot be subscribed again, who is tried again the next time', async () => {
    for (const email of ['adam@client.example', EVE]) {
      await registerApprover(world, 'my-app', email, { gates: ['client'], principals: [] }, ADMIN);
      world.mail.click(email);
    }
    await sweep();
    for (const email of ['adam@client.example', EVE]) world.mail.lose(email);
    const failing = mailBut({
      subscribe: (email) => (email === EVE ? world.mail.subscribe(email) : Promise.reject(new Error('throttled'))),
    });
    expect(await sweepSubscriptions({ ...world, mail: failing })).toEqual({
      lost: [{ application: 'my-app', email: EVE }],
      failures: [expect.objectContaining({ message: 'throttled' })],
    });
    expect((await sweep()).lost).toEqual([{ application: 'my-app', email: 'adam@client.example' }]);
  });
});
