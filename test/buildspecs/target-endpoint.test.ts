import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type BuildCloud, openBuildCloud, stateBucket } from '../local/codebuild/open-build-cloud.ts';
import { apply, environmentOf, plan, plannedOf } from './build-runs.ts';

/**
 * Tests `npm start -- --target-endpoint URL` with a stand-in for an AWS emulator. In place of an AWS provider, which
 * cannot be had offline, a program of the configuration finds its endpoint in the environment, as providers and SDKs
 * do.
 */
let cloud: BuildCloud;
let emulator: Server;
const requests: { method: string | undefined; path: string | undefined; body: string }[] = [];

beforeAll(async () => {
  emulator = createServer(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk);
    requests.push({ method: request.method, path: request.url, body: Buffer.concat(chunks).toString('utf8') });
    response.end('made');
  });
  await new Promise<void>((resolve) => emulator.listen(0, '127.0.0.1', resolve));
  const { port } = emulator.address() as AddressInfo;
  cloud = await openBuildCloud({ targetEndpoint: `http://127.0.0.1:${port}` });
});
afterAll(async () => {
  await cloud.close();
  emulator.close();
});

const provider = `
const [, , method, path] = process.argv;
const endpoint = path.startsWith('/bucket') ? process.env.TF_AWS_S3_ENDPOINT : process.env.AWS_ENDPOINT_URL;
const response = await fetch(endpoint + path, { method, body: method === 'DELETE' ? undefined : 'as configured' });
if (!response.ok) throw new Error(String(response.status));
`;
const run = (method: string, path: string) =>
  `"'${process.execPath}' '\${path.module}/provider.mjs' ${method} ${path}"`;
const configuration = `
resource "terraform_data" "queue" {
  provisioner "local-exec" {
    command = ${run('PUT', '/queues/jobs')}
  }
  provisioner "local-exec" {
    command = ${run('PUT', '/bucket')}
  }
  provisioner "local-exec" {
    when    = destroy
    command = ${run('DELETE', '/queues/jobs')}
  }
}
`;

describe('a configuration whose provider talks to the target endpoint', () => {
  const environment = environmentOf('dev1');
  let commit: string;

  it('makes its resources there, and keeps its state in the local cloud', async () => {
    cloud.addEnvironment(environment);
    const directory = 'apps/shop/dev1';
    commit = cloud.repository.commit({
      [`${directory}/main.tf`]: configuration,
      [`${directory}/provider.mjs`]: provider,
    });
    const planned = await plan(cloud, environment, commit);
    plannedOf(planned);
    expect(requests).toEqual([]);
    expect((await apply(cloud, environment, planned)).result).toMatchObject({ ok: true, applied: 'yes' });
    expect(requests).toEqual([
      { method: 'PUT', path: '/queues/jobs', body: 'as configured' },
      { method: 'PUT', path: '/bucket', body: 'as configured' },
    ]);
    expect(await cloud.readJson(stateBucket, 'apps/shop/dev1/terraform.tfstate')).toMatchObject({
      resources: [{ name: 'queue' }],
    });
  });

  it('destroys them there', async () => {
    const destroying = await plan(cloud, environment, commit, { STAGEGATE_OPERATION: 'destroy' });
    expect((await apply(cloud, environment, destroying)).result).toMatchObject({ ok: true, resourcesLeft: 0 });
    expect(requests.at(-1)).toEqual({ method: 'DELETE', path: '/queues/jobs', body: '' });
    expect(await cloud.readJson(stateBucket, 'apps/shop/dev1/terraform.tfstate')).toMatchObject({ resources: [] });
  });
});
