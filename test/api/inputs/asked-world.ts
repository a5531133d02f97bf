import { anAnalysis } from '../../harness/analysis-builder.ts';
import { commitOf } from '../../harness/builders.ts';
import { pushPayload } from '../../harness/github-payloads.ts';
import { APPLICATION, CLIENT, environmentBody, JANE, PipelineWorld, STAFF } from '../pipeline-world.ts';
import { TestApi } from '../test-api.ts';

/** A world in which every operation has something to do, and requests that it accepts. */
export interface AskedWorld {
  readonly world: PipelineWorld;
  /** Texts that name something there. */
  readonly words: readonly string[];
  /** Path parameters that name something there, the most useful one first. */
  readonly parameters: Readonly<Record<string, readonly string[]>>;
  /** A body for each route that takes one. Generated inputs change parts of it. */
  readonly bodies: Readonly<Record<string, unknown>>;
  /** Puts into the services of another API what its copy of the records needs. */
  prepare(api: TestApi): Promise<void>;
}

export async function askedWorld(): Promise<AskedWorld> {
  const world = await PipelineWorld.create();
  await world.approver(STAFF, 'staff', [JANE]);
  await world.approver(CLIENT, 'client');
  await world.end(await world.release(1));
  await world.end(await world.release(2));
  const id = await world.deploy('stage1', 1);
  const analysisKey = `analysis/${id}/1.json`;
  const prepare = async ({ mail, artifacts }: TestApi) => {
    await artifacts.putJson(analysisKey, anAnalysis());
    for (const email of [STAFF, CLIENT]) await mail.subscribe(email);
    mail.click(STAFF);
  };
  const analysis = await world.artifacts.putJson(analysisKey, anAnalysis());
  await world.plan(id, { gates: [{ gate: 'staff', required: 1 }], analysis });
  await world.openGate(id, 'staff');
  await world.post('/applications/my-app/ephemeral-environments', { name: 'pr-7', ref: 'feature/x' });
  await world.put('/applications/empty-app', APPLICATION);
  await world.put('/applications/empty-app/environments/dev1', environmentBody('dev1'));
  const application = await world.store.get('application', { name: 'my-app' });
  if (application) await world.write('application', { ...application, repositoryId: 1 });
  const probe = new TestApi();
  await prepare(probe);
  const gate = await world.store.get('gate', { deploymentId: id, gate: 'staff' });
  const lift = { reason: 'the reason of a test' };
  const app = '/applications/{app}';
  const env = `${app}/environments/{env}`;
  const deployment = `${env}/deployments/{id}`;
  return {
    world,
    words: [
      ...[
        'my-app',
        'empty-app',
        'dev1',
        'stage1',
        'prod1',
        'pr-7',
        'staff',
        'client',
        STAFF,
        CLIENT,
        'main',
        'feature/x',
        id,
      ],
      ...['production', 'staging', 'development', 'approve', 'reject', 'deploy', 'rollback', 'destroy', 'empty-state'],
      ...['eu-west-1', '222222222222', '000000000000', '1', '7', 'true', 'newest', commitOf(1), gate?.digest ?? ''],
      ...['https://github.com/acme/acme-config', '2026-11-23T10:00:00.000Z', 'aws_instance.web', JANE, '*', '""'],
    ],
    prepare,
    parameters: {
      app: ['my-app', 'empty-app'],
      env: ['stage1', 'dev1'],
      id: [id],
      gate: ['staff'],
      name: ['pr-7'],
      email: [STAFF, CLIENT],
      number: ['1'],
    },
    bodies: {
      [`PUT ${app}`]: APPLICATION,
      [`POST ${app}/repository-confirmations`]: { from: 1, to: 2, ...lift },
      [`PUT ${env}`]: environmentBody('stage1'),
      [`PATCH ${env}`]: { hold: true, ...lift },
      [`POST ${env}/protection-lifts`]: { address: 'aws_instance.web', ...lift },
      [`POST ${env}/proof-lifts`]: { engine: 'terraform 1.12', ...lift },
      [`POST ${env}/state-moves`]: { to: 'my-bucket/some/key.tfstate', ...lift },
      [`PUT ${app}/approvers/{email}`]: { gates: ['staff'], principals: [JANE] },
      [`POST ${app}/approvers/{email}/confirmation`]: { link: probe.mail.confirmationLink(CLIENT) },
      [`POST ${app}/releases`]: { commit: commitOf(4), message: 'Change' },
      [`POST ${app}/promotions`]: { to: 'stage1', release: 2 },
      [`POST ${env}/deployments`]: { release: 2, operation: 'deploy' },
      [`POST ${deployment}/release`]: lift,
      [`POST ${deployment}/gates/{gate}/links`]: { email: STAFF },
      [`POST ${deployment}/gates/{gate}/decisions`]: { decision: 'approve', planDigest: gate?.digest },
      [`POST ${app}/ephemeral-environments`]: { name: 'pr-8', commit: commitOf(5), ttlHours: 5 },
      [`PATCH ${app}/ephemeral-environments/{name}`]: { ttlHours: 9 },
      [`POST ${app}/ephemeral-environments/{name}/deployments`]: { commit: commitOf(6) },
      'POST /webhooks/github': pushPayload(),
    },
  };
}
