import { beforeEach, describe, expect, test } from '@jest/globals';
import { runPrefix } from '../../../lambdas/domain/build/run-prefix.ts';
import { runObjectKey } from '../../../lambdas/domain/contract/run-objects.ts';
import { viewDeployment } from '../../../lambdas/domain/deployment/deployment-view.ts';
import { recordOutputs } from '../../../lambdas/domain/deployment/record-outputs.ts';
import { viewEnvironment } from '../../../lambdas/domain/environment/environment-view.ts';
import { presentableOutputs } from '../../../lambdas/domain/model/outputs.ts';
import { LISTINGS } from '../../../lambdas/domain/model/table/listings.ts';
import { ALICE, CAROL, World } from '../../harness/world.ts';

const HOME = { partition: 'aws', region: 'eu-west-1', accountId: '111111111111', installation: 'stagegate' };

describe('rule 9: secrets stay inside', () => {
  let world: World;
  let id: string;
  beforeEach(async () => {
    world = await World.open();
    await world.bring(await world.release(), 'stage1');
    id = await world.deploy('prod1', 1);
    await world.workflow.run(id);
  });

  /** Returns everything that somebody outside may see of a deployment. */
  async function visible(): Promise<string> {
    const application = await world.store.get('application', { name: 'my-app' });
    const environment = await world.store.get('environment', { application: 'my-app', name: 'prod1' });
    if (!application || !environment) throw new Error('the world is not furnished');
    return JSON.stringify([
      await viewDeployment(world.store, await world.deployment(id), HOME),
      await viewEnvironment(world, application, environment, HOME),
      (await world.store.list(LISTINGS.events(id))).items,
      (await world.store.list(LISTINGS.environmentEvents('my-app', 'prod1'))).items,
      world.events.published,
      world.mail.sent,
    ]);
  }
  async function secrets(): Promise<string[]> {
    const tokens = await Promise.all(
      (['staff', 'client'] as const).map((gate) => world.store.get('taskToken', { deploymentId: id, gate })),
    );
    const environment = await world.store.get('environment', { application: 'my-app', name: 'prod1' });
    return [
      ...tokens.flatMap((task) => task?.token ?? []),
      (await world.deployment(id)).runSecret,
      environment?.externalId ?? '',
    ];
  }

  test('no task token, external id or run prefix is shown, told or mailed, whatever the deployment is at', async () => {
    const seen: string[] = [];
    const look = async () => {
      seen.push(await visible());
    };
    await look();
    await world.decide(id, ALICE);
    await world.workflow.run(id);
    await look();
    await world.decide(id, CAROL);
    await world.workflow.run(id);
    await look();
    const hidden = await secrets();
    expect(hidden).toHaveLength(4);
    for (const text of seen) for (const secret of hidden) expect(text).not.toContain(secret);
    expect(seen.map((text) => text.includes(id))).toEqual([true, true, true]);
  });

  test('what a client may show of a failure contains no run prefix either', async () => {
    world.builds.terraform = () => ({ plan: 'changes', apply: 'fails' });
    await world.finish(id);
    expect(await visible()).not.toContain((await world.deployment(id)).runSecret);
  });

  test('a link is mailed to its approver and is nowhere else', async () => {
    const link = world.mail.linkTo(ALICE)?.split('/').at(-1) ?? '';
    const mails = world.mail.sent.filter(({ body }) => body.includes(link));
    expect(mails.map(({ to }) => to)).toEqual([ALICE]);
    world.mail.sent.length = 0;
    expect(link.length).toBeGreaterThan(40);
    expect(await visible()).not.toContain(link);
  });

  test('a forged link speaks for nobody', async () => {
    const token = world.mail.linkTo(ALICE)?.split('/').at(-1) ?? '';
    expect(await world.links.verify(token)).toMatchObject({ email: ALICE });
    for (const forged of [`x${token}`, token.slice(0, -1), token.replace('.', ''), 'x', ''])
      expect(await world.links.verify(forged)).toBeUndefined();
  });

  test('sensitive outputs are kept without their values', async () => {
    await world.decide(id, ALICE);
    await world.workflow.run(id);
    await world.decide(id, CAROL);
    while ((await world.statusOf(id)) !== 'applying') await world.workflow.step(id);
    await world.artifacts.putJson(runObjectKey(runPrefix(await world.deployment(id)), 'outputs'), {
      password: { sensitive: true, type: 'string', value: 'hunter2' },
      nested: { sensitive: true, value: { password: 'hunter2' } },
      url: { sensitive: false, type: 'string', value: 'https://my-app.example' },
    });
    await recordOutputs(world, id);
    expect((await world.store.get('outputs', { application: 'my-app', environment: 'prod1' }))?.values).toEqual({
      password: { sensitive: true, value: null },
      nested: { sensitive: true, value: null },
      url: { sensitive: false, value: 'https://my-app.example' },
    });
    expect(await visible()).not.toContain('hunter2');
  });

  test('outputs that are too large are left out by name, the largest first', () => {
    const large = (length: number) => ({ sensitive: false, value: 'x'.repeat(length) });
    const { values, dropped } = presentableOutputs({ huge: large(250_000), big: large(150_000), small: large(10) });
    expect(Object.keys(values).sort()).toEqual(['big', 'small']);
    expect(dropped).toEqual(['huge']);
  });

  test('fails to record outputs that cannot be read, or of a deployment that is not applying', async () => {
    await expect(recordOutputs(world, id)).rejects.toMatchObject({ name: 'NotHolderError' });
    await world.decide(id, ALICE);
    await world.workflow.run(id);
    await world.decide(id, CAROL);
    while ((await world.statusOf(id)) !== 'applying') await world.workflow.step(id);
    await expect(recordOutputs(world, id)).rejects.toMatchObject({ name: 'BuildResultError' });
  });
});
