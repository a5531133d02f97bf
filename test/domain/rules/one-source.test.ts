import { beforeEach, describe, expect, test } from '@jest/globals';
import { configureApplication } from '../../../lambdas/domain/application/configure-application.ts';
import { allowedSourceNames } from '../../../lambdas/domain/contract/build-source.ts';
import { cancelDeployment } from '../../../lambdas/domain/deployment/cancel-deployment.ts';
import { consumePlan } from '../../../lambdas/domain/deployment/consume-plan.ts';
import { type Application, ApplicationSettingsSchema } from '../../../lambdas/domain/model/application.ts';
import { anApplication } from '../../harness/builders.ts';
import { CONNECTION } from '../../harness/deployment-definition.ts';
import { ALICE, CAROL, World } from '../../harness/world.ts';

const GITHUB = { url: 'https://github.com/acme/config.git', branch: 'main' };
const ADMIN = 'arn:aws:sts::999999999999:assumed-role/Admins/ada';
const REFUSED = { name: 'RefusedError', refusal: 'deployments-open' };

describe('rule 2: a deployment plans and applies from one source, with one credential', () => {
  let world: World;
  const allowedSources = allowedSourceNames([{ kind: 'connection', provider: 'github', arn: CONNECTION }], []);
  const configure = async (configRepository: Application['configRepository'], more = {}) => {
    const { client, pipeline } = anApplication();
    const settings = ApplicationSettingsSchema.parse({ client, pipeline, configRepository, ...more });
    return configureApplication({ ...world, allowedSources }, 'my-app', settings, ADMIN);
  };
  const stored = () => world.store.get('application', { name: 'my-app' });

  beforeEach(async () => {
    world = await World.open({ configRepository: { ...GITHUB, connectionArn: CONNECTION } });
  });

  /** Makes a deployment to prod1 that is planned and approved by the staff, and that waits for the client. */
  async function awaitingApproval(): Promise<string> {
    await world.bring(await world.release(), 'stage1');
    const id = await world.deploy('prod1', 1);
    await world.workflow.run(id);
    await world.decide(id, ALICE);
    await world.workflow.run(id);
    expect(await world.statusOf(id)).toBe('awaiting_approval');
    return id;
  }

  test.each([
    ['another repository', { ...GITHUB, url: 'https://github.com/acme/other.git', connectionArn: CONNECTION }],
    ['no connection any more', GITHUB],
    ['a host of another kind', { url: 'https://git.example/config.git', provider: 'github-enterprise' } as const],
  ])('%s is refused while a deployment is open, and changes nothing', async (_, repository) => {
    const id = await awaitingApproval();
    const before = await stored();
    await expect(configure({ branch: 'main', ...repository })).rejects.toMatchObject({
      ...REFUSED,
      message: expect.stringContaining('prod1 has one'),
    });
    expect(await stored()).toEqual(before);
    await world.decide(id, CAROL);
    await world.workflow.runTo(id, 'ConsumePlan');
    expect(await consumePlan(world, id, { canWait: true })).toMatchObject({
      apply: {
        ProjectName: expect.stringMatching(/^stagegate-apply-github-[0-9a-f]{12}$/),
        SourceLocationOverride: GITHUB.url,
      },
    });
  });

  test('it is refused, too, while one is open outside of the pipeline', async () => {
    await world.ephemeral('pr-1');
    await expect(configure(GITHUB)).rejects.toMatchObject(REFUSED);
  });

  test('what builds do not fetch by may change at any time: the branch, another spelling, another setting', async () => {
    await awaitingApproval();
    const url = 'git@github.com:acme/config.git';
    await configure({ url, branch: 'release', connectionArn: CONNECTION }, { client: 'bolt' });
    expect(await stored()).toMatchObject({ client: 'bolt', configRepository: { url, branch: 'release' } });
  });

  test('when nothing is open any more, it may change', async () => {
    const id = await awaitingApproval();
    await cancelDeployment(world, id, { principal: ADMIN });
    await world.finish(id);
    await configure(GITHUB);
    expect((await stored())?.configRepository).toEqual(GITHUB);
  });

  test('a repository that builds cannot fetch, as it was registered before, may be put right at any time', async () => {
    await awaitingApproval();
    const url = 'ssh://git@git.example:2222/acme/config.git';
    await world.write('application', anApplication({ configRepository: { url, branch: 'main' } }));
    await expect(configure({ url, branch: 'main' })).rejects.toMatchObject({ name: 'InvalidInputError' });
    await configure(GITHUB);
    expect((await stored())?.configRepository).toEqual(GITHUB);
  });

  test('a connection that the installation does not allow is refused before anything is stored', async () => {
    const before = await stored();
    await expect(configure({ ...GITHUB, connectionArn: `${CONNECTION}2` })).rejects.toMatchObject({
      name: 'InvalidInputError',
      issues: [{ field: 'configRepository.connectionArn', value: `"${CONNECTION}2"` }],
    });
    expect(await stored()).toEqual(before);
  });
});
