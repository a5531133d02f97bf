import { beforeEach, describe, expect, test } from '@jest/globals';
import { ProofWorld } from '../../harness/proof-world.ts';

const AWS = 'registry.terraform.io/hashicorp/aws';
const provider = (version: string) => ({ address: AWS, version, fingerprint: 'f'.repeat(64) });
const terraform = (engineVersion: string) => ({ engineVersion });
const tofu = (engineVersion: string) => ({ engine: 'opentofu' as const, engineVersion });

/** Rule 1, the second half: an engine and providers are proven by their minor version. */
let proof: ProofWorld;
beforeEach(async () => {
  proof = await ProofWorld.open();
});

describe('an engine', () => {
  test('in a new minor version in production only is blocked, named, and lifted by that version only', async () => {
    await proof.everywhere(terraform('1.11.4'));
    const second = await proof.upToStaging({ ...terraform('1.11.4'), prod1: terraform('1.12.1') });
    expect(await proof.bring(second, 'prod1')).toMatchObject({
      status: 'blocked',
      error: {
        reason: 'engine-not-proven',
        message:
          'the plan was made with terraform 1.12.1; stage1 has run 1.11.4 (release 2): set this version in stage1 and deploy there first, or lift',
      },
    });
    for (const engine of ['terraform 1.11', 'tofu 1.12', 'terraform 1.13']) await proof.lift({ engine });
    expect(await proof.bring(second, 'prod1')).toMatchObject({ error: { reason: 'engine-not-proven' } });
    await proof.lift({ engine: 'terraform 1.12' });
    expect(await proof.bring(second, 'prod1')).toMatchObject({
      status: 'succeeded',
      planned: { proof: { lifts: ['engine terraform 1.12'] }, gates: [{ gate: 'staff' }, { gate: 'client' }] },
    });
  });

  test('that production runs by a lift needs no other one', async () => {
    await proof.everywhere(terraform('1.11.4'));
    const second = await proof.upToStaging({ ...terraform('1.11.4'), prod1: terraform('1.12.1') });
    await proof.lift({ engine: 'terraform 1.12' });
    expect(await proof.bring(second, 'prod1')).toMatchObject({ status: 'succeeded' });
    await proof.everywhere({ ...terraform('1.11.4'), prod1: terraform('1.12.9') });
  });

  test('is proven by a success without changes', async () => {
    await proof.everywhere(terraform('1.11.4'));
    await proof.everywhere({ ...terraform('1.12.1'), stage1: { ...terraform('1.12.1'), plan: 'no-changes' } });
  });

  test('is not proven by a failed apply', async () => {
    await proof.everywhere(terraform('1.11.4'));
    const failing = await proof.through(terraform('1.12.1'), 'dev1');
    proof.change(failing, { ...terraform('1.12.1'), apply: 'fails' });
    expect(await proof.bring(failing, 'stage1')).toMatchObject({ status: 'failed' });
    const third = await proof.upToStaging({ ...terraform('1.11.4'), prod1: terraform('1.12.1') });
    expect(await proof.bring(third, 'prod1')).toMatchObject({ error: { reason: 'engine-not-proven' } });
  });

  test('in another patch version is the same', async () => {
    await proof.everywhere(terraform('1.11.4'));
    await proof.everywhere({ ...terraform('1.11.4'), prod1: terraform('1.11.9') });
  });

  test('of the other kind with the same version is another', async () => {
    await proof.everywhere(terraform('1.11.4'));
    const second = await proof.upToStaging({ ...terraform('1.11.4'), prod1: tofu('1.11.4') });
    expect(await proof.bring(second, 'prod1')).toMatchObject({ error: { reason: 'engine-not-proven' } });
    await proof.lift({ engine: 'terraform 1.11' });
    expect(await proof.bring(second, 'prod1')).toMatchObject({ error: { reason: 'engine-not-proven' } });
  });
});

