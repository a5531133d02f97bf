import { describe, expect, test } from '@jest/globals';
import { APPLICATION, CLIENT, JANE, PipelineWorld, STAFF } from './pipeline-world.ts';

const approvers = '/applications/my-app/approvers';
const staff = `${approvers}/${encodeURIComponent(STAFF)}`;

describe('PUT /applications/{app}/approvers/{email}', () => {
  test('registers an approver who has yet to confirm the address', async () => {
    const world = await PipelineWorld.create();
    const { status, body } = await world.put(staff, { gates: ['staff'] });
    expect(status).toBe(201);
    expect(body).toMatchObject({
      application: 'my-app',
      email: STAFF,
      gates: ['staff'],
      principals: [],
      subscription: 'pending',
      unsubscribeProtected: false,
    });
    expect((await world.mail.subscriptions()).get(STAFF)).toEqual({ confirmed: false });
  });

  test('knows the address whatever its capitals', async () => {
    const world = await PipelineWorld.create();
    await world.put(`${approvers}/Staff%40Example.com`, { gates: ['staff'] });
    expect((await world.put(staff, { gates: ['staff'] })).status).toBe(200);
  });

  test('takes the subscription as it is now when called again', async () => {
    const world = await PipelineWorld.create();
    await world.put(staff, { gates: ['staff'] });
    const arn = world.mail.click(STAFF);
    const { status, body } = await world.put(staff, { gates: ['staff'], principals: ['arn:aws:iam::1:user/sam'] });
    expect(status).toBe(200);
    expect(body).toMatchObject({ subscription: 'confirmed', principals: ['arn:aws:iam::1:user/sam'] });
    expect(await world.store.get('approver', { application: 'my-app', email: STAFF })).toMatchObject({
      subscriptionArn: arn,
    });
  });

  test('fails when the topic has no room for another address, and has room for one it knows', async () => {
    const world = await PipelineWorld.create();
    await world.put(staff, { gates: ['staff'] });
    for (let number = 1; number < 200; number++) world.mail.click(`person${number}@example.com`);
    const { status, body } = await world.put(`${approvers}/one.more@example.com`, { gates: ['staff'] });
    expect({ status, type: body.type }).toEqual({ status: 409, type: 'urn:stagegate:problem:approver-limit' });
    expect(body.detail).toContain('one.more@example.com');
    expect((await world.put(staff, { gates: ['staff'] })).status).toBe(200);
    expect((await world.mail.subscriptions()).size).toBe(200);
  });

  test('of two at once for the last place one gets it, and the other is refused', async () => {
    const world = await PipelineWorld.create();
    for (let number = 1; number < 200; number++) world.mail.click(`person${number}@example.com`);
    const answers = await Promise.all(
      ['one', 'two'].map((name) => world.put(`${approvers}/${name}@example.com`, { gates: ['staff'] })),
    );
    expect(answers.map(({ status }) => status).sort()).toEqual([201, 409]);
    expect((await world.get(approvers)).body.items).toHaveLength(1);
    expect((await world.mail.subscriptions()).size).toBe(200);
  });

  test.each([
    ['no gate', { gates: [] }, 'gates'],
    ['both gates', { gates: ['staff', 'client'] }, 'gates'],
    ['a gate nobody knows', { gates: ['boss'] }, 'gates.0'],
    [
      'a session that anybody names',
      { gates: ['staff'], principals: ['arn:aws:sts::999999999999:assumed-role/Ops/sam'] },
      'principals.0',
    ],
    ['a pattern that fits everybody', { gates: ['staff'], principals: ['*:role/x'] }, 'principals.0'],
  ])('fails for %s', async (_, body, field) => {
    const world = await PipelineWorld.create();
    const answer = await world.put(staff, body);
    expect(answer.status).toBe(400);
    expect(answer.body.errors).toMatchObject([{ field }]);
    expect((await world.mail.subscriptions()).size).toBe(0);
  });

  test('fails for something that is no e-mail address', async () => {
    const world = await PipelineWorld.create();
    const { status, body } = await world.put(`${approvers}/nobody`, { gates: ['staff'] });
    expect(status).toBe(400);
    expect(body.errors).toMatchObject([{ field: 'email', value: '"nobody"' }]);
  });

  test('fails for an application nobody made, and subscribes nobody', async () => {
    const world = await PipelineWorld.create();
    expect((await world.put('/applications/nothing/approvers/a@example.com', { gates: ['staff'] })).status).toBe(404);
    expect((await world.mail.subscriptions()).size).toBe(0);
  });
});

