import { rmSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { verifyAudit } from '../../scripts/verify-audit.ts';
import { assemblyOfRelease, keptReleases } from '../upgrade/kept-releases.ts';
import { armPause, arrives } from './paused-states.ts';
import { CLIENT, type EngineName, STAFF, synthesizedOnce, TestApplication, TestCloud } from './test-cloud.ts';

/**
 * An installation is updated while executions wait, and later goes back to the older release. The local cloud is
 * updated in place, as CloudFormation does: executions keep the definition with which they were started, and from then
 * on it calls the functions and builds of the other release.
 */

const releases = keptReleases();
let cloud: TestCloud;

/** A wait in which the installation is updated. */
interface Wait {
  readonly engine?: EngineName;
  readonly policy?: object;
  /** Further settings of the application. */
  readonly settings?: (app: TestApplication) => object;
  /** Brings release 1 of the application into the wait; returns how to end the wait after the update. */
  readonly reach: (app: TestApplication) => Promise<() => unknown>;
  /** The releases that succeed in the end. */
  readonly succeed?: readonly number[];
}

const buildOf = (build: 'plan' | 'apply') => ({ state: build === 'plan' ? 'Plan' : 'Apply', build });

const approvalBy =
  (email: string, gate: 'staff' | 'client') =>
  async (app: TestApplication): Promise<() => Promise<void>> => {
    const { id } = await app.waits('dev1', 1, gate);
    await cloud.taskToken(id, gate);
    return () => app.approve(email, 'dev1', 1);
  };

const WAITS: Readonly<Record<string, Wait>> = {
  'plan-build': {
    engine: 'terraform',
    policy: { staff: 1 },
    async reach(app) {
      const goOn = armPause(app, buildOf('plan'), 1);
      await app.release('one');
      await arrives(app, buildOf('plan'), 1);
      return async () => {
        goOn();
        await app.waits('dev1', 1, 'staff');
        await app.approve(STAFF, 'dev1', 1);
      };
    },
  },
  // The second release waits in the queue, for which it has no execution yet.
  'apply-build': {
    engine: 'terraform',
    async reach(app) {
      const goOn = armPause(app, buildOf('apply'), 1);
      await app.release('one');
      await arrives(app, buildOf('apply'), 1);
      await app.release('two');
      await app.reaches('dev1', 2, 'queued');
      return goOn;
    },
    succeed: [1, 2],
  },
  'staff-gate': {
    policy: { staff: 1 },
    async reach(app) {
      await app.release('one');
      return approvalBy(STAFF, 'staff')(app);
    },
  },
  'client-gate': {
    policy: { staff: 1, client: 1 },
    async reach(app) {
      await app.approver(CLIENT, 'client');
      await app.release('one');
      await app.waits('dev1', 1, 'staff');
      await app.approve(STAFF, 'dev1', 1);
      return approvalBy(CLIENT, 'client')(app);
    },
  },
  // The request for the build is of one release; when it is accepted, the project is of the other one.
  'refused-build': {
    async reach(app) {
      const { promise: until, resolve } = Promise.withResolvers<void>();
      cloud.local.door.faults.add({
        service: 'codebuild',
        operation: 'StartBuild',
        caller: `/${app.name}-dev1-1-`,
        about: 'stagegate-apply',
        times: 1,
        until,
        error: { code: 'AccountLimitExceededException' },
      });
      await app.release('one');
      const { id } = await arrives(app, { state: 'Apply' }, 1);
      return async () => {
        resolve();
        const events = () => cloud.local.states.history(cloud.executionArn(id)).map(({ type }) => type);
        await cloud.poll('the refusal', async () => events().some((type) => /^Task\w*Failed$/.test(type)) || undefined);
        cloud.workflowClock.hurry(60_000);
      };
    },
  },
  certificate: {
    engine: 'terraform',
    settings: (app) => ({ serviceDiscoveryDomain: `${app.name}.example` }),
    async reach(app) {
      const hostname = `${app.name}-dev1-eu-west-1.development.${app.name}.example`;
      const { heldNames } = cloud.local.acm.certificates;
      heldNames.add(hostname);
      await cloud.expect(200, 'PUT', `${app.path}/environments/dev1`, {
        stage: 'development',
        accountId: '111111111111',
        region: 'eu-west-1',
        dns: { record: { kind: 'cname', nameOutput: 'host' } },
      });
      const resource = 'resource "terraform_data" "one" {\n  input = "one"\n}\n';
      const output = 'output "host" {\n  value = "lb-1.eu-west-1.elb.example"\n}\n';
      await app.releaseFiles('one', { [`apps/${app.name}/dev1/main.tf`]: resource + output });
      await arrives(app, { state: 'WaitForCertificate' }, 1);
      return () => heldNames.delete(hostname);
    },
  },
};

/** Registers an application for each wait, and brings all of them into their waits at the same time. */
async function reachAll(direction: string): Promise<Map<string, { app: TestApplication; goOn: () => unknown }>> {
  const waits: { name: string; app: TestApplication; reach: Wait['reach'] }[] = [];
  for (const [name, { engine, policy, settings, reach }] of Object.entries(WAITS)) {
    const app = new TestApplication(cloud, `${direction}-${name}`, ['dev1'], engine);
    await app.register({ policy: { development: { autoPromote: false, ...policy } }, ...settings?.(app) });
    waits.push({ name, app, reach });
  }
  const reached = waits.map(async ({ name, app, reach }) => [name, { app, goOn: await reach(app) }] as const);
  return new Map(await Promise.all(reached));
}

/** Ends the waits and returns how each application's deployments ended. */
async function endAll(reached: Awaited<ReturnType<typeof reachAll>>): Promise<Record<string, unknown>> {
  const ended = [...reached].map(async ([name, { app, goOn }]) => {
    await goOn();
    const endings = [];
    for (const release of WAITS[name]?.succeed ?? [1]) {
      const { id, status } = await app.reaches('dev1', release, 'succeeded');
      const applies = (await cloud.statesOf(id)).filter((state) => state === 'Apply').length;
      endings.push({ release, status, applies });
    }
    const { deployed, current, queued } = await app.free('dev1');
    const audit = await verifyAudit({
      args: ['--url', cloud.url, '--application', app.name],
      directory: '.',
      print: () => undefined,
      complain: (text) => endings.push(text),
    });
    return [name, { endings, deployed: deployed?.release, current, queued, audit }] as const;
  });
  return Object.fromEntries(await Promise.all(ended));
}

const expected = Object.fromEntries(
  Object.entries(WAITS).map(([name, { succeed = [1] }]) => [
    name,
    {
      endings: succeed.map((release) => ({ release, status: 'succeeded', applies: 1 })),
      deployed: succeed.at(-1),
      current: null,
      queued: null,
      audit: 0,
    },
  ]),
);

describe.each(releases)('an installation of release $name', (release) => {
  let old: string;

  beforeAll(async () => {
    old = assemblyOfRelease(release);
    cloud = await TestCloud.start({ assemblyDirectory: old, engine: 'opentofu', files: { 'README.md': 'config' } });
  });

  afterAll(async () => {
    await cloud?.stop();
    rmSync(old, { recursive: true, force: true, maxRetries: 5 });
  });

  test('is upgraded while executions wait: each of them ends on the new functions', async () => {
    const reached = await reachAll('up');
    await cloud.local.update(synthesizedOnce());
    expect(await endAll(reached)).toEqual(expected);
  });

  test('goes back while executions wait: each of them ends on the old functions', async () => {
    const reached = await reachAll('back');
    await cloud.local.update(old);
    expect(await endAll(reached)).toEqual(expected);
  });
});
