import { createHash } from 'node:crypto';
import { decideGate } from '../../../lambdas/domain/approval/decide-gate.ts';
import { analysisKey } from '../../../lambdas/domain/contract/build-result.ts';
import { consumePlan } from '../../../lambdas/domain/deployment/consume-plan.ts';
import { keepEnding } from '../../../lambdas/domain/deployment/record-ending.ts';
import { releaseEnvironment } from '../../../lambdas/domain/deployment/release-environment.ts';
import type { Planned } from '../../../lambdas/domain/model/deployment.ts';
import { type Analysis, headlineOf } from '../../../lambdas/domain/plan/analysis.ts';
import type { GateName } from '../../../lambdas/domain/policy.ts';
import {
  APPLICATION,
  CLIENT,
  environmentBody,
  JANE,
  type Name,
  PipelineWorld,
  STAFF,
} from '../../api/pipeline-world.ts';
import { TestApi } from '../../api/test-api.ts';
import { commitOf } from '../../harness/builders.ts';
import { recordedAnalysis } from '../../pages/page-states.ts';
import { BoardWorld } from './board-world.ts';

/** A board in some state, and the page that shows it. */
export interface BoardState {
  readonly world: BoardWorld<TestApi>;
  readonly path: string;
}

const MINUTE = 60;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
const APP = '/applications/my-app';

const WORDS = [
  'Keep logs for a year',
  'Move the assets to the CDN',
  'Add a read replica for reports',
  'Rotate the keys of the queue',
  'Give the service two more tasks',
  'Drop the old asset bucket, keep logs for longer',
  'Raise the memory of the worker',
  'Upgrade the VPC module to 3.2',
];

async function people(api: PipelineWorld): Promise<void> {
  await api.approver(STAFF, 'staff', [JANE]);
  await api.approver(CLIENT, 'client');
}

/** Makes a release with words, and ends its deployment to dev1 after a while. */
export async function released(api: PipelineWorld, number: number, isEnded = true): Promise<string> {
  const message = WORDS[(number - 1) % WORDS.length] ?? '';
  const body = { commit: commitOf(number), message, author: 'Dana Developer <dev@example.com>' };
  const { body: made } = await api.post(`${APP}/releases`, body);
  api.surroundings.advance(4 * MINUTE);
  if (isEnded) await applied(api, made.deploymentId, 'development');
  return made.deploymentId;
}

const moduleOf = (name: string, version: string) => ({
  ...{ call: `module.${name}`, source: `git::https://git.example.com/modules.git//${name}`, version },
  arguments: [],
});
const MODULES = [moduleOf('vpc', '3.2.0'), moduleOf('waf', '1.0.2'), moduleOf('web', '2.1.4')];
/** The analysis of a recorded plan, with the modules of the application. */
export function analysisOf(plan: string, stage: 'development' | 'staging' | 'production'): Analysis {
  const analysis = recordedAnalysis(plan, stage === 'production' ? stage : 'staging');
  if (stage === 'development') return { ...analysis, modules: MODULES };
  const proof: Analysis['proof'] = {
    ...{
      previous: stage === 'production' ? 'stage1' : 'dev1',
      mode: 'block',
      of: 3,
      proven: 2,
      engine: 'terraform 1.11',
    },
    unproven: [
      {
        ...{ kind: 'module', subject: '3f2a'.repeat(16), calls: ['module.waf'], isLifted: true },
        text: 'module.waf is waf 1.0.2 (3f2a3f2a3f2a…); nothing has run it',
        reason: 'The firewall is new here, as agreed with the client.',
      },
    ],
    ...{ exempt: [], notes: [] },
  };
  return { ...analysis, modules: MODULES, proof };
}

/** Plans a deployment, with the details that its page shows. */
export async function planned(
  api: PipelineWorld,
  id: string,
  analysis: Analysis,
  facts: Partial<Planned> = {},
): Promise<void> {
  await api.plan(id, {
    headline: headlineOf(analysis),
    analysis: await api.artifacts.putJson(analysisKey(id, 1), analysis),
    ...facts,
  });
}

const GATES = {
  development: [],
  staging: ['staff'],
  production: ['staff', 'client'],
} as const satisfies Record<string, readonly GateName[]>;

/** Brings a deployment to the point at which its plan is being applied: planned, and approved by everybody. */
async function applying(api: PipelineWorld, id: string, stage: keyof typeof GATES, plan: string): Promise<void> {
  const digest = digestOf(id);
  const gates = GATES[stage].map((gate) => ({ gate, required: 1 }));
  await planned(api, id, analysisOf(plan, stage), {
    digest,
    gates,
    isProtected: stage === 'production',
  });
  for (const { gate } of gates) {
    await api.openGate(id, gate);
    const email = gate === 'staff' ? STAFF : CLIENT;
    await decideGate(api.services, { decision: 'approve', deploymentId: id, gate, email, via: 'link', digest });
  }
  const { outcome } = await consumePlan({ ...api.services, applies: 'allowed' }, id, { canWait: true });
  const deployment = await api.store.get('deployment', { id });
  if (outcome !== 'consumed') throw new Error(`${id} is not applied: ${JSON.stringify(deployment?.blocking)}`);
}