describe('POST /applications/{app}/approvers/{email}/confirmation', () => {
  const confirmation = `${staff}/confirmation`;

  test('confirms by the pasted link, so that a forwarded mail cannot end the subscription', async () => {
    const world = await PipelineWorld.create();
    await world.put(staff, { gates: ['staff'] });
    const { status, body } = await world.post(confirmation, { link: world.mail.confirmationLink(STAFF) });
    expect(status).toBe(200);
    expect(body).toMatchObject({ email: STAFF, subscription: 'confirmed', unsubscribeProtected: true });
    expect((await world.get(approvers)).body.items).toMatchObject([{ unsubscribeProtected: true }]);
    expect((await world.put(staff, { gates: ['staff'] })).body).toMatchObject({ unsubscribeProtected: true });
  });

  test('protects the person in every application, also one that comes later', async () => {
    const world = await PipelineWorld.create();
    await world.put(staff, { gates: ['staff'] });
    for (const name of ['other', 'later']) await world.put(`/applications/${name}`, APPLICATION);
    await world.put('/applications/other/approvers/staff@example.com', { gates: ['staff'] });
    await world.post(confirmation, { link: world.mail.confirmationLink(STAFF) });
    await world.put('/applications/later/approvers/staff@example.com', { gates: ['staff'] });
    for (const name of ['my-app', 'other', 'later'])
      expect((await world.get(`/applications/${name}/approvers`)).body.items).toMatchObject([
        { subscription: 'confirmed', unsubscribeProtected: true },
      ]);
  });

  test('says that a click came first, which leaves it unprotected', async () => {
    const world = await PipelineWorld.create();
    await world.put(staff, { gates: ['staff'] });
    const link = world.mail.confirmationLink(STAFF);
    world.mail.click(STAFF);
    const { status, body } = await world.post(confirmation, { link });
    expect({ status, ...body }).toMatchObject({ status: 200, subscription: 'confirmed', unsubscribeProtected: false });
  });

  test('protects nothing any more once the subscription was ended and clicked again', async () => {
    const world = await PipelineWorld.create();
    await world.put(staff, { gates: ['staff'] });
    await world.post(confirmation, { link: world.mail.confirmationLink(STAFF) });
    world.mail.lose(STAFF);
    expect((await world.get(approvers)).body.items).toMatchObject([
      { subscription: 'lost', unsubscribeProtected: false },
    ]);
  });

  test('fails for a link to elsewhere, saying what is wanted and not repeating the token', async () => {
    const world = await PipelineWorld.create();
    await world.put(staff, { gates: ['staff'] });
    const link = world.mail.confirmationLink(STAFF).replace('sns.', 'sms.');
    const { status, body, text } = await world.post(confirmation, { link });
    expect(status).toBe(400);
    expect(body.errors).toMatchObject([
      { field: 'link', value: '"https://sms.eu-west-1.amazonaws.com/confirmation.html"' },
    ]);
    expect(text).not.toContain('Token=');
    expect((await world.mail.subscriptions()).get(STAFF)).toEqual({ confirmed: false });
  });

  test('fails for a link that AWS does not take any more', async () => {
    const world = await PipelineWorld.create();
    await world.put(staff, { gates: ['staff'] });
    const link = world.mail.confirmationLink(STAFF);
    await world.put(staff, { gates: ['staff'] });
    const { status, body } = await world.post(confirmation, { link });
    expect({ status, type: body.type }).toEqual({ status: 409, type: 'urn:stagegate:problem:confirmation-refused' });
  });

  test.each([
    ['nothing', {}, 'link'],
    ['a number', { link: 7 }, 'link'],
    ['something else beside it', { link: 'https://x', token: 'x' }, 'token'],
  ])('fails for %s', async (_, body, field) => {
    const world = await PipelineWorld.create();
    await world.put(staff, { gates: ['staff'] });
    expect((await world.post(confirmation, body)).body.errors).toMatchObject([{ field }]);
  });

  test('fails for somebody who is no approver', async () => {
    const world = await PipelineWorld.create();
    expect((await world.post(confirmation, { link: 'https://x' })).status).toBe(404);
    expect((await world.post('/applications/nothing/approvers/a@example.com/confirmation', { link: 'x' })).status).toBe(
      404,
    );
  });
});

