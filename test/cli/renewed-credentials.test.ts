import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from '@jest/globals';
import { sender } from '../../cli/client/send.ts';

/** Somebody signs in while a command runs. */

const asked: string[] = [];
let accepted = 'AKIDONE';
const server = createServer((request, response) => {
  const [, key = 'none'] = /Credential=(\w+)/.exec(request.headers.authorization ?? '') ?? [];
  asked.push(key);
  response.writeHead(key === accepted ? 200 : 403).end('{}');
});
let url = '';
beforeAll(async () => {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  // The same machine by a name that is no local cloud's, so requests are signed.
  url = `http://[::ffff:127.0.0.1]:${typeof address === 'object' && address ? address.port : 0}/applications`;
});
afterAll(() => {
  server.closeAllConnections();
  server.close();
});

let directory: string;
const VARIABLES = ['AWS_SHARED_CREDENTIALS_FILE', 'AWS_CONFIG_FILE', 'AWS_EC2_METADATA_DISABLED'];
const before = VARIABLES.map((name) => [name, process.env[name]] as const);
const file = () => join(directory, 'credentials');
beforeEach(() => {
  asked.length = 0;
  directory = mkdtempSync(join(tmpdir(), 'stagegate-credentials-'));
  Object.assign(process.env, {
    ...{ AWS_SHARED_CREDENTIALS_FILE: file(), AWS_CONFIG_FILE: join(directory, 'config') },
    AWS_EC2_METADATA_DISABLED: 'true',
  });
});
afterEach(() => {
  rmSync(directory, { recursive: true, force: true });
  for (const [name, value] of before)
    if (value === undefined) delete process.env[name];
    else process.env[name] = value;
});

const save = (key: string) =>
  writeFileSync(file(), `[default]\naws_access_key_id = ${key}\naws_secret_access_key = secret\n`);

const connection = { url: 'unused', region: 'eu-west-1', principal: undefined, from: 'the test' };
const waiting = { attempts: 1, sleep: async () => {}, interrupted: new AbortController().signal };
const send = () => sender(connection, waiting)(new Request(url));

test('credentials that appear, and those that are renewed after they were refused, are found with the next request', async () => {
  await expect(send()).rejects.toMatchObject({ ending: 'denied' });
  save('AKIDONE');
  expect((await send()).status).toBe(200);
  accepted = 'AKIDTWO';
  save('AKIDTWO');
  expect((await send()).status).toBe(403);
  expect((await send()).status).toBe(200);
  expect(asked).toEqual(['AKIDONE', 'AKIDONE', 'AKIDTWO']);
});
