import { describe, expect, test } from '@jest/globals';
import { configureApplication } from '../../lambdas/domain/application/configure-application.ts';
import { configureEnvironment } from '../../lambdas/domain/environment/configure-environment.ts';
import { requireOrdered } from '../../lambdas/domain/model/pipeline.ts';
import {
  DEFAULT_POLICY,
  gatesOf,
  type Policy,
  policyFor,
  requireLongEnough,
  requireStrongEnough,
  type Stage,
  stricterGates,
} from '../../lambdas/domain/policy.ts';
import { anApplication } from '../harness/builders.ts';
import { World } from '../harness/world.ts';

const staff = (required: number) => ({ gate: 'staff' as const, required });
const client = (required: number) => ({ gate: 'client' as const, required });

describe('the policy of a stage', () => {
  test.each([
    ['development', []],
    ['staging', [{ gate: 'staff', required: 1 }]],
    [
      'production',
      [
        { gate: 'staff', required: 1 },
        { gate: 'client', required: 1 },
      ],
    ],
  ] as const)('%s has the gates %j unless an application says more', (stage, gates) => {
    expect(gatesOf(policyFor(stage, undefined))).toEqual(gates);
  });

  test('keeps the defaults of what is not named', () => {
    expect(policyFor('production', { production: { staff: 3 } })).toEqual({ ...DEFAULT_POLICY.production, staff: 3 });
  });

  test.each([
    { development: { staff: 1, client: 1 } },
    { staging: { staff: 2, client: 1 } },
    { production: { staff: 10, client: 10 } },
    { production: {} },
  ] satisfies Policy[])('may be raised: %j', (policy) => {
    expect(() => requireStrongEnough(policy)).not.toThrow();
  });

  const twoStaff = policyFor('production', { production: { staff: 2, client: 1 } });
  test.each([
    ['those of the plan where the policy says the same', [staff(2), client(1)], [staff(2), client(1)]],
    ['more where the policy was raised', [staff(1), client(1)], [staff(2), client(1)]],
    ['those of the plan where the policy was lowered', [staff(3), client(4)], [staff(3), client(4)]],
    ['a gate the plan had none of', [], [staff(2), client(1)]],
  ])('asks by now for %s', (_, planned, expected) => {
    expect(stricterGates(planned, twoStaff)).toEqual(expected);
  });

  test('asks for no gate that neither plan nor policy know', () => {
    expect(stricterGates([], policyFor('development', undefined))).toEqual([]);
    expect(stricterGates([client(1)], policyFor('development', undefined))).toEqual([client(1)]);
  });

  test.each([
    { staging: { staff: 0 } },
    { production: { staff: 0 } },
    { production: { client: 0 } },
  ] satisfies Policy[])('fails to be lowered: %j', async (policy) => {
    expect(() => requireStrongEnough(policy)).toThrow(expect.objectContaining({ refusal: 'policy-too-weak' }));
    const world = await World.open();
    const before = await world.store.get('application', { name: 'my-app' });
    const { name: _, createdAt: __, updatedAt: ___, ...settings } = anApplication({ policy });
    await expect(configureApplication(world, 'my-app', settings, 'x')).rejects.toMatchObject({
      refusal: 'policy-too-weak',
    });
    expect(await world.store.get('application', { name: 'my-app' })).toEqual(before);
  });

  test('fails naming the stage whose gates would close too soon', () => {
    expect(() => requireLongEnough({ staging: { gateExpirySeconds: 59 } }, 60)).toThrow(
      expect.objectContaining({ issues: [expect.objectContaining({ field: 'policy.staging.gateExpirySeconds' })] }),
    );
    expect(() => requireLongEnough({ staging: { gateExpirySeconds: 60 } }, 60)).not.toThrow();
    expect(() => requireLongEnough(undefined, 60)).not.toThrow();
  });
});

