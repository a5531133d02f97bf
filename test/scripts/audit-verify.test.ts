import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  DeleteItemCommand,
  type DynamoDBClient,
  GetItemCommand,
  PutItemCommand,
  UpdateItemCommand,
} from '@aws-sdk/client-dynamodb';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { signedHeaders } from '../../cli/connection/signed-headers.ts';
import { DynamoStore } from '../../lambdas/adapters/dynamo-store.ts';
import { type AuditEntry, appendTo } from '../../lambdas/domain/model/audit.ts';
import { readSignature, verifySignature } from '../../local/door/signature.ts';
import { verifyAudit } from '../../scripts/verify-audit.ts';
import { APPLICATION } from '../api/pipeline-world.ts';
import { TestApi } from '../api/test-api.ts';
import { createTable, dynamoAccess, dynamoClient, startDynamoDbLocal } from '../harness/dynamodb-local.ts';
import type { ServerProcess } from '../harness/server-process.ts';
import { runHere, start } from './commands.ts';

const CHANGES = 6;

/** `npm run audit:verify` against the API's own functions on a real table, which somebody tampers with. */
describe('npm run audit:verify', () => {
  let database: ServerProcess;
  let client: DynamoDBClient;
  let table: string;
  let api: TestApi;
  let server: Server;
  let url: string;
  let folder: string;

  beforeAll(async () => {
    database = await startDynamoDbLocal();
    client = dynamoClient(database.endpoint);
    folder = mkdtempSync(join(tmpdir(), 'stagegate-audit-'));
    server = createServer((request, response) => {
      const { pathname, searchParams } = new URL(request.url ?? '', 'http://127.0.0.1');
      const caller = String(request.headers['x-local-principal']);
      api
        .call(request.method ?? '', pathname, { query: Object.fromEntries(searchParams), caller })
        .then(({ status, text }) => response.writeHead(status).end(text))
        .catch((error: unknown) => response.writeHead(502).end(String(error)));
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const address = server.address();
    url = `http://127.0.0.1:${typeof address === 'object' ? address?.port : ''}`;
  });
  afterAll(async () => {
    server.close();
    rmSync(folder, { recursive: true });
    await database.stop();
  });
  beforeEach(async () => {
    table = `records-${randomUUID()}`;
    await createTable(client, table);
    api = new TestApi(new DynamoStore(table, dynamoAccess(database.endpoint)));
    for (let number = 1; number <= CHANGES; number++)
      await api.put('/applications/my-app', { ...APPLICATION, client: `client ${number}` });
  });

  const run = (...args: string[]) => runHere(verifyAudit, folder, args);
  const verify = (...more: string[]) => run('--url', url, '--application', 'my-app', ...more);

  const keyOf = (sequence: number) => ({
    pk: { S: 'AUDIT#my-app' },
    sk: { S: `ENTRY#${String(sequence).padStart(10, '0')}` },
  });
  const headKey = { pk: { S: 'AUDIT#my-app' }, sk: { S: 'HEAD' } };
  async function entry(sequence: number): Promise<AuditEntry> {
    const { Item } = await client.send(new GetItemCommand({ TableName: table, Key: keyOf(sequence) }));
    return JSON.parse(Item?.data?.S ?? '');
  }
  /** A hand in the console, which no condition and no version stops. */
  const overwrite = (key: typeof headKey, data: unknown) =>
    client.send(
      new UpdateItemCommand({
        TableName: table,
        Key: key,
        UpdateExpression: 'SET #data = :data',
        ExpressionAttributeNames: { '#data': 'data' },
        ExpressionAttributeValues: { ':data': { S: typeof data === 'string' ? data : JSON.stringify(data) } },
      }),
    );
  const remove = (key: typeof headKey) => client.send(new DeleteItemCommand({ TableName: table, Key: key }));

  test('proves a chain and says where it ends', async () => {
    const { status, stdout, stderr } = await verify();
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    expect(stdout).toContain(`audit of "my-app": ${CHANGES} entries, every link holds`);
    expect(stdout).toContain(`${CHANGES}:${(await entry(CHANGES)).hash}`);
  });

  test('is a command that says the same, and ends with the exit code', async () => {
    const args = ['--url', url, '--application', 'my-app'];
    const started = await start('audit-verify.ts', folder, [...args, '--save', 'by-command.jsonl']);
    expect(started).toEqual(await verify());
    expect(started).toMatchObject({ status: 0, stderr: '' });
    expect(readFileSync(join(folder, 'by-command.jsonl'), 'utf8').trim().split('\n')).toHaveLength(CHANGES);
    await remove(keyOf(2));
    expect(await start('audit-verify.ts', folder, args)).toEqual({ ...(await verify()), status: 1 });
    expect(await start('audit-verify.ts', folder, [])).toEqual({ ...(await run()), status: 2 });
  });

  test('goes through more pages than one', async () => {
    for (let number = 0; number < 120; number++)
      await api.put('/applications/my-app', { ...APPLICATION, client: `more ${number}` });
    expect((await verify()).stdout).toContain('126 entries');
  });

  describe('names the first broken link after somebody', () => {
    const cases: [string, number, string, () => Promise<unknown>][] = [
      [
        'changed a word',
        3,
        'its content has the hash',
        async () => overwrite(keyOf(3), { ...(await entry(3)), by: 'nobody' }),
      ],
      [
        'changed a word and the hash',
        4,
        'it follows an entry',
        async () => {
          const [second, third] = [await entry(2), await entry(3)];
          const { sequence: _, at, previous: __, hash: ___, ...facts } = third;
          const head = { application: 'my-app', sequence: 2, hash: second.hash };
          return overwrite(keyOf(3), appendTo(head, { ...facts, by: 'nobody' }, at));
        },
      ],
      ['deleted an entry', 2, 'entry 3 stands in its place', () => remove(keyOf(2))],
      [
        'deleted the last entries',
        5,
        'it is missing, the end the record says is entry 6',
        async () => {
          await remove(keyOf(5));
          await remove(keyOf(6));
        },
      ],
      [
        'put one entry in the place of another',
        5,
        'entry 2 stands in its place',
        async () => overwrite(keyOf(5), await entry(2)),
      ],
      [
        'put in one that was never made',
        7,
        'it says',
        async () => {
          const forged = { ...(await entry(6)), sequence: 7, previous: (await entry(6)).hash };
          const Item = { ...keyOf(7), version: { N: '1' }, data: { S: JSON.stringify(forged) } };
          return client.send(new PutItemCommand({ TableName: table, Item }));
        },
      ],
      [
        'changed the end that the record says',
        6,
        'the end the record says',
        () => overwrite(headKey, { application: 'my-app', sequence: 6, hash: '0'.repeat(64) }),
      ],
      ['left something that is no entry', 4, 'the API cannot read it', () => overwrite(keyOf(4), { by: 'nobody' })],
      ['left something that is no JSON', 1, 'the API cannot read it', () => overwrite(keyOf(1), 'scribble')],
    ];
    test.each(cases)('%s', async (_, at, why, tamper) => {
      await tamper();
      const { status, stderr, stdout } = await verify();
      expect({ status, stdout }).toEqual({ status: 1, stdout: '' });
      expect(stderr).toContain(`audit of "my-app" is broken at entry ${at}: `);
      expect(stderr).toContain(why);
    });
  });

  test('finds by an end noted earlier that all was written again', async () => {
    const noted = `4:${(await entry(4)).hash}`;
    expect((await verify('--known', noted)).status).toBe(0);
    let head = { application: 'my-app', sequence: 0, hash: '0'.repeat(64) };
    for (let number = 1; number <= CHANGES; number++) {
      const { sequence: _, at, previous: __, hash: ___, ...facts } = await entry(number);
      const forged = appendTo(head, { ...facts, by: 'nobody' }, at);
      await overwrite(keyOf(number), forged);
      head = { application: 'my-app', sequence: number, hash: forged.hash };
    }
    await overwrite(headKey, head);
    expect((await verify()).status).toBe(0);
    const { status, stderr } = await verify('--known', noted);
    expect(status).toBe(1);
    expect(stderr).toContain('is broken at entry 4: it has the hash');
  });

  test('finds by an end noted earlier that the newest were cut off with the record of the end', async () => {
    const noted = `6:${(await entry(6)).hash}`;
    const { hash } = await entry(4);
    await remove(keyOf(5));
    await remove(keyOf(6));
    await overwrite(headKey, { application: 'my-app', sequence: 4, hash });
    expect((await verify()).status).toBe(0);
    const { stderr } = await verify('--known', noted);
    expect(stderr).toContain('is broken at entry 5: it is missing, the end you noted is entry 6');
  });

  test('says where it cannot save, as something else than a broken audit', async () => {
    writeFileSync(join(folder, 'empty.jsonl'), '');
    for (const from of [
      ['--url', url, '--application', 'my-app'],
      ['--file', 'empty.jsonl'],
    ]) {
      const { status, stderr } = await run(...from, '--save', 'not/there.jsonl');
      expect([status, stderr]).toEqual([2, expect.stringMatching(/^audit:verify: .*ENOENT.*there\.jsonl/)]);
    }
  });

  test('saves what it proved, and proves what was saved, without the API', async () => {
    expect((await verify('--save', 'audit.jsonl')).status).toBe(0);
    const saved = readFileSync(join(folder, 'audit.jsonl'), 'utf8');
    expect(saved.trim().split('\n')).toHaveLength(CHANGES);
    expect(await run('--file', 'audit.jsonl')).toMatchObject({
      status: 0,
      stdout: expect.stringContaining('6 entries, every link holds'),
    });
    writeFileSync(join(folder, 'spoiled.jsonl'), saved.replace('client 3', 'client X'));
    expect((await run('--file', 'spoiled.jsonl')).stderr).toContain('broken at entry 3');
    writeFileSync(join(folder, 'cut.jsonl'), saved.slice(0, saved.length - 40));
    expect((await run('--file', 'cut.jsonl')).stderr).toContain('broken at entry 6: it is no entry of an audit');
  });

  test.each([
    ['nothing', [], 'give --url or --file'],
    ['both', ['--url', 'http://127.0.0.1', '--file', 'x'], 'give --url or --file'],
    ['no application', ['--url', 'http://127.0.0.1'], 'give --application'],
    ['an address that is none', ['--url', 'x', '--application', 'my-app'], 'url'],
    ['an end that is none', ['--file', 'x', '--known', '12'], 'known as in 12:<64 hexadecimal digits>'],
    ['an option nobody knows', ['--fix'], '--fix'],
    ['a file that is not there', ['--file', 'nowhere.jsonl'], 'nowhere.jsonl'],
  ])('fails for %s, saying why', async (_, args, why) => {
    const { status, stderr, stdout } = await run(...args);
    expect({ status, stdout }).toEqual({ status: 2, stdout: '' });
    expect(stderr).toContain(why);
  });

  test('fails where the API has no such application, and where nobody answers', async () => {
    expect(await run('--url', url, '--application', 'nothing')).toMatchObject({
      status: 2,
      stderr: expect.stringContaining('answered 404'),
    });
  });

  test('says in one line that no server answers', async () => {
    const { port } = await closedPort();
    for (const host of ['127.0.0.1', 'localhost']) {
      const url = `http://${host}:${port}`;
      const { status, stdout, stderr } = await run('--url', url, '--application', 'my-app');
      expect({ status, stdout }).toEqual({ status: 2, stdout: '' });
      expect(stderr).toMatch(
        /^audit:verify: GET http:\/\/[a-z0-9.]+:\d+\/applications\/my-app\/audit\?limit=1: no server answers there \(.*ECONNREFUSED.*\)\n$/,
      );
    }
  });

  test('tells how it is used', async () => {
    expect(await run('--help')).toMatchObject({ status: 0, stdout: expect.stringContaining('usage: '), stderr: '' });
    const wrong = await run('--bogus');
    expect(wrong).toMatchObject({ status: 2, stdout: '' });
    expect(wrong.stderr).toMatch(/^audit:verify: Unknown option '--bogus'/);
  });
});

/** Returns a port on which nothing listens. */
async function closedPort(): Promise<{ port: number }> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  await once(server, 'close');
  return { port: typeof address === 'object' && address ? address.port : 0 };
}

test('requests to AWS are signed for API Gateway, in the region their address names', async () => {
  const keys = { AWS_ACCESS_KEY_ID: 'AKIDEXAMPLE', AWS_SECRET_ACCESS_KEY: 'secret' };
  Object.assign(process.env, keys);
  const address = new URL(
    'https://abc123.execute-api.eu-west-1.amazonaws.com/applications/my-app/audit?limit=100&cursor=a-b_c',
  );
  const headers = await signedHeaders(address, undefined);
  for (const name of Object.keys(keys)) delete process.env[name];
  const request = {
    method: 'GET',
    path: address.pathname,
    query: address.searchParams,
    body: Buffer.alloc(0),
    headers: { ...headers, host: address.host },
  };
  const scope = readSignature(request);
  expect(scope).toMatchObject({ accessKeyId: 'AKIDEXAMPLE', region: 'eu-west-1', service: 'execute-api' });
  if (!scope) throw new Error('it is not signed');
  expect(() => verifySignature(request, scope, 'secret', new Date())).not.toThrow();
  expect(() => verifySignature(request, scope, 'another', new Date())).toThrow(/signature/);
});

test('the signature of a POST covers its body', async () => {
  const keys = { AWS_ACCESS_KEY_ID: 'AKIDEXAMPLE', AWS_SECRET_ACCESS_KEY: 'secret' };
  Object.assign(process.env, keys);
  const address = new URL('https://abc123.execute-api.eu-west-1.amazonaws.com/applications/my-app/promotions');
  const body = '{"to":"prod1"}';
  const headers = await signedHeaders(address, undefined, { method: 'POST', body });
  for (const name of Object.keys(keys)) delete process.env[name];
  const signed = (text: string) => ({
    ...{ method: 'POST', path: address.pathname, query: address.searchParams, body: Buffer.from(text) },
    headers: { ...headers, host: address.host },
  });
  expect(headers['content-type']).toBe('application/json');
  const scope = readSignature(signed(body));
  if (!scope) throw new Error('it is not signed');
  expect(() => verifySignature(signed(body), scope, 'secret', new Date())).not.toThrow();
  expect(() => verifySignature(signed('{"to":"prod2"}'), scope, 'secret', new Date())).toThrow();
});