const digestOf = (id: string): string => createHash('sha256').update(id).digest('hex');

async function applied(api: PipelineWorld, id: string, stage: keyof typeof GATES): Promise<void> {
  await applying(api, id, stage, '03-resize-database');
  await api.end(id);
}

/** Deploys a release and ends the deployment with success. */
export async function deployed(api: PipelineWorld, environment: Name, release: number): Promise<void> {
  const id = await api.deploy(environment, release);
  api.surroundings.advance(25 * MINUTE);
  await applied(api, id, environment === 'prod1' ? 'production' : 'staging');
}

/** Ends a deployment with a failure that Terraform explained. */
export async function failed(api: PipelineWorld, id: string): Promise<void> {
  const error = {
    reason: 'apply-failed',
    message: 'Terraform could not apply the plan: creating the database instance failed',
    state: 'Apply',
    diagnostics: [
      {
        severity: 'error',
        summary: 'creating RDS DB Instance (my-app-prod1): InsufficientDBInstanceCapacity',
        detail:
          'Cannot create a db.r6g.large database instance because no instances of the requested class are available in the current region.',
        address: 'module.web.aws_db_instance.this',
        file: 'main.tf',
        line: 42,
      },
    ],
  };
  await keepEnding(api.services, id, { ending: 'failed', failure: { error, applied: 'partly' } });
  await releaseEnvironment(api.services, id);
}

/** Opens the gate of staff for a release in stage1. */
async function waiting(api: PipelineWorld, release: number, plan = '03-resize-database'): Promise<string> {
  const id = await api.deploy('stage1', release, 'deploy', JANE);
  await planned(api, id, analysisOf(plan, 'staging'), {
    digest: digestOf(id),
    gates: [{ gate: 'staff', required: 1 }],
  });
  await api.openGate(id, 'staff');
  return id;
}

const deploymentPage = (environment: string, id: string): string =>
  `${APP}/environments/${environment}/deployments/${id}`;

const onBoard = async (api: TestApi, path: string): Promise<BoardState> => ({
  world: await BoardWorld.around(api),
  path,
});

async function withPeople(): Promise<PipelineWorld> {
  const api = await PipelineWorld.create();
  await people(api);
  return api;
}

/** An application with a past of several releases, some of which failed in production. */
export async function withPast(): Promise<PipelineWorld> {
  const api = await withPeople();
  for (let number = 1; number <= 6; number += 1) {
    await released(api, number);
    api.surroundings.advance(((number * 7) % 5) * 2 * HOUR + HOUR);
    await deployed(api, 'stage1', number);
    api.surroundings.advance(((number * 3) % 4) * 5 * HOUR);
    if (number !== 3) await deployed(api, 'prod1', number);
    else {
      const id = await api.deploy('prod1', number);
      await applying(api, id, 'production', '04-replace-database');
      await failed(api, id);
    }
    api.surroundings.advance(DAY);
  }
  return api;
}

const LONG = 'a-name-that-goes-on-and-on-because-nobody-stopped';