describe('the order of a pipeline', () => {
  const [D, S, P] = ['development', 'staging', 'production'] as const;
  const stages = (...named: readonly (Stage | undefined)[]) => {
    const names = named.map((_, index) => `e${index}`);
    return [names, new Map(named.flatMap((stage, index) => (stage ? [[`e${index}`, stage] as const] : [])))] as const;
  };

  test.each([
    [D],
    [D, S],
    [D, S, P],
    [D, D, S, S, P, P],
    [S],
    [undefined, undefined, P],
    [D, undefined, P],
    [undefined, S, P],
    [D, S, undefined],
    [],
  ])('may be %s %s %s %s %s %s', (...named) => {
    expect(() => requireOrdered(...stages(...named))).not.toThrow();
  });

  test.each([
    [P],
    [D, P],
    [S, P],
    [S, D],
    [P, S],
    [D, P, S],
    [D, S, P, D],
    [D, D, P],
    [undefined, P],
    [D, undefined, P, S],
  ])('fails to be %s %s %s %s', (...named) => {
    expect(() => requireOrdered(...stages(...named))).toThrow(expect.objectContaining({ refusal: 'pipeline-order' }));
  });
});

describe('configuring an environment', () => {
  const where = { application: 'my-app', environment: 'stage1' };
  const settings = {
    stage: 'staging' as const,
    accountId: '111111111111',
    region: 'eu-west-1',
    deletionProtection: false,
  };

  test('keeps its external id, and a protection that was switched on', async () => {
    const world = await World.open();
    await world.change('stage1', { deletionProtection: true });
    const { environment, isNew } = await configureEnvironment(world, where, settings, 'admin@local');
    expect({ isNew, ...environment }).toMatchObject({
      isNew: false,
      externalId: 'a'.repeat(32),
      deletionProtection: true,
    });
  });

  test('gives a new one an external id of its own, and production its protection', async () => {
    const world = new World();
    await world.write('application', anApplication());
    const ids = new Set<string>();
    for (const [environment, stage] of [
      ['dev1', 'development'],
      ['stage1', 'staging'],
      ['prod1', 'production'],
    ] as const) {
      const made = await configureEnvironment(world, { ...where, environment }, { ...settings, stage }, 'admin@local');
      ids.add(made.environment.externalId);
      expect(made.environment.deletionProtection).toBe(stage === 'production');
    }
    expect(ids.size).toBe(3);
  });

  test.each([
    ['accountId', { accountId: '222222222222' }],
    ['region', { region: 'us-east-1' }],
    ['stateBucket', { stateBucket: 'another' }],
    ['roles', { roles: { plan: 'arn:aws:iam::111111111111:role/other' } }],
  ])('fails to change its %s while a deployment is open there', async (name, facts) => {
    const world = await World.open();
    await world.succeed('dev1', await world.release());
    await world.deploy('stage1', 1);
    await expect(configureEnvironment(world, where, { ...settings, ...facts }, 'x')).rejects.toMatchObject({
      refusal: 'deployments-open',
      message: expect.stringContaining(name),
    });
  });

  test.each([{ accountId: '222222222222' }, { region: 'us-east-1' }])(
    'fails to move to %j while something is deployed there',
    async (facts) => {
      const world = await World.open();
      await world.bring(await world.release(), 'stage1');
      await expect(configureEnvironment(world, where, { ...settings, ...facts }, 'x')).rejects.toMatchObject({
        refusal: 'something-deployed',
      });
    },
  );

  test('fails outside of the pipeline, and for an application that does not exist', async () => {
    const world = await World.open();
    await expect(configureEnvironment(world, { ...where, environment: 'dev9' }, settings, 'x')).rejects.toMatchObject({
      refusal: 'not-in-pipeline',
    });
    await expect(configureEnvironment(world, { ...where, application: 'no' }, settings, 'x')).rejects.toMatchObject({
      name: 'NotFoundError',
    });
  });
});