describe('a provider', () => {
  const withAws = (version: string) => ({ providers: [provider(version)] });

  test('in a new minor version is told to the approvers, and stops nothing', async () => {
    await proof.everywhere(withAws('5.99.1'));
    const second = await proof.upToStaging({ ...withAws('5.99.1'), prod1: withAws('5.100.0') });
    const applied = await proof.bring(second, 'prod1');
    expect(applied).toMatchObject({ status: 'succeeded' });
    expect(await proof.proofOf(applied)).toMatchObject({
      unproven: [
        {
          kind: 'provider',
          subject: `provider ${AWS} 5.100`,
          isLifted: false,
          text: `${AWS} is 5.100.0; stage1 has run 5.99.1 (release 2): bring 5.100.0 to stage1 first, or lift`,
        },
      ],
    });
  });

  test('in another patch version is the same', async () => {
    await proof.everywhere(withAws('5.99.1'));
    const second = await proof.upToStaging({ ...withAws('5.99.1'), prod1: withAws('5.99.4') });
    expect(await proof.proofOf(await proof.bring(second, 'prod1'))).toMatchObject({ unproven: [] });
  });

  test('is blocked where the policy says so, and lifted by its minor version', async () => {
    proof = await ProofWorld.open({ policy: { proof: { providers: 'block' } } });
    await proof.everywhere(withAws('5.99.1'));
    const second = await proof.upToStaging({ ...withAws('5.99.1'), prod1: withAws('5.100.0') });
    expect(await proof.bring(second, 'prod1')).toMatchObject({ error: { reason: 'provider-not-proven' } });
    await proof.lift({ provider: `${AWS} 5.99` });
    expect(await proof.bring(second, 'prod1')).toMatchObject({ error: { reason: 'provider-not-proven' } });
    await proof.lift({ provider: `${AWS} 5.100` });
    expect(await proof.bring(second, 'prod1')).toMatchObject({ status: 'succeeded' });
  });

  test('of development is known, although nobody inspects plans there: staging is told what is missing, and only that', async () => {
    const first = await proof.release(withAws('5.99.1'));
    expect(await proof.bring(first, 'dev1')).toMatchObject({ status: 'succeeded', planned: { isInspected: false } });
    expect(await proof.proofOf(await proof.bring(first, 'stage1'))).toMatchObject({ unproven: [] });
    const second = await proof.through({ ...withAws('5.99.1'), stage1: withAws('5.100.0') }, 'dev1');
    expect(await proof.proofOf(await proof.bring(second, 'stage1'))).toMatchObject({
      unproven: [{ text: `${AWS} is 5.100.0; dev1 has run 5.99.1 (release 2): bring 5.100.0 to dev1 first, or lift` }],
    });
  });

  test('that `init` chose in development because the commit has no lock file is known as well', async () => {
    const courses = { ...withAws('5.99.1'), lockFile: 'made' } as const;
    const first = await proof.through(courses, 'dev1');
    expect(await proof.proofOf(await proof.bring(first, 'stage1'))).toMatchObject({ unproven: [] });
  });

  test('is not proven by development where its lock file cannot be read', async () => {
    const first = await proof.through(
      { ...withAws('5.99.1'), dev1: { ...withAws('5.99.1'), lockFile: 'unreadable' } },
      'dev1',
    );
    expect(await proof.proofOf(await proof.bring(first, 'stage1'))).toMatchObject({
      unproven: [{ subject: `provider ${AWS} 5.99` }],
    });
  });
});

describe('a plan says that versions of providers float', () => {
  const FLOAT = expect.stringContaining('the commit has no dependency lock file (.terraform.lock.hcl)');
  const noticesOf = async (course: Parameters<ProofWorld['release']>[0], environment: string) => {
    const release = await proof.through(course, 'dev1');
    return (await proof.analysisOf(await proof.bring(release, environment))).notices;
  };

  test.each(['dev1', 'stage1'])('where `init` had to make the lock file: %s', async (environment) => {
    expect(await noticesOf({ providers: [provider('5.99.1')], lockFile: 'made' }, environment)).toContainEqual(FLOAT);
  });

  test.each<[string, Parameters<ProofWorld['release']>[0]]>([
    ['the commit has the lock file', { providers: [provider('5.99.1')] }],
    ['no provider is needed', { providers: [], lockFile: 'made' }],
    ['nothing is known about it', { providers: [provider('5.99.1')], lockFile: 'unreadable' }],
  ])('and does not say so where %s', async (_, course) => {
    expect(await noticesOf(course, 'stage1')).not.toContainEqual(FLOAT);
  });
});
