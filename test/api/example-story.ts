import { startApplying } from '../../lambdas/domain/model/deployment-transitions.ts';
import { anAnalysis } from '../harness/analysis-builder.ts';
import { commitOf, DIGEST } from '../harness/builders.ts';
import { githubHeaders, pushPayload, signatureOf } from '../harness/github-payloads.ts';
import { ExampleRecorder } from './example-recorder.ts';
import { JANE, PipelineWorld, STAFF } from './pipeline-world.ts';

const APP = '/applications/my-app';
const CLIENT = 'client@example.com';
const environment = (name: string) => `${APP}/environments/${name}`;
const deployments = (name: string) => `${environment(name)}/deployments`;
const STAGES = { dev1: 'development', stage1: 'staging', prod1: 'production' } as const;
const HOUR = 3600;

/** Tells one application's life to the API in memory, so that every operation is asked at least once. */
export async function tellStory(): Promise<ExampleRecorder['examples']> {
  const world = new PipelineWorld();
  const recorder = new ExampleRecorder(world);
  const story = { world, keep: recorder.keep.bind(recorder) };
  await setUp(story);
  await promote(story);
  await look(story);
  await adjust(story);
  await ephemeral(story);
  await takeApart(story);
  return recorder.examples;
}

interface Story {
  readonly world: PipelineWorld;
  readonly keep: ExampleRecorder['keep'];
}

const SETTINGS = {
  client: 'acme',
  configRepository: { url: 'https://github.com/acme/acme-config.git', branch: 'main' },
};

async function setUp({ world, keep }: Story): Promise<void> {
  await keep(200, 'GET', '/health');
  await keep(404, 'GET', APP);
  await keep(400, 'PUT', APP, { body: { ...SETTINGS, client: '' } });
  await keep(409, 'PUT', APP, { body: { ...SETTINGS, policy: { production: { client: 0 } } } });
  await keep(201, 'PUT', APP, { body: SETTINGS });
  await keep(200, 'PUT', APP, { body: { ...SETTINGS, engineVersion: '1.11.4' } });
  for (const [name, stage] of Object.entries(STAGES))
    await keep(201, 'PUT', environment(name), { body: { stage, accountId: '111111111111', region: 'eu-west-1' } });
  await keep(409, 'PUT', environment('stage1'), {
    body: { stage: 'development', accountId: '111111111111', region: 'eu-west-1' },
  });
  await keep(201, 'PUT', `${APP}/approvers/${STAFF}`, { body: { gates: ['staff'], principals: [JANE] } });
  const link = world.mail.confirmationLink(STAFF);
  await keep(200, 'POST', `${APP}/approvers/${STAFF}/confirmation`, { body: { link } });
  await keep(409, 'POST', `${APP}/approvers/${STAFF}/confirmation`, { body: { link: link.replace('01&', '99&') } });
  await world.approver(CLIENT, 'client');
  const body = JSON.stringify(pushPayload());
  const signature = signatureOf(world.webhookSecrets.secret(), body);
  await keep(202, 'POST', '/webhooks/github', { headers: githubHeaders('push', 'd-1', signature), body });
  await keep(401, 'POST', '/webhooks/github', { headers: githubHeaders('push', 'd-2', undefined), body });
}

/** One release goes as far as the gates of production. */
async function promote({ world, keep }: Story): Promise<void> {
  const body = { commit: commitOf(1), message: 'Two more tasks', author: 'staff@example.com' };
  const { body: released } = await keep(201, 'POST', `${APP}/releases`, { body });
  await keep(409, 'POST', `${APP}/promotions`, { body: { to: 'stage1' } });
  await world.end(released.deploymentId);
  const { body: promoted } = await keep(202, 'POST', `${APP}/promotions`, { body: { to: 'stage1' }, caller: JANE });
  await keep(200, 'POST', `${APP}/promotions`, { body: { to: 'stage1', release: 1 }, caller: JANE });
  const { id } = promoted;
  const analysis = await world.artifacts.putJson(`analysis/${id}/1.json`, anAnalysis());
  await world.plan(id, { analysis, gates: [{ gate: 'staff', required: 1 }] });
  await world.openGate(id, 'staff');
  const self = `${deployments('stage1')}/${id}`;
  await keep(200, 'GET', `${self}/plan`);
  await keep(201, 'POST', `${self}/gates/staff/links`, { body: { email: STAFF }, caller: JANE });
  await keep(409, 'DELETE', `${APP}/approvers/${STAFF}`);
  const decide = (planDigest: string) => ({
    body: { decision: 'approve', planDigest, comment: 'As discussed' },
    caller: JANE,
  });
  await keep(409, 'POST', `${self}/gates/staff/decisions`, decide('0'.repeat(64)));
  await keep(200, 'GET', '/health/details');
  await keep(200, 'POST', `${self}/gates/staff/decisions`, decide(DIGEST));
  await apply(world, id);
  await world.end(id);
  await keep(409, 'POST', `${self}/cancel`);
  const again = await keep(202, 'POST', deployments('dev1'), { body: { release: 1 } });
  await keep(409, 'POST', deployments('prod1'), { body: { operation: 'destroy' } });
  await keep(409, 'POST', `${deployments('dev1')}/${again.body.id}/release`, { body: { reason: 'its build is gone' } });
  await keep(202, 'POST', `${deployments('dev1')}/${again.body.id}/cancel`);
  world.workflow.end(again.body.id, 'aborted');
  await keep(200, 'POST', `${deployments('dev1')}/${again.body.id}/release`, { body: { reason: 'its build is gone' } });
}

