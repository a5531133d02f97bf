import { execFile } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import type { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { DynamoStore } from '../../lambdas/adapters/dynamo-store.ts';
import type { KeyOf, Kind, RecordOf } from '../../lambdas/domain/model/table/records.ts';
import { anApplication, anEnvironment } from '../harness/builders.ts';
import { createTable, dynamoAccess, dynamoClient, startDynamoDbLocal } from '../harness/dynamodb-local.ts';
import type { ServerProcess } from '../harness/server-process.ts';

/** Of the person who types the command; that of the environment is another one. */
const REGION = 'eu-central-1';
const root = join(import.meta.dirname, '..', '..');

/** `npm run target-account` on a real table. */
describe('npm run target-account', () => {
  let database: ServerProcess;
  let client: DynamoDBClient;
  let table: string;
  let store: DynamoStore;

  beforeAll(async () => {
    database = await startDynamoDbLocal();
    client = dynamoClient(database.endpoint, REGION);
  });
  afterAll(() => database.stop());
  beforeEach(async () => {
    table = `records-${randomUUID()}`;
    await createTable(client, table);
    store = new DynamoStore(table, dynamoAccess(database.endpoint, REGION));
    await write('application', anApplication());
    for (const name of ['dev1', 'stage1']) await write('environment', anEnvironment({ name }));
  });

  const write = <K extends Kind>(kind: K, value: RecordOf<K>) =>
    store.transact(async (transaction) => {
      await transaction.get(kind, value as unknown as KeyOf<K>);
      transaction.put(kind, value);
    });
  const externalIdOf = async (name: string) =>
    (await store.get('environment', { application: 'my-app', name }))?.externalId;

  function run(...more: string[]): Promise<{ status: number; stdout: string; stderr: string }> {
    const args = ['--table', table, '--control-account', '999999999999', '--application', 'my-app', ...more];
    const env = {
      PATH: process.env.PATH,
      AWS_REGION: REGION,
      AWS_ENDPOINT_URL_DYNAMODB: database.endpoint,
      AWS_ACCESS_KEY_ID: dynamoAccess(database.endpoint).credentials.accessKeyId,
      AWS_SECRET_ACCESS_KEY: 'local',
    };
    return new Promise((resolve) => {
      execFile(
        process.execPath,
        [join(root, 'scripts', 'target-account.ts'), ...args],
        { env },
        (error, stdout, stderr) => resolve({ status: error ? Number(error.code) : 0, stdout, stderr }),
      );
    });
  }

  test('prints the commands that prepare the account of an environment', async () => {
    const { status, stdout } = await run('--environment', 'dev1');
    expect(status).toBe(0);
    expect(stdout).toContain('stack-name stagegate-my-app-dev1');
    expect(stdout).toContain(`ExternalId=${await externalIdOf('dev1')}`);
    expect(stdout).toContain('StateKey=apps/my-app/dev1/terraform.tfstate');
    expect(stdout).toContain('CredentialsRoleArn=arn:aws:iam::999999999999:role/stagegate-credentials ');
    const role = 'arn:aws:iam::999999999999:role/stagegate';
    expect(stdout).toContain(`StateReaderRoleArns=${role}-check-plan,${role}-analyze-plan,${role}-record-ending `);
    const comments = stdout.split('\n').filter((line) => line.startsWith('#'));
    expect(comments.at(-1)).toMatch(/PlanReadsParameters=arn:aws:ssm:\S+:\d{12}:parameter\/my-app\/\*$/);
  });

  test('names the lock table of the environment', async () => {
    await write('environment', anEnvironment({ name: 'stage1', lockTable: 'acme-locks' }));
    const { stdout } = await run('--environment', 'stage1');
    expect(stdout).toContain('    LockTable=acme-locks');
    expect((await run('--environment', 'dev1')).stdout).not.toContain('LockTable');
  });

  test('names the address that the environment has claimed, wherever that is', async () => {
    const where = { application: 'my-app', environment: 'dev1' };
    await write('stateAddress', { ...where, address: 'elsewhere/a/b.tfstate', former: [] });
    const { stdout } = await run('--environment', 'dev1');
    expect(stdout).toContain('StateBucket=elsewhere ');
    expect(stdout).toContain('StateKey=a/b.tfstate');
  });

  test('prepares a name for ephemeral environments, whose external id stays the same', async () => {
    const [first, second] = [
      await run('--environment', 'pr-1', '--based-on', 'stage1'),
      await run('--environment', 'pr-1', '--based-on', 'stage1'),
    ];
    expect(first).toMatchObject({ status: 0, stdout: second.stdout });
    expect(first.stdout).toContain('StateKey=ephemeral/my-app/pr-1/terraform.tfstate');
    const kept = await store.get('externalId', { application: 'my-app', environment: 'pr-1' });
    expect(first.stdout).toContain(`ExternalId=${kept?.externalId} `);
    expect(kept?.externalId).not.toBe(await externalIdOf('stage1'));
  });

  test('tells how it is used', async () => {
    const { status, stdout, stderr } = await run('--help');
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    expect(stdout).toMatch(/^usage: npm run target-account -- --table NAME/);
  });

  test.each([
    [['--bogus'], "Unknown option '--bogus'"],
    [[], 'environment is missing'],
    [['--environment', 'dev1', '--control-account', '12'], 'control-account is not an account id of 12 digits'],
    [['--environment', 'dev1', '--installation', 'My-Own'], 'installation '],
  ])('refuses the arguments %j in one line, with its usage', async (args, message) => {
    const { status, stdout, stderr } = await run(...args);
    expect({ status, stdout }).toEqual({ status: 2, stdout: '' });
    const [line, usage] = stderr.split('\n');
    expect(line).toContain(`target-account: ${message}`);
    expect(usage).toMatch(/^usage: /);
  });

  test('says in one line that the table cannot be read', async () => {
    const { status, stdout, stderr } = await run('--environment', 'dev1', '--table', 'no-such-table');
    expect({ status, stdout }).toEqual({ status: 1, stdout: '' });
    expect(stderr).toMatch(/^target-account: [^\n]+\n$/);
  });

  test.each([
    ['an environment that is not there', ['--environment', 'dev9'], 'my-app/dev9'],
    ['a base that is not there', ['--environment', 'pr-1', '--based-on', 'dev9'], 'my-app/dev9'],
    ['the name of a regular environment', ['--environment', 'dev1', '--based-on', 'stage1'], 'regular environment'],
    ['no name of an environment', ['--environment', 'PR_1', '--based-on', 'stage1'], 'PR_1'],
  ])('refuses %s', async (_, args, message) => {
    const { status, stdout, stderr } = await run(...args);
    expect({ status, stdout }).toEqual({ status: 1, stdout: '' });
    expect(stderr).toContain(message);
    expect(await store.get('externalId', { application: 'my-app', environment: 'pr-1' })).toBeUndefined();
  });
});
