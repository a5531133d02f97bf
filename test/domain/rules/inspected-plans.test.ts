import { beforeEach, describe, expect, test } from '@jest/globals';
import { preparePlan } from '../../../lambdas/domain/build/prepare-plan.ts';
import { runPrefix } from '../../../lambdas/domain/build/run-prefix.ts';
import type { InspectionSuccess } from '../../../lambdas/domain/contract/build-result.ts';
import { analyzeDeploymentPlan } from '../../../lambdas/domain/deployment/analyze-deployment-plan.ts';
import { plannedOf } from '../../../lambdas/domain/model/deployment.ts';
import type { Policy } from '../../../lambdas/domain/policy.ts';
import { analyseAsWorkflow } from '../../harness/analyse-as-workflow.ts';
import { anApplication, OTHER_DIGEST } from '../../harness/builders.ts';
import { leaveInspection, leavePlan, type PlanKind } from '../../harness/plan-artifacts.ts';
import { World } from '../../harness/world.ts';

/** Code of the repository runs in the build of a plan. If anything depends on the plan, another build has read it. */

let world: World;
beforeEach(async () => {
  world = await World.open();
  await world.bring(await world.release(), 'stage1');
});

async function planned(environment: string, kind: PlanKind, wish = {}): Promise<string> {
  const id = await world.deploy(environment, 1, wish);
  await leavePlan(world.artifacts, await world.deployment(id), kind);
  return id;
}

/** Starts the first deployment of an ephemeral environment, up to its plan. */
async function ephemeral(): Promise<string> {
  await world.ephemeral('pr-1');
  const id = (await world.holderOf('pr-1')) ?? '';
  await world.workflow.runTo(id, 'Plan');
  return id;
}

const look = (id: string, isInspected = false) => analyzeDeploymentPlan(world, id, { isInspected });

describe('a plan is inspected', () => {
  test.each<[string, PlanKind]>([
    ['stage1', 'changes'],
    ['stage1', 'no-changes'],
    ['prod1', 'changes'],
    ['prod1', 'no-changes'],
    // stage1 requires the success of dev1, and only this word would prove it.
    ['dev1', 'no-changes'],
  ])('in %s with %s', async (environment, kind) => {
    const id = await planned(environment, kind);
    const verdict = await look(id);
    expect(verdict).toEqual({ next: 'inspect', gates: [] });
    expect(plannedOf(await world.deployment(id))).toBeUndefined();
  });

  test('in development where somebody is asked', async () => {
    const policy: Policy = { development: { staff: 1 } };
    await world.write('application', anApplication({ policy }));
    expect((await look(await planned('dev1', 'changes'))).next).toBe('inspect');
  });

  test('in development where it is protected against deletion', async () => {
    await world.change('dev1', { deletionProtection: true });
    expect((await look(await planned('dev1', 'changes'))).next).toBe('inspect');
  });

  test('also when the policy was raised while it was made', async () => {
    const id = await planned('dev1', 'changes');
    await world.write('application', anApplication({ policy: { development: { client: 1 } } }));
    expect((await look(id)).next).toBe('inspect');
  });

  test('in development where it would claim another state key than the usual one', async () => {
    await world.store.transact(async (transaction) => {
      const place = { application: 'my-app', environment: 'dev1' };
      if (await transaction.get('stateAddress', place)) transaction.delete('stateAddress', place);
    });
    const id = await world.deploy('dev1', 1);
    const backend = {
      type: 's3' as const,
      bucket: 'acme-state',
      key: 'apps/other/prod1/x.tfstate',
      region: 'eu-west-1',
    };
    await leavePlan(world.artifacts, await world.deployment(id), 'changes', { backend });
    expect((await look(id)).next).toBe('inspect');
  });

  test('by a build that knows the run and no secret of the environment', async () => {
    const id = await world.deploy('stage1', 1);
    await world.workflow.step(id);
    const { inspect } = await preparePlan(world, id);
    const given = Object.fromEntries(inspect.EnvironmentVariablesOverride.map(({ Name, Value }) => [Name, Value]));
    expect(inspect).toMatchObject({ ProjectName: 'stagegate-inspect', IdempotencyToken: `${id}-inspect-1` });
    expect(given).toMatchObject({
      STAGEGATE_DIRECTORY: 'apps/my-app/stage1',
      STAGEGATE_RUN_PREFIX: runPrefix(await world.deployment(id)),
    });
    expect(given).not.toHaveProperty('STAGEGATE_TICKET');
    expect(inspect).not.toHaveProperty('SourceLocationOverride');
  });

  test.each<[string, PlanKind, string]>([
    ['dev1', 'changes', 'apply'],
    ['pr-1', 'changes', 'apply'],
    ['pr-1', 'no-changes', 'no-changes'],
  ])('and not in %s with %s, whose author may do there what they like', async (environment, kind, next) => {
    const id = environment === 'dev1' ? await world.deploy('dev1', 1) : await ephemeral();
    await leavePlan(world.artifacts, await world.deployment(id), kind);
    expect((await look(id)).next).toBe(next);
  });

  test('in a development environment that is being removed', async () => {
    const removal = { by: { principal: 'arn:aws:iam::999999999999:role/tooling' }, at: world.surroundings.now() };
    const id = await planned('dev1', 'deletes', { operation: 'destroy' });
    await world.change('dev1', { removal });
    expect((await look(id)).next).toBe('inspect');
  });
});

