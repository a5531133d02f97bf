import { expect, test } from '@jest/globals';
import { headlineOf } from '../../lambdas/domain/plan/analysis.ts';
import { anAnalysis } from '../harness/analysis-builder.ts';
import { DIGEST } from '../harness/builders.ts';
import { CLIENT, JANE, PipelineWorld, STAFF } from './pipeline-world.ts';

test('no answer and no log line ever holds a run secret, an external id, a task token, a link or a comment in a log', async () => {
  const world = await PipelineWorld.create();
  await world.approver(STAFF, 'staff', [JANE]);
  await world.approver(CLIENT, 'client');
  await world.end(await world.release(1));
  const id = await world.deploy('stage1', 1);
  const deployment = await world.store.get('deployment', { id });
  const prefix = `runs/${id}/${deployment?.runSecret}/plan/`;
  const analysis = await world.artifacts.putJson(`analysis/${id}/1.json`, anAnalysis());
  await world.plan(id, {
    analysis,
    headline: headlineOf(anAnalysis()),
    gates: [{ gate: 'staff', required: 1 }],
    bundle: { key: `${prefix}bundle.tar.gz`, versionId: 'secret-version' },
  });
  await world.openGate(id, 'staff');

  const app = '/applications/my-app';
  const stage1 = `${app}/environments/stage1`;
  const self = `${stage1}/deployments/${id}`;
  await world.post(`${self}/gates/staff/decisions`, { decision: 'approve', planDigest: DIGEST, comment: 'psst' }, JANE);
  await world.post(`${app}/promotions`, { to: 'prod1' });
  await world.post(`${self}/cancel`, undefined);
  const paths = ['', '/pipeline', '/environments', '/releases', '/releases/1', '/approvers'].map((path) => app + path);
  const reads = [stage1, `${stage1}/outputs`, `${stage1}/deployments`, self, `${self}/plan`, `${self}/events`];
  for (const path of ['/applications', ...paths, ...reads]) expect((await world.get(path)).status).toBe(200);

  const environment = await world.store.get('environment', { application: 'my-app', name: 'stage1' });
  const token = await world.store.get('taskToken', { deploymentId: id, gate: 'staff' });
  const link = world.mail.linkTo(STAFF)?.split('/').pop();
  const secrets = [deployment?.runSecret, environment?.externalId, token?.token, link, 'secret-version'];
  expect(secrets.every((secret) => secret && secret.length > 10)).toBe(true);
  for (const secret of secrets) {
    expect(world.said.join('\n')).not.toContain(secret);
    expect(world.log.text).not.toContain(secret);
  }
  expect(world.log.text).not.toContain('psst');
});