describe('GET /applications/{app}/approvers', () => {
  test('shows the subscriptions as they are now', async () => {
    const world = await PipelineWorld.create();
    for (const name of ['confirmed', 'lost', 'pending'])
      await world.put(`${approvers}/${name}@example.com`, { gates: ['staff'] });
    world.mail.click('confirmed@example.com');
    await world.mail.unsubscribe(world.mail.click('lost@example.com'));
    const { body } = await world.get(approvers);
    expect(body.items).toMatchObject([
      { email: 'confirmed@example.com', subscription: 'confirmed' },
      { email: 'lost@example.com', subscription: 'lost' },
      { email: 'pending@example.com', subscription: 'pending' },
    ]);
  });
});

describe('DELETE /applications/{app}/approvers/{email}', () => {
  test('removes the approver and the subscription', async () => {
    const world = await PipelineWorld.create();
    await world.approver(STAFF, 'staff');
    expect((await world.delete(staff)).status).toBe(204);
    expect((await world.get(approvers)).body.items).toEqual([]);
    expect((await world.mail.subscriptions()).size).toBe(0);
    expect((await world.delete(staff)).status).toBe(404);
  });

  test('keeps the subscription while another application writes to the address', async () => {
    const world = await PipelineWorld.create();
    await world.put('/applications/other', APPLICATION);
    await world.put('/applications/other/approvers/staff@example.com', { gates: ['staff'] });
    await world.approver(STAFF, 'staff');
    await world.delete(staff);
    expect((await world.mail.subscriptions()).has(STAFF)).toBe(true);
    await world.delete('/applications/other/approvers/staff@example.com');
    expect((await world.mail.subscriptions()).has(STAFF)).toBe(false);
  });

  test('fails while an open gate could not pass without this person', async () => {
    const world = await PipelineWorld.create();
    await world.approver(STAFF, 'staff');
    await world.end(await world.release(1));
    const id = await world.deploy('stage1', 1);
    await world.plan(id, { gates: [{ gate: 'staff', required: 1 }] });
    await world.openGate(id, 'staff');
    const refused = await world.delete(staff);
    expect({ status: refused.status, type: refused.body.type }).toEqual({
      status: 409,
      type: 'urn:stagegate:problem:last-approver',
    });
    expect((await world.put(staff, { gates: ['client'] })).body.type).toBe('urn:stagegate:problem:last-approver');
    await world.approver('second@example.com', 'staff');
    expect((await world.delete(staff)).status).toBe(204);
  });

  test('fails while only whoever asked for it would be left, who cannot approve it', async () => {
    const world = await PipelineWorld.create();
    await world.approver(STAFF, 'staff');
    await world.approver('jane@example.com', 'staff', [JANE]);
    await world.end(await world.release(1));
    await world.succeed(1, 'stage1');
    const id = await world.deploy('prod1', 1, 'deploy', JANE);
    await world.plan(id, { gates: [{ gate: 'staff', required: 1 }] });
    await world.openGate(id, 'staff');
    expect((await world.delete(staff)).body.type).toBe('urn:stagegate:problem:last-approver');
    expect((await world.delete(`${approvers}/jane%40example.com`)).status).toBe(204);
  });

  test('leaves the approvers of the other gate alone', async () => {
    const world = await PipelineWorld.create();
    await world.approver(STAFF, 'staff');
    await world.approver(CLIENT, 'client');
    await world.delete(staff);
    expect((await world.get(approvers)).body.items).toMatchObject([{ email: CLIENT }]);
  });
});
