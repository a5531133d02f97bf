import { describe, expect, test } from '@jest/globals';
import { configureEnvironment } from '../../../lambdas/domain/environment/configure-environment.ts';
import { anApplication } from '../../harness/builders.ts';
import { World } from '../../harness/world.ts';

const CONTROL = '999999999999';
const TARGET = '111111111111';
const where = { application: 'my-app', environment: 'dev1' };

describe('the account of the control plane', () => {
  const configure = async (facts: object, reservedAccount = CONTROL) => {
    const world = new World();
    await world.write('application', anApplication());
    const { store, surroundings } = world;
    const settings = { stage: 'development' as const, region: 'eu-west-1', deletionProtection: false };
    const configured = configureEnvironment(
      { store, surroundings, reservedAccount },
      where,
      { ...settings, accountId: TARGET, ...facts },
      'admin@local',
    );
    await configured.catch(() => undefined);
    return { configured, stored: await store.get('environment', { application: 'my-app', name: 'dev1' }) };
  };

  test('is no environment’s', async () => {
    const { configured, stored } = await configure({ accountId: CONTROL });
    await expect(configured).rejects.toThrow(`accountId: is the account of the control plane`);
    await expect(configured).rejects.toMatchObject({ issues: [{ field: 'accountId', value: `"${CONTROL}"` }] });
    expect(stored).toBeUndefined();
  });

  test('lends no environment elsewhere its roles', async () => {
    const plan = `arn:aws:iam::${CONTROL}:role/plan`;
    const apply = `arn:aws:iam::${CONTROL}:role/apply`;
    const { configured, stored } = await configure({ roles: { plan, apply } });
    await expect(configured).rejects.toMatchObject({ issues: [{ field: 'roles.plan' }, { field: 'roles.apply' }] });
    expect(stored).toBeUndefined();
  });

  test('is one where the installation allows it, and other accounts always are', async () => {
    expect((await configure({ accountId: CONTROL }, '')).stored?.accountId).toBe(CONTROL);
    const roles = { plan: `arn:aws:iam::${TARGET}:role/plan` };
    expect((await configure({ roles })).stored?.accountId).toBe(TARGET);
  });
});
