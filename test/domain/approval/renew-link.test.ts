import { beforeEach, describe, expect, test } from '@jest/globals';
import { decideGate } from '../../../lambdas/domain/approval/decide-gate.ts';
import { renewLink } from '../../../lambdas/domain/approval/renew-link.ts';
import { requestApproval } from '../../../lambdas/domain/approval/request-approval.ts';
import { ALICE, BOB, CAROL, World } from '../../harness/world.ts';

const STAFF = { principal: 'arn:aws:sts::111111111111:assumed-role/Staff/sam' };

describe('a new link on request', () => {
  let world: World;
  /** A deployment in stage1 that waits at its staff gate. */
  let id: string;
  beforeEach(async () => {
    world = await World.open({ policy: { staging: { staff: 2 } } });
    await world.succeed('dev1', await world.release());
    id = await world.deploy('stage1', 1);
    await world.workflow.run(id);
  });
  const renew = (email = ALICE, gate: 'staff' | 'client' = 'staff') =>
    renewLink(world, { deploymentId: id, gate, email }, STAFF);
  const tokenOf = (email = ALICE) => world.mail.linkTo(email)?.replace(`${world.publicUrl}/approvals/`, '') ?? '';
  /** Decides by a link, as the page does. */
  async function decideBy(token: string) {
    const link = await world.links.verify(token);
    if (!link) throw new Error('the link is forged');
    const { deploymentId, gate, email, digest } = link;
    return decideGate(world, { deploymentId, gate, email, digest, decision: 'approve', via: 'link', link });
  }

  test('is mailed, decides, and the one before decides nothing any more', async () => {
    const first = tokenOf();
    expect(await renew()).toMatchObject({ email: ALICE, sequence: 2, isSent: true });
    const second = tokenOf();
    expect(second).not.toBe(first);
    await expect(decideBy(first)).rejects.toMatchObject({ refusal: 'link-replaced' });
    expect((await world.gate(id, 'staff'))?.decisions).toEqual([]);
    expect((await decideBy(second)).decisions).toMatchObject([{ by: ALICE }]);
  });

  test('says that it replaces an earlier one', async () => {
    await renew();
    expect(world.mail.sent.at(-1)).toMatchObject({
      to: ALICE,
      subject: 'Approve my-app stage1: deploy of release 1',
      body: expect.stringContaining('replaces an earlier one'),
    });
  });

  test('voids only that person’s link', async () => {
    const bobs = tokenOf(BOB);
    await renew(ALICE);
    expect((await decideBy(bobs)).decisions).toMatchObject([{ by: BOB }]);
  });

  test('asked for again is yet another one, and only the newest counts', async () => {
    await renew();
    const second = tokenOf();
    expect(await renew()).toMatchObject({ sequence: 3 });
    await expect(decideBy(second)).rejects.toMatchObject({ refusal: 'link-replaced' });
    expect((await decideBy(tokenOf())).decisions).toHaveLength(1);
  });

  test('whose mail was not taken goes out when asked for again, the same link and told once', async () => {
    world.mail.takes = () => false;
    await expect(renew()).rejects.toThrow(/does not take/);
    world.mail.takes = () => true;
    expect(await renew()).toMatchObject({ sequence: 2, isSent: true });
    expect((await world.story(id)).filter((type) => type === 'link-renewed')).toHaveLength(1);
    await decideBy(tokenOf());
  });

  test('asked for twice at once leaves one link that counts, and whoever has it can decide', async () => {
    await Promise.all([renew(), renew()]);
    const state = await world.store.get('linkState', { deploymentId: id, gate: 'staff', round: 1, email: ALICE });
    const tokens = world.mail.sent.flatMap(({ body }) => /approvals\/(\S+)/.exec(body)?.[1] ?? []);
    const links = await Promise.all(tokens.map((token) => world.links.verify(token)));
    const counting = links.filter((link) => link?.email === ALICE && link.sequence === state?.sequence);
    expect(counting.length).toBeGreaterThan(0);
  });

  test('a retry of the workflow mails the link that counts', async () => {
    await renew();
    const counting = tokenOf();
    await requestApproval(world, id, 'staff');
    expect(tokenOf()).toBe(counting);
  });

  test('of a renewal and a decision by the old link at once, the decision counts or the link was replaced', async () => {
    const [decided, renewed] = await Promise.allSettled([decideBy(tokenOf()), renew()]);
    const decisions = (await world.gate(id, 'staff'))?.decisions ?? [];
    expect(decisions).toHaveLength(decided.status === 'fulfilled' ? 1 : 0);
    expect([decided.status, renewed.status]).toContain('fulfilled');
    if (renewed.status === 'rejected') expect(renewed.reason).toMatchObject({ refusal: 'already-decided' });
  });

  test.each([
    ['who is no approver of that gate', CAROL, 'not-an-approver'],
    ['who is no approver at all', 'mallory@evil.example', 'not-an-approver'],
  ])('fails for somebody %s, and mails nobody', async (_, email, refusal) => {
    world.mail.click(email);
    const sent = world.mail.sent.length;
    await expect(renew(email)).rejects.toMatchObject({ refusal });
    expect(world.mail.sent).toHaveLength(sent);
  });

  test('fails for somebody who has not confirmed the address, and the old link goes on working', async () => {
    const old = tokenOf();
    world.mail.lose(ALICE);
    await expect(renew()).rejects.toMatchObject({ refusal: 'approver-unreachable' });
    expect((await decideBy(old)).decisions).toHaveLength(1);
  });

  test('fails for somebody who has decided', async () => {
    await world.decide(id, ALICE);
    await expect(renew()).rejects.toMatchObject({ refusal: 'already-decided' });
  });

  test('fails where no gate is open any more, or was never opened', async () => {
    await expect(renew(CAROL, 'client')).rejects.toMatchObject({ refusal: 'gate-not-open' });
    world.surroundings.advance(7 * 24 * 3600);
    await expect(renew()).rejects.toMatchObject({ refusal: 'gate-expired' });
    await world.cancel(id);
    await expect(renew()).rejects.toMatchObject({ refusal: 'gate-not-open' });
    await expect(
      renewLink(world, { deploymentId: 'my-app-dev1-99-abc123', gate: 'staff', email: ALICE }, STAFF),
    ).rejects.toMatchObject({ name: 'NotFoundError' });
  });
});
