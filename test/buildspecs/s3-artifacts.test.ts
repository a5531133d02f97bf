import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import { ObjectExistsError } from '../../buildspecs/program/artifacts/artifacts.ts';
import { s3Artifacts } from '../../buildspecs/program/artifacts/s3-artifacts.ts';
import { OPERATOR_CREDENTIALS } from '../../local/door/door.ts';
import { type OpenS3, openS3 } from '../local/s3/open-s3.ts';

const BUCKET = 'artifacts';
const before = { ...process.env };
let s3: OpenS3;

beforeAll(async () => {
  s3 = await openS3();
  await s3.createBucket(BUCKET, { VersioningConfiguration: { Status: 'Enabled' } });
  Object.assign(process.env, {
    AWS_ENDPOINT_URL_S3: s3.url,
    AWS_REGION: 'eu-west-1',
    AWS_ACCESS_KEY_ID: OPERATOR_CREDENTIALS.accessKeyId,
    AWS_SECRET_ACCESS_KEY: OPERATOR_CREDENTIALS.secretAccessKey,
  });
});
afterEach(() => s3.door.faults.clear());
afterAll(async () => {
  process.env = before;
  await s3.close();
});

const open = (run: string) => s3Artifacts(BUCKET, `runs/${run}/`, { retries: 2, minTimeout: 1, maxTimeout: 1 });
const underWay = (times: number) =>
  s3.door.faults.add({
    service: 's3',
    operation: 'PutObject',
    times,
    error: { code: 'ConditionalRequestConflict', status: 409 },
  });
const textOf = async (run: string) => (await open(run).get({ key: `runs/${run}/plan/result.json` }, 100)).toString();

describe('an object of a run', () => {
  test('is written once', async () => {
    const { versionId } = await open('once').put('planResult', 'first');
    await expect(open('once').put('planResult', 'other')).rejects.toThrow(ObjectExistsError);
    expect(await open('once').put('planResult', 'first')).toMatchObject({ versionId });
    expect(await textOf('once')).toBe('first');
  });

  test('is found where it was written and the answer was lost', async () => {
    s3.door.faults.add({
      service: 's3',
      operation: 'PutObject',
      times: 1,
      when: 'after',
      error: { code: 'InternalError', status: 500 },
    });
    await open('lost').put('planResult', 'first');
    expect(await textOf('lost')).toBe('first');
  });

  test('is written where another write of it was under way, and came to nothing', async () => {
    underWay(2);
    await open('conflict').put('planResult', 'first');
    expect(await textOf('conflict')).toBe('first');
  });

  test('is not written over where the other write came first', async () => {
    await open('second').put('planResult', 'theirs');
    underWay(2);
    await expect(open('second').put('planResult', 'ours')).rejects.toThrow(ObjectExistsError);
    expect(await textOf('second')).toBe('theirs');
  });

  test('counts as taken where the other write does not end, also while nothing is there yet', async () => {
    underWay(3);
    await expect(open('endless').put('planResult', 'ours')).rejects.toMatchObject({
      name: 'ObjectExistsError',
      message: 'ConditionalRequestConflict',
    });
  });

  test('is read again after the connection ended in the middle of it', async () => {
    await open('cut').put('planResult', 'first');
    s3.door.faults.add({ service: 's3', operation: 'GetObject', times: 2, isCut: true, when: 'after' });
    expect(await textOf('cut')).toBe('first');
  });

  test('cannot be read where the connection always ends in the middle of it', async () => {
    await open('cut-off').put('planResult', 'first');
    s3.door.faults.add({ service: 's3', operation: 'GetObject', times: 50, isCut: true, when: 'after' });
    await expect(textOf('cut-off')).rejects.toMatchObject({ name: 'ArtifactStoreError' });
  });
});
