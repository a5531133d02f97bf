import { beforeAll, describe, expect, test } from '@jest/globals';
import * as z from 'zod';
import { sharedCloud } from './shared-cloud.ts';
import { CLIENT, STAFF, TestApplication, type TestCloud } from './test-cloud.ts';

/** What was proven is what is promoted: identities of real modules, from the builds through the ledger to production. */
describe('a module that ran nowhere before', () => {
  let cloud: TestCloud;
  beforeAll(async () => {
    cloud = await sharedCloud('terraform');
  });

  const ProofSchema = z.object({
    proof: z.object({
      previous: z.string(),
      unproven: z.array(z.object({ call: z.string(), subject: z.string() })),
      lifts: z.array(z.string()),
    }),
    rehearsal: z.object({ rehearsed: z.number(), of: z.number() }),
  });

  const module = (input: string) => `resource "terraform_data" "web" {\n  input = "${input}"\n}\n`;
  const calling = (version: string) => `module "web" {\n  source = "../../../modules/web-${version}"\n}\n`;
  const FIREWALL = 'resource "terraform_data" "firewall" {\n  input = "on"\n}\n';

  test('is blocked in production, then lifted with a reason and applied; a resource of production only is told', async () => {
    const app = new TestApplication(cloud, 'proven');
    await app.register();
    const files = (name: string, content: string) => ({ [`apps/proven/${name}/main.tf`]: content });
    await app.releaseFiles('first', {
      'modules/web-v1/main.tf': module('one'),
      'modules/web-v2/main.tf': module('two'),
      ...files('dev1', calling('v1')),
      ...files('stage1', calling('v1')),
      ...files('prod1', calling('v1')),
    });
    await app.provenRelease(1);
    await app.promote('prod1', 1);
    await app.approve(STAFF, 'prod1', 1);
    await app.approve(CLIENT, 'prod1', 1);
    await app.reaches('prod1', 1, 'succeeded');

    await app.releaseFiles('production only', files('prod1', calling('v2') + FIREWALL));
    for (const name of ['dev1', 'stage1'])
      expect(await app.reaches(name, 2, 'succeeded')).toMatchObject({ changes: 'none' });
    expect(await cloud.expect(200, 'GET', `${app.path}/releases/2`)).toMatchObject({
      environments: [
        { environment: 'dev1', state: 'passed' },
        { environment: 'stage1', state: 'passed' },
      ],
    });

    const { id } = await app.promote('prod1', 2);
    const blocked = await app.reaches('prod1', 2, 'blocked');
    expect(blocked).toMatchObject({ id, gates: [], error: { reason: 'not-proven-before' } });
    expect(blocked.error?.message).toMatch(/^module\.web is web-v2 .*stage1 has run /);
    const { proof } = ProofSchema.parse(
      await cloud.expect(200, 'GET', `${app.path}/environments/prod1/deployments/${id}`),
    );
    expect(proof).toMatchObject({ previous: 'stage1', unproven: [{ call: 'module.web' }], lifts: [] });
    const [{ subject: identity } = { subject: '' }] = proof.unproven;
    // A lift of protection is none of proof.
    const reason = 'the client has seen it on a call';
    const environment = `${app.path}/environments/prod1`;
    await cloud.expect(201, 'POST', `${environment}/protection-lifts`, { address: 'module.web', reason });
    await cloud.expect(201, 'POST', `${environment}/proof-lifts`, { call: 'module.web', identity, reason });

    const again = await app.promote('prod1', 2);
    const waiting = await app.waits('prod1', 2, 'staff');
    expect(waiting.id).toBe(again.id);
    const shown = ProofSchema.parse(await cloud.expect(200, 'GET', `${environment}/deployments/${again.id}`));
    expect(shown).toMatchObject({ proof: { lifts: [identity] }, rehearsal: { rehearsed: 0, of: 2 } });
    const link = await app.link(STAFF, 'prod1', 2);
    const { body } = await cloud.mail(({ links }) => links.includes(link));
    expect(body).toContain('0 of 2 changes were rehearsed in stage1');
    expect(body).toContain(`Why it was lifted: ${reason}`);
    const page = await (await fetch(link)).text();
    expect(page).toContain(reason);
    expect(page).toMatch(/only in prod1: <code>(?:<bdi>)?terraform_data\.firewall/i);
    await app.approve(STAFF, 'prod1', 2);
    await app.approve(CLIENT, 'prod1', 2);
    await app.reaches('prod1', 2, 'succeeded');

    const { items } = z
      .object({ items: z.array(z.looseObject({ type: z.string() })) })
      .parse(await cloud.expect(200, 'GET', `${app.path}/audit?limit=100`));
    expect(items).toContainEqual(
      expect.objectContaining({
        type: 'proof-lifted',
        comment: reason,
        details: expect.objectContaining({ identity }),
      }),
    );
    expect(items).toContainEqual(
      expect.objectContaining({
        type: 'plan-consumed',
        deploymentId: again.id,
        details: expect.objectContaining({ proofLiftsUsed: [identity] }),
      }),
    );
    expect(await cloud.expect(200, 'GET', environment)).toMatchObject({ proofLifts: [] });
  });
});