test('what a build says of artifacts that are not its own ends its deployment, without the secret of a run in the message', async () => {
  const id = await world.deploy('stage1', 1);
  const { runSecret } = await world.deployment(id);
  const elsewhere = { key: `runs/${id}/${runSecret}/1/apply/outputs.json`, versionId: 'v1' };
  await leavePlan(world.artifacts, await world.deployment(id), 'changes', { planJson: elsewhere });
  const message = await look(id).then(String, String);
  expect(message).toContain('planJson is not an artifact of its own run');
  expect(message).not.toContain(runSecret);
});

describe('after an inspection', () => {
  test('there is none to ask for again, also where it left nothing', async () => {
    const id = await planned('stage1', 'changes');
    await expect(look(id, true)).rejects.toThrow('the inspect build left no result that can be read');
  });

  test('what the plan build said of changes counts for nothing', async () => {
    const id = await planned('stage1', 'changes');
    const deployment = await world.deployment(id);
    await leaveInspection(world.artifacts, deployment);
    // The plan has changes. The build that made the plan says that it has none, and shows an empty plan.
    await leavePlan(world.artifacts, deployment, 'no-changes');
    expect(await look(id)).toMatchObject({ next: 'inspect' });
    expect(await look(id, true)).toEqual({ next: 'gates', gates: ['staff'] });
    expect(plannedOf(await world.deployment(id))).toMatchObject({
      hasChanges: true,
      headline: { summary: { add: 1 } },
    });
  });

  test.each<[string, Partial<InspectionSuccess>, string]>([
    ['another bundle', { digest: OTHER_DIGEST }, 'said that its bundle has the digest'],
    ['another operation', { operation: 'destroy' }, 'read a plan to destroy'],
    [
      'another state',
      { backend: { type: 's3', bucket: 'acme-state', key: 'apps/other/prod1/terraform.tfstate', region: 'eu-west-1' } },
      'the plan is for acme-state/apps/other/prod1/terraform.tfstate',
    ],
  ])('a plan build that spoke of %s is not believed, and nothing is claimed', async (_, found, why) => {
    const id = await planned('stage1', 'changes');
    await leaveInspection(world.artifacts, await world.deployment(id), found);
    await expect(look(id, true)).rejects.toThrow(why);
    expect(plannedOf(await world.deployment(id))).toBeUndefined();
  });

  test('serial, lineage and region are those of the plan', async () => {
    const id = await planned('stage1', 'changes');
    const address = { bucket: 'acme-state', key: 'apps/my-app/stage1/terraform.tfstate' };
    await analyseAsWorkflow(world, id, {
      state: { serial: 7, lineage: 'line' },
      backend: { type: 's3', ...address, region: 'us-east-1' },
    });
    expect(plannedOf(await world.deployment(id))).toMatchObject({
      state: { serial: 7, lineage: 'line' },
      stateAddress: { ...address, region: 'us-east-1' },
    });
  });

  test('added files and new providers are told, compared with what was deployed last', async () => {
    const provider = (version: string, hash: string) => ({
      address: 'registry.terraform.io/hashicorp/aws',
      version,
      fingerprint: hash.repeat(64),
    });
    const random = { ...provider('3.0.0', 'c'), address: 'registry.terraform.io/hashicorp/random' };
    const [before] = await world.history('stage1');
    await world.store.transact(async (transaction) => {
      const was = await transaction.get('configuration', { deploymentId: before?.id ?? '' });
      if (was) transaction.put('configuration', { ...was, providers: [provider('6.0.0', 'a'), random] });
    });
    const id = await planned('stage1', 'changes');
    await analyseAsWorkflow(world, id, {
      added: { count: 1, paths: ['function.zip'] },
      lockedProviders: [provider('6.1.0', 'b'), random, { ...random, address: 'example.com/evil/thing' }],
    });
    const { key = '', versionId = '' } = plannedOf(await world.deployment(id))?.analysis ?? {};
    expect((await world.artifacts.getJson(key, versionId))?.value).toMatchObject({
      addedFiles: { count: 1, paths: ['function.zip'] },
      providerChanges: [
        { address: 'registry.terraform.io/hashicorp/aws', version: '6.1.0', before: '6.0.0' },
        { address: 'example.com/evil/thing', version: '3.0.0' },
      ],
    });
  });
});

test('no plan is younger than it can be: it grows old from when it was analysed at the latest', async () => {
  const id = await world.deploy('stage1', 1);
  const createdAt = '2999-01-01T00:00:00.000Z';
  await leavePlan(world.artifacts, await world.deployment(id), 'changes', { createdAt });
  await analyseAsWorkflow(world, id);
  expect(plannedOf(await world.deployment(id))?.plannedAt).toBe(world.surroundings.now());
});
