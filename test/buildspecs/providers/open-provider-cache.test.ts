import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { createServer, type RequestListener, type Server } from 'node:http';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { afterEach, describe, expect, jest, test } from '@jest/globals';
import { openProviderCache } from '../../../buildspecs/program/providers/open-provider-cache.ts';
import { temporaryDirectory } from '../../local/temporary-directory.ts';
import { fakePackage } from './packages.ts';

const { env } = process;
let server: Server;
afterEach(() => {
  process.env = env;
  server.closeAllConnections();
  server.close();
});

/** Milliseconds after which a silent bucket is given up: a short time where this is tested, a long time elsewhere. */
const IMPATIENT_MS = 500;
const PATIENT_MS = 600_000;
/** Size in bytes. */
const LARGER_THAN_WHAT_IS_ON_ITS_WAY = 1_000_000;

/** Opens the cache with a bucket that answers in this way. */
async function cacheOf(answer: RequestListener, socketTimeout = PATIENT_MS) {
  server = createServer(answer).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (typeof address !== 'object' || address === null) throw new Error('the server has no port');
  process.env = {
    ...env,
    AWS_ENDPOINT_URL_S3: `http://127.0.0.1:${address.port}`,
    AWS_REGION: 'eu-west-1',
    AWS_ACCESS_KEY_ID: 'local',
    AWS_SECRET_ACCESS_KEY: 'local',
  };
  return openProviderCache('artifacts', { connectionTimeout: PATIENT_MS, socketTimeout });
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
  const cache = await cacheOf(() => undefined, IMPATIENT_MS);
  await expect(cache.read('linux_arm64', sha256)).rejects.toMatchObject({ name: 'TimeoutError' });
});

test('a bucket that stops in the middle of a package is given up', async () => {
  // If this process is delayed before the answer begins, the SDK asks again, up to two times.
  const cache = await cacheOf(
    (_, response) => response.writeHead(200, { 'content-length': '1000' }).write('x'),
    IMPATIENT_MS,
  );
  const body = await cache.read('linux_arm64', sha256);
  await expect(body && text(body)).rejects.toMatchObject({ name: 'TimeoutError' });
});

describe('a package is stored', () => {
  const { zip, sha256 } = fakePackage('1.0.0', 'to store');
  const file = join(temporaryDirectory(), 'package.zip');
  writeFileSync(file, zip);
  const downloaded = { file, sha256, bytes: zip.length };

  test('once, under the key of platform and hash, with the hash that the bucket is to find', async () => {
    const requests: unknown[] = [];
    const cache = await cacheOf(async (request, response) => {
      const { method, url, headers } = request;
      const body = await text(request);
      requests.push([method, url, headers['if-none-match'], headers['x-amz-checksum-sha256'], body]);
      response.end();
    });
    expect(await cache.store('linux_arm64', downloaded)).toBe('stored');
    const checksum = Buffer.from(sha256, 'hex').toString('base64');
    expect(requests).toEqual([
      ['PUT', `/artifacts/providers/linux_arm64/${sha256}.zip?x-id=PutObject`, '*', checksum, zip.toString()],
    ]);
  });

  test('also where it is there already', async () => {
    const cache = await cacheOf((_, response) => response.writeHead(412).end(errorOf('PreconditionFailed')));
    expect(await cache.store('linux_arm64', downloaded)).toBe('there already');
  });

  test('and the connection is ended where the bucket answers before it has the whole package', async () => {
    const large = join(temporaryDirectory(), 'large.zip');
    writeFileSync(large, Buffer.alloc(LARGER_THAN_WHAT_IS_ON_ITS_WAY));
    const ended = Promise.withResolvers<void>();
    const cache = await cacheOf(({ socket }, response) => {
      socket.once('close', ended.resolve);
      response.end();
    });
    server.keepAliveTimeout = 0;
    const bytes = LARGER_THAN_WHAT_IS_ON_ITS_WAY;
    expect(await cache.store('linux_arm64', { ...downloaded, file: large, bytes })).toBe('stored');
    await ended.promise;
  });

  test.each([
    [403, 'AccessDenied'],
    [400, 'BadDigest'],
    [503, 'SlowDown'],
  ])('or not: %d %s', async (status, name) => {
    const warned = jest.spyOn(console, 'warn');
    const cache = await cacheOf((_, response) => response.writeHead(status).end(errorOf(name)));
    await expect(cache.store('linux_arm64', downloaded)).rejects.toMatchObject({ name });
    expect(warned).not.toHaveBeenCalled();
  });

  test('or not: a bucket that never answers is given up', async () => {
    const cache = await cacheOf(() => undefined, IMPATIENT_MS);
    await expect(cache.store('linux_arm64', downloaded)).rejects.toMatchObject({ name: 'TimeoutError' });
  });

  test('or not: the build was stopped', async () => {
    const cache = await cacheOf(() => stopping.abort());
    const stopping = new AbortController();
    await expect(cache.store('linux_arm64', downloaded, stopping.signal)).rejects.toMatchObject({ name: 'AbortError' });
  });

  test.each([
    ['is gone', join(file, 'gone'), 'ENOTDIR'],
    ['cannot be read', import.meta.dirname, 'EISDIR'],
  ])('or not: the download %s', async (_, unreadable, code) => {
    const cache = await cacheOf((request, response) => request.resume().on('end', () => response.end()));
    const storing = cache.store('linux_arm64', { ...downloaded, file: unreadable });
    await expect(storing).rejects.toThrow(code);
  });
});

const errorOf = (code: string) => `<Error><Code>${code}</Code><Message>no</Message></Error>`;
