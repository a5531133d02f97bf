import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { DynamoConnection } from '../../lambdas/adapters/dynamo-connection.ts';

describe('DynamoDB is reached', () => {
  let before: NodeJS.ProcessEnv;
  beforeEach(() => {
    before = { ...process.env };
    Object.assign(process.env, { AWS_CONFIG_FILE: '/dev/null', AWS_SHARED_CREDENTIALS_FILE: '/dev/null' });
    for (const name of ['AWS_ENDPOINT_URL', 'AWS_ENDPOINT_URL_DYNAMODB', 'AWS_REGION']) delete process.env[name];
  });
  afterEach(() => {
    for (const name of Object.keys(process.env)) if (!(name in before)) delete process.env[name];
    Object.assign(process.env, before);
  });

  test.each([
    ['eu-west-1', 'https://dynamodb.eu-west-1.amazonaws.com/'],
    ['us-gov-west-1', 'https://dynamodb.us-gov-west-1.amazonaws.com/'],
    ['cn-north-1', 'https://dynamodb.cn-north-1.amazonaws.com.cn/'],
  ])('in the region of the environment, %s, under the name of its partition', async (region, url) => {
    process.env.AWS_REGION = region;
    expect((await new DynamoConnection().url()).href).toBe(url);
  });

  test.each([
    ['one for all services', { AWS_ENDPOINT_URL: 'http://all.example/' }, 'http://all.example/'],
    [
      'its own before one for all',
      { AWS_ENDPOINT_URL: 'http://all.example/', AWS_ENDPOINT_URL_DYNAMODB: 'http://table.example:8000/' },
      'http://table.example:8000/',
    ],
  ])('at the endpoint that the environment names: %s', async (_, variables, url) => {
    Object.assign(process.env, { AWS_REGION: 'eu-west-1', ...variables });
    expect((await new DynamoConnection().url()).href).toBe(url);
  });

  test('where and as whom it was told, whatever the environment says', async () => {
    Object.assign(process.env, { AWS_REGION: 'eu-west-1', AWS_ENDPOINT_URL: 'http://all.example/' });
    const credentials = { accessKeyId: 'mine', secretAccessKey: 'secret' };
    const connection = new DynamoConnection({ endpoint: 'http://127.0.0.1:8000', region: 'eu-north-1', credentials });
    expect((await connection.url()).href).toBe('http://127.0.0.1:8000/');
    expect(await connection.region()).toBe('eu-north-1');
    expect(await connection.credentials()).toMatchObject(credentials);
  });

  test('nowhere without a region, which is asked for', async () => {
    await expect(new DynamoConnection().url()).rejects.toThrow('Region is missing');
  });
});
