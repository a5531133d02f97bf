import { once } from 'node:events';
import { createServer, type RequestListener, type Server } from 'node:http';
import { text } from 'node:stream/consumers';
import { afterEach, expect, test } from '@jest/globals';
import { openProviderCache } from '../../../buildspecs/program/providers/open-provider-cache.ts';

const { env } = process;
let server: Server;
afterEach(() => {
  process.env = env;
  server.closeAllConnections();
  server.close();
});

/** The cache, with a bucket that answers so. */
async function cacheOf(answer: RequestListener) {
  server = createServer(answer).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (typeof address !== 'object' || address === null) throw new Error('the server has no port');
  process.env = {
    ...env,
    ...{ AWS_ENDPOINT_URL_S3: `http://127.0.0.1:${address.port}`, AWS_REGION: 'eu-west-1' },
    ...{ AWS_ACCESS_KEY_ID: 'local', AWS_SECRET_ACCESS_KEY: 'local' },
  };
  return openProviderCache('artifacts', { connectionTimeout: 1000, socketTimeout: 200 });
}
const sha256 = 'a'.repeat(64);

test('the cache gives what the bucket has under the key of platform and hash', async () => {
  const cache = await cacheOf(({ url }, response) => response.end(url));
  const body = await cache.read('linux_arm64', sha256);
  expect(body && (await text(body))).toBe(`/artifacts/providers/linux_arm64/${sha256}.zip?x-id=GetObject`);
});

test.each([403, 404])('%d is a miss', async (status) => {
  const cache = await cacheOf((_, response) => response.writeHead(status).end());
  expect(await cache.read('linux_arm64', sha256)).toBeUndefined();
});

test('a bucket that never answers is given up', async () => {
  const cache = await cacheOf(() => undefined);
  await expect(cache.read('linux_arm64', sha256)).rejects.toMatchObject({ name: 'TimeoutError' });
});

test('a bucket that stops in the middle of a package is given up', async () => {
  const cache = await cacheOf((_, response) => response.writeHead(200, { 'content-length': '1000' }).write('x'));
  const body = await cache.read('linux_arm64', sha256);
  await expect(body && text(body)).rejects.toMatchObject({ name: 'TimeoutError' });
});