/** Uses up the approved plan, as the workflow does before it applies. */
const apply = (world: PipelineWorld, id: string): Promise<void> =>
  world.store.transact(async (transaction) => {
    const deployment = await transaction.get('deployment', { id });
    if (deployment?.status !== 'awaiting_approval') throw new Error(`${id} is ${deployment?.status}`);
    transaction.put('deployment', startApplying(deployment, deployment.planned, world.surroundings.now()));
  });

async function look({ keep }: Story): Promise<void> {
  await keep(200, 'GET', '/applications');
  await keep(200, 'GET', APP);
  await keep(200, 'GET', `${APP}/pipeline`);
  await keep(200, 'GET', `${APP}/audit`, { query: { order: 'newest', limit: '2' } });
  await keep(200, 'GET', `${APP}/environments`, { query: { limit: '1' } });
  await keep(200, 'GET', environment('stage1'));
  await keep(200, 'GET', `${environment('stage1')}/outputs`);
  await keep(200, 'GET', `${APP}/approvers`);
  await keep(200, 'GET', `${APP}/approvers/${STAFF}`);
  await keep(200, 'GET', `${APP}/releases`);
  await keep(200, 'GET', `${APP}/releases/1`);
  const { body } = await keep(200, 'GET', deployments('stage1'));
  const [{ id }] = body.items;
  await keep(200, 'GET', `${deployments('stage1')}/${id}`);
  await keep(200, 'GET', `${deployments('stage1')}/${id}/events`);
}

async function adjust({ world, keep }: Story): Promise<void> {
  await keep(200, 'PATCH', environment('stage1'), { body: { hold: true, reason: 'Load test until noon' } });
  await keep(409, 'PATCH', environment('prod1'), { body: { deletionProtection: false, reason: 'a new account' } });
  const lift = { address: 'aws_db_instance.main', reason: 'Moved to the new cluster' };
  await keep(201, 'POST', `${environment('prod1')}/protection-lifts`, { body: lift });
  const proof = { engine: 'terraform 1.12', reason: 'It ran elsewhere for a month' };
  await keep(201, 'POST', `${environment('stage1')}/proof-lifts`, { body: proof });
  await keep(409, 'POST', `${environment('dev1')}/proof-lifts`, { body: proof });
  const move = { to: 'my-state-bucket/apps/my-app/stage1.tfstate', reason: 'One bucket for each account' };
  await keep(200, 'POST', `${environment('stage1')}/state-moves`, { body: move });
  await keep(409, 'POST', `${environment('prod1')}/state-moves`, { body: move });
  const confirmation = { from: 186853002, to: 186853003, reason: 'It was made again from a backup' };
  await keep(409, 'POST', `${APP}/repository-confirmations`, { body: confirmation });
  const application = await world.store.get('application', { name: 'my-app' });
  if (application) await world.write('application', { ...application, repositoryId: confirmation.from });
  await keep(200, 'POST', `${APP}/repository-confirmations`, { body: confirmation });
}

async function ephemeral({ world, keep }: Story): Promise<void> {
  const all = `${APP}/ephemeral-environments`;
  const body = { name: 'pr-7', commit: commitOf(2), variables: { desired_count: 1 } };
  await keep(202, 'POST', all, { body });
  await keep(200, 'POST', all, { body });
  await keep(409, 'POST', all, { body: { ...body, name: 'dev1' } });
  await keep(200, 'GET', all);
  await keep(200, 'GET', '/ephemeral-environments');
  await keep(200, 'GET', `${all}/pr-7`);
  await keep(200, 'PATCH', `${all}/pr-7`, { body: { ttlHours: 24 } });
  await keep(409, 'PATCH', `${all}/pr-7`, { body: { follow: true } });
  await keep(202, 'POST', `${all}/pr-7/deployments`, { body: { commit: commitOf(3) } });
  await keep(202, 'DELETE', `${all}/pr-7`);
  await keep(409, 'POST', `${all}/pr-7/deployments`, { body: { commit: commitOf(4) } });
  world.surroundings.advance(HOUR);
}

async function takeApart({ world, keep }: Story): Promise<void> {
  await keep(409, 'DELETE', APP);
  await keep(409, 'DELETE', environment('stage1'));
  await keep(204, 'DELETE', environment('prod1'));
  await keep(204, 'DELETE', `${APP}/approvers/${CLIENT}`);
  await world.put('/applications/old-app', SETTINGS);
  await keep(204, 'DELETE', '/applications/old-app');
}
