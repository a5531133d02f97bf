import { createHash } from 'node:crypto';
import { beforeEach, describe, expect, test } from '@jest/globals';
import { preparePlan } from '../../../lambdas/domain/build/prepare-plan.ts';
import { redeemTicket } from '../../../lambdas/domain/build/redeem-ticket.ts';
import { anApplication, anEnvironmentDns, commitOf, DNS_SETTINGS, HOSTNAME, NOW } from '../../harness/builders.ts';
import { World } from '../../harness/world.ts';

const NOT_HOLDER = { name: 'NotHolderError' };

describe('preparing a plan', () => {
  let world: World;
  beforeEach(async () => {
    world = await World.open();
    await world.release();
    await world.release();
  });
  const variablesOf = async (id: string): Promise<Record<string, string>> => {
    const { plan } = await preparePlan(world, id);
    return Object.fromEntries(plan.EnvironmentVariablesOverride.map(({ Name, Value }) => [Name, Value]));
  };

  test('gives the holder what its plan build needs, with a ticket of which the table keeps the hash', async () => {
    const id = await world.deploy('dev1', 1);
    const { plan } = await preparePlan(world, id);
    const { EnvironmentVariablesOverride, ...source } = plan;
    expect(source).toEqual({
      ProjectName: 'stagegate-plan',
      SourceTypeOverride: 'GITHUB_ENTERPRISE',
      SourceLocationOverride: 'https://git.example/acme/config.git',
      SourceVersion: commitOf(1),
      IdempotencyToken: `${id}-plan-1`,
    });
    const { runSecret } = await world.deployment(id);
    const variables = Object.fromEntries(EnvironmentVariablesOverride.map(({ Name, Value }) => [Name, Value]));
    const ticket = variables.STAGEGATE_TICKET ?? '';
    expect(ticket).toMatch(new RegExp(`^${id}\\.plan\\.1\\.[0-9a-f]{64}$`));
    expect(variables).toEqual({
      STAGEGATE_DEPLOYMENT_ID: id,
      STAGEGATE_APPLICATION: 'my-app',
      STAGEGATE_ENVIRONMENT: 'dev1',
      STAGEGATE_OPERATION: 'deploy',
      STAGEGATE_DIRECTORY: 'apps/my-app/dev1',
      STAGEGATE_COMMIT: commitOf(1),
      STAGEGATE_REGION: 'eu-west-1',
      STAGEGATE_TICKET: ticket,
      STAGEGATE_STATE_BUCKET: 'stagegate-state-111111111111-eu-west-1',
      STAGEGATE_STATE_KEY: 'apps/my-app/dev1/terraform.tfstate',
      STAGEGATE_STATE_KEY_RULE: 'default',
      STAGEGATE_STATE_ELSEWHERE: 'refused',
      STAGEGATE_BACKEND_CONFIG_FILE: '',
      STAGEGATE_LOCK_TABLE: '',
      STAGEGATE_VARIABLES: '{}',
      STAGEGATE_ARTIFACT_BUCKET: 'stagegate-artifacts',
      STAGEGATE_RUN_PREFIX: `runs/${id}/${runSecret}/1/`,
      STAGEGATE_ENGINE: 'terraform',
      STAGEGATE_ENGINE_VERSION: '',
      STAGEGATE_LOCK_TIMEOUT: '5m',
    });
    expect(new Set(EnvironmentVariablesOverride.map(({ Type }) => Type))).toEqual(new Set(['PLAINTEXT']));
    const known = await world.store.get('buildTicket', { deploymentId: id, purpose: 'plan', round: 1 });
    expect(known).toMatchObject({
      hashes: [createHash('sha256').update(ticket).digest('hex')],
      role: 'stagegate-plan-build',
    });
    expect(known).not.toHaveProperty('session');
  });

  test('again gives another ticket; which answer counted nobody knows, so one session can redeem either', async () => {
    const id = await world.deploy('dev1', 1);
    const tickets = [(await variablesOf(id)).STAGEGATE_TICKET ?? '', (await variablesOf(id)).STAGEGATE_TICKET ?? ''];
    expect(new Set(tickets).size).toBe(2);
    const redeem = (ticket: string, session: string) =>
      redeemTicket(
        world,
        {
          userArn: `arn:aws:sts::000000000000:assumed-role/stagegate-plan-build/${session}`,
          userId: `AROA:${session}`,
        },
        { ticket, buildId: 'stagegate-plan:00000000-0000-4000-8000-000000000000' },
      );
    for (const ticket of tickets) await redeem(ticket, 'AWSCodeBuild-1');
    for (const ticket of tickets)
      await expect(redeem(ticket, 'AWSCodeBuild-2')).rejects.toMatchObject({ refusal: 'credentials-refused' });
  });

  test('fails once a build has redeemed the ticket', async () => {
    const id = await world.deploy('dev1', 1);
    await preparePlan(world, id);
    await world.store.transact(async (transaction) => {
      const known = await transaction.get('buildTicket', { deploymentId: id, purpose: 'plan', round: 1 });
      if (known) transaction.put('buildTicket', { ...known, session: { userId: 'AROA:AWSCodeBuild-1', since: NOW } });
    });
    await expect(preparePlan(world, id)).rejects.toMatchObject(NOT_HOLDER);
  });

  describe('with DNS', () => {
    const { arn } = anEnvironmentDns().certificate;
    const domain_name = { value: HOSTNAME, mode: 'when-declared' };
    const certificate_arn = { value: arn, mode: 'when-declared' };
    const told = async (operation: 'deploy' | 'destroy' = 'deploy') =>
      JSON.parse((await variablesOf(await world.deploy('dev1', 1, { operation }))).STAGEGATE_VARIABLES ?? '');
    beforeEach(async () => {
      await world.write('application', anApplication({ serviceDiscoveryDomain: 'acme.example' }));
      await world.change('dev1', { dns: DNS_SETTINGS });
      await world.changeState('dev1', {
        deployed: { release: 1, commit: commitOf(1), deploymentId: 'x-1-abc123', at: NOW, modules: [] },
      });
    });

    test('tells the plan of the hostname', async () => {
      expect(await told()).toEqual({ domain_name });
    });

    test('tells the plan of a destruction what there is', async () => {
      await world.write('environmentDns', anEnvironmentDns());
      expect(await told('destroy')).toEqual({ domain_name, certificate_arn });
    });

    test('tells nothing any more where the setting was taken away', async () => {
      await world.write('environmentDns', anEnvironmentDns());
      await world.change('dev1', { dns: undefined });
      expect(await told()).toEqual({});
    });
  });

  test('fails for one that waits', async () => {
    await world.deploy('dev1', 1);
    await expect(preparePlan(world, await world.deploy('dev1', 2))).rejects.toMatchObject(NOT_HOLDER);
  });

  test('fails for one that plans without holding it', async () => {
    const id = await world.deploy('dev1', 1);
    await world.changeState('dev1', { holder: null });
    await expect(preparePlan(world, id)).rejects.toMatchObject(NOT_HOLDER);
  });

  test('fails for a holder that is further on', async () => {
    const id = await world.deploy('dev1', 1);
    while ((await world.statusOf(id)) !== 'applying') await world.workflow.step(id);
    await expect(preparePlan(world, id)).rejects.toMatchObject(NOT_HOLDER);
  });

  test('fails for a deployment that does not exist', async () => {
    await expect(preparePlan(world, 'my-app-dev1-9-abcdef')).rejects.toMatchObject(NOT_HOLDER);
  });
});