/** Every state of the board that is tested in a browser. */
export const BOARD_STATES: Readonly<Record<string, () => Promise<BoardState>>> = {
  async 'all applications'() {
    const api = await withPast();
    await released(api, 7);
    await waiting(api, 7, '06-remove-bucket-and-tighten');
    await api.patch(`${APP}/environments/prod1`, { hold: true, reason: 'Freeze until the sale is over' }, JANE);
    for (const [name, client] of [
      ['billing', 'acme'],
      ['checkout', 'acme'],
      ['reports', 'globex'],
      ['search', 'globex'],
    ] as const) {
      await api.put(`/applications/${name}`, {
        ...APPLICATION,
        client,
        configRepository: { ...APPLICATION.configRepository, url: `https://git.example.com/${name}.git` },
      });
      for (const environment of ['dev1', 'stage1', 'prod1'] as const)
        await api.put(`/applications/${name}/environments/${environment}`, environmentBody(environment));
    }
    const other = async (name: string) =>
      (await api.post(`/applications/${name}/releases`, { commit: commitOf(1), message: 'Change' })).body.deploymentId;
    await api.end(await other('billing'));
    await failed(api, await other('checkout'));
    await other('search');
    api.surroundings.advance(2 * HOUR);
    return onBoard(api, '/');
  },
  async 'a waiting gate'() {
    const api = await withPast();
    await released(api, 7);
    await waiting(api, 7, '06-remove-bucket-and-tighten');
    await api.post(`${APP}/ephemeral-environments`, { name: 'pr-41', commit: commitOf(9), ttlHours: 30 });
    const held = await api.store.get('environmentState', { application: 'my-app', environment: 'pr-41' });
    await applied(api, held?.holder?.deploymentId ?? '', 'development');
    await api.post(`${APP}/ephemeral-environments`, { name: 'pr-42', commit: commitOf(10), ttlHours: 72 });
    api.surroundings.advance(3 * HOUR);
    return onBoard(api, APP);
  },
  async 'a deployment that waits'() {
    const api = await withPast();
    await released(api, 7);
    const id = await waiting(api, 7, '06-remove-bucket-and-tighten');
    api.surroundings.advance(3 * HOUR);
    return onBoard(api, deploymentPage('stage1', id));
  },
  async 'a failed deployment'() {
    const api = await withPast();
    await released(api, 7);
    await deployed(api, 'stage1', 7);
    const id = await api.deploy('prod1', 7);
    await applying(api, id, 'production', '04-replace-database');
    await failed(api, id);
    api.surroundings.advance(20 * MINUTE);
    return onBoard(api, deploymentPage('prod1', id));
  },
  async 'an application that failed'() {
    const api = await withPast();
    await released(api, 7);
    await deployed(api, 'stage1', 7);
    const id = await api.deploy('prod1', 7);
    await applying(api, id, 'production', '04-replace-database');
    await failed(api, id);
    api.surroundings.advance(HOUR);
    return onBoard(api, APP);
  },
  async 'a hold'() {
    const api = await withPast();
    await api.patch(`${APP}/environments/prod1`, { hold: true, reason: 'Freeze until the sale is over' }, JANE);
    api.surroundings.advance(2 * DAY);
    return onBoard(api, APP);
  },
  async 'a blocked plan'() {
    const api = await withPast();
    await released(api, 7);
    const id = await api.deploy('stage1', 7, 'deploy', JANE);
    const analysis = recordedAnalysis('06-remove-bucket-and-tighten', 'production');
    const violations = [
      {
        address: 'module.web.aws_s3_bucket.assets',
        rule: 'protected-kind' as const,
        why: 'would be deleted, and it holds data',
        liftable: true,
        liftedBy: null,
      },
    ];
    const blocked = { ...analysis, safeguards: { ...analysis.safeguards, verdict: 'block' as const, violations } };
    await planned(api, id, blocked);
    await api.end(id, 'blocked');
    return onBoard(api, deploymentPage('stage1', id));
  },
  async 'twelve environments'() {
    const api = new PipelineWorld();
    const names = [
      'dev1',
      'dev2',
      'dev3',
      ...Array.from({ length: 6 }, (_, at) => `stage${at + 1}`),
      'prod1',
      'prod2',
      'prod3',
    ];
    await api.put(APP, { ...APPLICATION, pipeline: names });
    for (const name of names) {
      const stage = name.startsWith('dev') ? 'dev1' : name.startsWith('stage') ? 'stage1' : 'prod1';
      if (name !== 'prod3') await api.put(`${APP}/environments/${name}`, environmentBody(stage));
    }
    await people(api);
    await released(api, 1);
    return onBoard(api, APP);
  },
  async 'long names'() {
    const api = await withPeople();
    const url = `https://git.example.com/${'a-group-of-groups/'.repeat(6)}config.git`;
    const name = LONG.slice(0, 32).replace(/-$/, '');
    await api.put(`/applications/${name}`, {
      ...APPLICATION,
      client: LONG,
      configRepository: { ...APPLICATION.configRepository, url },
    });
    await api.put(`/applications/${name}/environments/dev1`, environmentBody('dev1'));
    const message = 'A commit message without a single space: '.concat('x'.repeat(120));
    const { body } = await api.post(`/applications/${name}/releases`, {
      commit: commitOf(1),
      message,
      author: 'y'.repeat(80),
    });
    await api.end(body.deploymentId);
    await api.patch(`/applications/${name}/environments/dev1`, { hold: true, reason: 'z'.repeat(400) }, JANE);
    return onBoard(api, `/applications/${name}`);
  },
  async 'an empty installation'() {
    return onBoard(new TestApi(), '/');
  },
  async 'an application without releases'() {
    return onBoard(await withPeople(), APP);
  },
  async 'a question before production'() {
    const api = await withPast();
    await released(api, 7);
    await deployed(api, 'stage1', 7);
    return onBoard(api, `${APP}/environments/prod1/promote?release=7`);
  },
  async 'a question before a rollback'() {
    return onBoard(await withPast(), `${APP}/environments/prod1/rollback`);
  },
};
